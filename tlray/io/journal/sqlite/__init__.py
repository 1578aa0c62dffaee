"""The journal in one SQLite file (WAL), ``state.db``: the only package that imports ``sqlite3``.

Connections, transactions, the schema and its migrations; the statements are in `tlray.io.journal.sql`.
"""
