"""Sites: bytes of a page in, what kind of page it is and its tracklists out. Pure: no network, no clock.

`interface.py` says what a parser is; `registry.py` finds the one for a URL or a page; a file or folder
per site. `decode.py` and `bombs.py` stand in front of every HTML parser: in which charset, and is it safe.
"""
