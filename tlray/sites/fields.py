"""Rows of sources that have fields for artist and title: names cleaned, identity, the line of text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any

from tlray.model import Track, TrackKind
from tlray.sites.text import characters
from tlray.sites.text.names import Name, identity_of

MAX_NAME_CHARS = 1_000
DASHES = (" - ", " – ", " — ")
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


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


def day(text: str) -> date | None:
    """Return the day of ``2026-05-15…`` or ``20260515``; None for other text."""
    if not (found := _DAY.match(text.strip())):
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def published_day(text: str) -> date | None:
    """Return the day of a date in ISO 8601 or in the form of mail and feeds (``17 Jul 2020 00:00:00 GMT``)."""
    try:
        return day(text) or parsedate_to_datetime(text).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
