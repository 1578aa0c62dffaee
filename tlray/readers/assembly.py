"""Sets of files whose rows have fields, bounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tlray.model import PageKind, ParsedPage, Track, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.made import content_id, made_set, stem
from tlray.sites.fields import clean

MAX_ROWS = 20_000
"""A longer list is a library and no set."""
MAX_FILE_ROWS = 200_000
"""So many rows may all sets of a file have."""


def file_set(file: SourceFile, tracks: list[Track], **known: Any) -> Tracklist:
    """Make a set of a file, titled by the file's name unless a title is known."""
    title = known.pop("title", "") or stem_of(file.name)
    return made_set(tracks, title=title, url=file.url, source_id=None, **known)


def page_of(file: SourceFile, sets: Sequence[Tracklist], why_none: str) -> ParsedPage:
    """Return the sets of a file, or the reason why there is none. They have the id of its content, several with a number."""
    whole = [made for made in sets if 0 < made.track_count <= MAX_ROWS]
    if not whole:
        too_long = next((made for made in sets if made.track_count), None)
        return unknown(f"{too_long.track_count} rows: no set is so long" if too_long else why_none)
    source_id = content_id(file)
    for number, made in enumerate(whole, 1):
        made.source_id = f"{source_id}-{number}" if len(whole) > 1 else source_id
    return ParsedPage(PageKind.TRACKLIST, tracklists=tuple(whole))


def unknown(reason: str) -> ParsedPage:
    """Return a page that holds no set, and why."""
    return ParsedPage(PageKind.UNKNOWN, reason)


def stem_of(path: str) -> str:
    """Return the name of the file at a path of any system, without folders and suffix."""
    return clean(stem(re.split(r"[/\\]", path)[-1]))
