"""Tracklists → one format; a file per format. Pure: nothing here reads a clock, a disk or a network.

`formats.py` is the table of them, `interface.py` says what one is; ``io/export/files.py`` writes
them to disk.
"""
