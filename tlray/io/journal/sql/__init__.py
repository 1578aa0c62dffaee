"""The statements of a journal, which every SQL database of it shares.

They are SQLite's; ``tlray.io.journal.postgres`` translates the few words that differ. No connection and no error of a database:
each database has a package of its own beside this one.
"""
