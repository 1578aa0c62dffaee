"""Lists of URLs read: encodings, lines, ``domains.toml``, the URLs of a scheduled run.

No writing to the journal.
"""
