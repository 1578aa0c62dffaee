"""The tracklist of a release: positions, discs, headings, tracks of several parts, and what is played together.

A heading opens a section. A track of type ``index`` has its parts in ``sub_tracks``. Parts of one position (``2.12A``,
``2.12B``) of which only the first has a length are played together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tlray.model import CuePrecision, Track, TrackKind
from tlray.sites.fields import clean, make_track
from tlray.sites.json_text import string
from tlray.sites.starts import starts

MAX_ROWS = 5_000
_DURATION = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d\d)")
_NUMBERED = re.compile(r"\s\(\d{1,4}\)$")
_ON_DISC = re.compile(r"(?P<disc>[A-Za-z]{0,8}\s?\d{0,3}|\d{1,3})\s?[-.]\s?(?P<rest>\d{1,3}\.?[A-Za-z]?)")
_ON_SIDE = re.compile(r"(?P<disc>[A-Z]{1,2})(?P<rest>\d{0,3}[a-z]?)")
_PART = re.compile(r"(?P<number>\d{1,3})\.?(?P<part>[A-Za-z])?\.?")


@dataclass(slots=True)
class _Entry:
    data: dict[str, Any]
    kind: TrackKind
    parent: int | None
    section: str | None
    disc: str
    number: int | None
    length_s: float | None
    index: int = 0


def rows_of(tracklist: list[Any], *, album_artist: str, n_discs: int) -> list[Track]:
    """Return the rows; ``n_discs``: as the formats say, which tells discs from tracks in ``2.01``."""
    entries = _entries([one for one in tracklist[:MAX_ROWS] if isinstance(one, dict)], n_discs)
    timed = [one for one in entries if one.kind is TrackKind.MAIN]
    cues = dict(zip(map(id, timed), starts((one.disc, one.length_s) for one in timed), strict=True))
    discs = list(dict.fromkeys(one.disc for one in entries))
    rows = []
    for one in entries:
        cue_s = cues.get(id(one)) if any(entry.length_s for entry in timed) else None
        rows.append(
            make_track(
                one.index,
                artists_of(one.data.get("artists")) or album_artist,
                string(one.data.get("title")),
                kind=one.kind,
                parent=one.parent,
                number=one.number if one.kind is TrackKind.MAIN else None,
                section=one.section,
                recording=discs.index(one.disc) + 1 if len(discs) > 1 else None,
                cue_s=cue_s,
                cue_precision=CuePrecision.UNKNOWN if cue_s is None else CuePrecision.ESTIMATE,
                duration_s=one.length_s,
            )
        )
    return rows


def _entries(tracklist: list[dict[str, Any]], n_discs: int) -> list[_Entry]:
    places = _places(tracklist, n_discs)
    entries: list[_Entry] = []
    section: str | None = None
    last: tuple[str, str] | None = None
    for at, data in enumerate(tracklist):
        kind = string(data.get("type_")) or "track"
        if kind == "heading":
            section, last = clean(string(data.get("title"))) or None, None
            continue
        disc, number, part = places[at]
        length_s = _seconds(data)
        place = (disc, number)
        is_with = bool(part) and place == last and length_s is None
        entry = _Entry(
            data, TrackKind.WITH if is_with else TrackKind.MAIN, None, section, disc,
            int(number) if number.isdigit() else None, length_s, len(entries) + 1,
        )  # fmt: skip
        if is_with:
            entry.parent = next(one.index for one in reversed(entries) if one.kind is TrackKind.MAIN)
        entries.append(entry)
        last = place if number else None
        entries += _parts(entry, len(entries))
    return entries


def _parts(whole: _Entry, n: int) -> Iterator[_Entry]:
    parts = whole.data.get("sub_tracks")
    for at, part in enumerate(
        (one for one in parts if isinstance(one, dict)) if isinstance(parts, list) else (), n + 1
    ):
        data = part if part.get("artists") else {**part, "artists": whole.data.get("artists")}
        yield _Entry(
            data, TrackKind.MASHUP_PART, whole.index, whole.section, whole.disc, None, _seconds(part), at
        )


def _places(tracklist: list[dict[str, Any]], n_discs: int) -> list[tuple[str, str, str]]:
    """Return (disc, number, part) of each position. With more numbers before the point than discs, they are tracks of parts."""
    found = [_place(string(one.get("position"))) for one in tracklist]
    discs = {disc for disc, _, _ in found if disc.isdigit()}
    if n_discs and len(discs) > n_discs:
        return [
            ("", disc, number) if disc.isdigit() else (disc, number, part) for disc, number, part in found
        ]
    return found


def _place(position: str) -> tuple[str, str, str]:
    position = position.strip()
    on = _ON_DISC.fullmatch(position) or _ON_SIDE.fullmatch(position)
    disc, rest = (on["disc"].strip().lstrip("0"), on["rest"]) if on else ("", position)
    part = _PART.fullmatch(rest)
    return (disc, part["number"].lstrip("0"), part["part"] or "") if part else (disc, "", "")


def _seconds(data: dict[str, Any]) -> float | None:
    found = _DURATION.fullmatch(string(data.get("duration")))
    hours, minutes, seconds = (int(one or 0) for one in found.groups()) if found else (0, 0, 0)
    return float(hours * 3600 + minutes * 60 + seconds) or None


def artists_of(artists: Any) -> str:
    """Return a credit: names as they are printed, joined as the site joins them; "" for an unknown artist."""
    text = ""
    listed = [one for one in artists if isinstance(one, dict)] if isinstance(artists, list) else []
    for at, one in enumerate(listed):
        join = string(one.get("join"))
        text += name_of(one)
        if at < len(listed) - 1:
            text += ", " if join in (",", "") else f" {join} "
    return "" if text == "Unknown Artist" else text


def name_of(artist: dict[str, Any]) -> str:
    """Return the name under which an artist is credited, without the number that tells namesakes apart."""
    name = string(artist.get("anv")) or string(artist.get("name"))
    return clean(_NUMBERED.sub("", name).removesuffix("*"))
