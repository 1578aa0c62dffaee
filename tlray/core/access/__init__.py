"""Who may use the service, how often, and for how long: tokens, limits, origins, cursors.

Nothing about batches or domains.
"""
