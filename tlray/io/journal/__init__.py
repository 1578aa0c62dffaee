"""The journal: the protocols `JournalReader` and `Journal`, their rows, and how a home's journal is opened.

No SQL and no database: each has a package of its own below (`sqlite`).
"""
