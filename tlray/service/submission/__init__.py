"""From a request to a batch: the list in its body, its options, what the user may ask for.

No routes.
"""
