"""Notifications of a batch: what they say, when they are tried again, how they are signed.

No delivery.
"""
