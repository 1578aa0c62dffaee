"""The journal in SQLite: every statement that reads or changes ``state.db``.

No decision about what a change should be, and no other room has SQL but the audit.
"""
