"""The audit of a batch: journal, rows and files checked against each other.

No repair, and nothing written.
"""
