"""The routes of the HTTP API, a module for each subject.

No Ray, no SQL, and no rule that another way of submitting needs too.
"""
