"""The replica's side of the coordinator: calls, live progress, delivery of notifications.

No HTTP of our own API.
"""
