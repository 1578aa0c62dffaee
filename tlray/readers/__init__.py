"""Readers of files that hold tracklists, one module or folder per kind: CUE sheets, DJ software histories, feeds, text.

Pure: bytes in, `ParsedPage` out. Nothing here opens a file, fetches, or reads a clock. Sites live in `tlray.sites`.
"""
