"""From a request to a batch: the list in the body, the options, the permissions of the user.

No routes.
"""
