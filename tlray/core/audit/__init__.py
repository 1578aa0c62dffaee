"""Findings of an audit, and what each means.

No reading of files or of the journal.
"""
