"""Rows and sets of files whose rows have fields: names cleaned, identity, the line of text, bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tlray.model import PageKind, ParsedPage, Track, TrackKind, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.made import content_id, made_set, stem
from tlray.sites.text import characters
from tlray.sites.text.names import Name, identity_of

MAX_ROWS = 20_000
"""A longer list is a library and no set."""
MAX_FILE_ROWS = 200_000
"""So many rows may all sets of a file have."""
MAX_NAME_CHARS = 1_000
DASHES = (" - ", " – ", " — ")


def clean(text: str | None) -> str:
    """Return ``text`` on one line, NFC, without control and invisible characters."""
    if not text:
        return ""
    text = " ".join(text[: 8 * MAX_NAME_CHARS].replace("\ufffd", "?").split())
    return characters.one_blank(characters.clean(text))[:MAX_NAME_CHARS].rstrip()


def with_mix(title: str, mix: str) -> str:
    """Return a title with the name of its mix, unless the title has it already."""
    return f"{title} ({mix})" if mix and mix.casefold() not in title.casefold() else title


def split_name(line: str, separators: Sequence[str] = DASHES) -> tuple[str, str]:
    """Split ``Artist - Title`` where the first separator that it has stands first; else all of it is the title."""
    for separator in separators:
        artist, found, title = line.partition(separator)
        if found and artist.strip() and title.strip():
            return artist.strip(), title.strip()
    return "", line.strip()


def named(artist: str | None, title: str | None) -> tuple[str, str]:
    """Return artist and title; a file without tags has both in its title."""
    artist, title = clean(artist), clean(title)
    return (artist, title) if artist else split_name(title)


def make_track(
    index: int, artist: str, title: str, *, label: str = "", genre: str = "", **known: Any
) -> Track:
    """Make a row; ``number`` is the index and ``kind`` main unless they are known."""
    artist, title, label = clean(artist), clean(title), clean(label)
    name = " - ".join(filter(None, (artist, title))) or "ID - ID"
    fields: dict[str, Any] = {"number": index, "kind": TrackKind.MAIN} | known
    return Track(
        index=index,
        artist=artist,
        title=title,
        identity=identity_of(Name(artist, title or "?")),
        labels=[label] if label else [],
        genres=[clean(genre)] if genre else [],
        text=f"{name} [{label}]" if label else name,
        **fields,
    )


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
