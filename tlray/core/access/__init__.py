"""Access to the service: tokens, limits, origins, cursors.

Nothing about batches or domains.
"""
