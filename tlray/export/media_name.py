"""The name of the recording's file, as a sheet or a playlist beside it names it."""

from __future__ import annotations

from urllib.parse import quote

from tlray.export.filenames import safe_name
from tlray.export.options import PlayerOptions
from tlray.export.safe_text import one_line
from tlray.model import Tracklist


def media_name(tracklist: Tracklist, label: str, options: PlayerOptions) -> str:
    """Return the user's name of it, or one made of the set's title."""
    if options.media is not None and one_line(options.media):
        return options.media
    return safe_name(tracklist.title, tag=f"({label})" if label else "", suffix=".mp3")


def as_uri(name: str) -> str:
    """Return a name as a reference relative to the file that names it; a web address as it is."""
    name = one_line(name)
    return quote(name, safe="/:?&=%#+,;@~!$'()*[]") if "://" in name else quote(name, errors="replace")
