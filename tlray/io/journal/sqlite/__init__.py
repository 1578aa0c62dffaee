"""The journal in one SQLite file (WAL), ``state.db``: the only package that imports ``sqlite3``.

No decision about what a change should be.
"""
