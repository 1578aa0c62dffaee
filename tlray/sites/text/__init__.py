"""One parser of text lines, behind every source that holds a tracklist as text: wikitext, show notes, descriptions, ``.txt``.

`find_list` finds and reads the list in a whole text, `parse_line` reads one line by itself. Pure functions over ``str``.
"""

from tlray.sites.text.finder import FoundList, NoList, find_list, parse_line
from tlray.sites.text.starts import Dialect

__all__ = ["Dialect", "FoundList", "NoList", "find_list", "parse_line"]
