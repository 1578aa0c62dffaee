"""Input of users: lists of URLs, ``domains.toml``, the URLs of a scheduled run; files and folders to read.

`walk` finds the files of a folder, `open_file` what is in one: gzip, MHTML, WARC, WACZ, zip. Names inside archives are never used
as paths, nothing is unpacked to disk, and links are not followed. No writing to the journal.
"""
