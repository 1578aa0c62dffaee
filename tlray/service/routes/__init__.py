"""The routes of the HTTP API, one module per subject.

No Ray, no SQL, and no rule that the CLI or a schedule needs, too.
"""
