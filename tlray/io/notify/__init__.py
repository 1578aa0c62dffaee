"""Delivery of one notification, by SMTP or webhook.

No decision about when to try again.
"""
