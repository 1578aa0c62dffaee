"""Authentication, scopes, the listen address, and the limit of open streams.

No routes.
"""
