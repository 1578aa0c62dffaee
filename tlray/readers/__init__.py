"""Readers of files that hold tracklists: CUE sheets, histories of DJ software, feeds, chapters, text. One module or folder per kind.

Pure: bytes in, `ParsedPage` out. Nothing here opens a file, fetches, or reads a clock. Sites of the network live in `tlray.sites`.
"""
