"""The recordings of a playlist, an album or a release, as rows of a set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from tlray.model import CuePrecision, Track
from tlray.sites.fields import DASHES, make_track, split_name
from tlray.sites.schemaorg.thing import Thing, count, duration_s, link, name_of, names, text, values

MAX_ROWS = 2_000
VARIOUS = re.compile(r"various(?:\s+artists?)?|v\.?\s?/?a\.?|diverse|multiple artists", re.IGNORECASE)
_POSITION = re.compile(r"(?:[A-Z]{1,2}\d{1,2}|\d{1,3})(?:\s*[-–.:)]\s*|\s+)(?=\S)")
_DISC = re.compile(r"(\d{1,2})[.-](\d{1,3})")
_MIXED = re.compile(r"\s*[(\[]mixed[)\]]\s*$", re.IGNORECASE)
_MOST = 0.8


class Recording(NamedTuple):
    """One recording of a list."""

    thing: Thing
    name: str
    artist: str
    position: int | None
    disc: int | None


def recordings_of(thing: Thing) -> list[Recording]:
    """Return the recordings in ``track`` or ``tracks``: a list, an ItemList with or without ``item``, or one node."""
    found: list[Recording] = []
    for value in values(thing, "track", "tracks"):
        elements = values(value, "itemListElement") if isinstance(value, dict) else []
        found += [_recording(one) for one in (elements or [value])[: MAX_ROWS + 1 - len(found)]]
    found = [one for one in found if one.name]
    positions = [(one.disc or 1, one.position or 0) for one in found]
    if all(one.position for one in found) and len(set(positions)) == len(found):
        found = [one for _, one in sorted(zip(positions, found, strict=True), key=lambda pair: pair[0])]
    return found


def claimed(thing: Thing) -> int | None:
    """Return how many recordings a node says that it has."""
    lists = [value for value in values(thing, "track", "tracks") if isinstance(value, dict)]
    own = count(thing, "numTracks")
    return own if own is not None else count(lists[0], "numberOfItems") if len(lists) == 1 else None


def _recording(element: Any) -> Recording:
    wrapped = element.get("item") if isinstance(element, dict) else None
    thing = (
        wrapped if isinstance(wrapped, dict) else element if isinstance(element, dict) else {"name": element}
    )
    outer = element if isinstance(element, dict) else {}
    name = name_of(thing) or name_of(outer)
    artist = ", ".join(names(thing, "byArtist", "artist", "creditedTo", "creator", "author"))
    said = text(thing, "trackNumber") or text(outer, "position", "trackNumber")
    disc = _DISC.fullmatch(said)
    position = int(disc[2]) if disc else count(outer, "position") or count(thing, "position", "trackNumber")
    return Recording(thing, name, artist, position, int(disc[1]) if disc else None)


def rows_of(found: Sequence[Recording], *, artist: str, publisher: str) -> list[Track]:
    """Return the rows; ``artist`` and ``publisher`` are the whole list's.

    Where most names are ``Artist - Title``, and no row has an artist of its own, they are split. Starts are sums of durations,
    only where all rows have one.
    """
    whole = {name.casefold() for name in (artist, publisher) if name}
    own = [one.artist for one in found if one.artist and one.artist.casefold() not in whole]
    named = _without_positions([one.name for one in found])
    splits = not own and sum(any(dash in name for dash in DASHES) for name in named) > len(named) / 2
    mixed = sum(bool(_MIXED.search(name)) for name in named) > _MOST * len(named)
    many_discs = len({one.disc for one in found}) > 1
    lengths = [duration_s(one.thing) for one in found]
    has_all = all(lengths)
    rows: list[Track] = []
    at_s, disc = 0.0, None
    for index, (one, name, length_s) in enumerate(zip(found, named, lengths, strict=True), 1):
        at_s, disc = (0.0 if one.disc != disc else at_s), one.disc
        title = _MIXED.sub("", name) if mixed else name
        by, title = (
            split_name(title)
            if splits
            else (one.artist or ("" if VARIOUS.fullmatch(artist) else artist), title)
        )
        rows.append(
            make_track(
                index,
                by,
                title,
                number=one.position or index,
                recording=one.disc if many_discs else None,
                cue_s=at_s if has_all else None,
                cue_precision=CuePrecision.ESTIMATE if has_all else CuePrecision.UNKNOWN,
                duration_s=length_s,
                track_url=link(one.thing, "@id", "url", "mainEntityOfPage", "sameAs"),
                media_id=text(one.thing, "isrcCode") or None,
                artwork_url=link(one.thing, "image", "thumbnailUrl"),
                label=text(one.thing, "recordLabel"),
            )
        )
        at_s += length_s or 0.0
    return rows


def _without_positions(named: list[str]) -> list[str]:
    """Drop what numbers nearly all names: ``A1 - ``, ``01. ``, and the catalogue number that all begin with (``NYH244 01``)."""
    first = named[0].partition(" ")[0] if named else ""
    if len(named) > 1 and re.search(r"\d", first) and all(name.startswith(f"{first} ") for name in named):
        named = [name[len(first) :].lstrip(" -–:|") or name for name in named]
    marked = [_POSITION.match(name) for name in named]
    if sum(map(bool, marked)) < max(2, _MOST * len(named)):
        return named
    numbers = [re.sub(r"\W+$", "", mark[0]) for mark in marked if mark]
    if len(set(numbers)) < len(numbers) or (
        all(number.isdigit() for number in numbers) and numbers != sorted(numbers, key=int)
    ):
        return named
    return [name[mark.end() :] if mark else name for name, mark in zip(named, marked, strict=True)]
