"""The catalogue's decisions: which rows of two versions of a set are the same track, and what changed between them.

No storage, no search: those are in `tlray.io.catalogue`.
"""
