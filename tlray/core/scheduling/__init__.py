"""The coordinator's decisions: what is leased to which task, and what follows from a report.

No politeness rules of its own, and nothing about HTTP, users or files.
"""
