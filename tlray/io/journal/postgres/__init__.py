"""The journal in a schema of a PostgreSQL database: the only package that imports ``psycopg``.

Connections, fencing, transactions and the schema; the statements are in `tlray.io.journal.sql`, and `translation` makes
PostgreSQL's of them. Each home has a schema of its own, ``tlray`` unless the URL says ``?schema=NAME``: so several homes share a
database, their statements and their rows stay those of a SQLite file, and ``DROP SCHEMA … CASCADE`` removes a home.
"""
