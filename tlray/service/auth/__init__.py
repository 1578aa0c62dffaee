"""Who calls, what they may do, where the service may listen, how many streams they may hold.

No routes.
"""
