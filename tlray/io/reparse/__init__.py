"""Archived pages, read again by today's parsers.

:mod:`reread` reads one page or file as it lies in the archive; :mod:`part` stages the part that replaces another.
"""
