"""Traktor's ``.nml``: a collection, and playlists that name its files; those of type ``PROTOCOL`` log what was played.

Days are packed (``year << 16 | month << 8 | day``), times are seconds of the local day. ``PLAYEDPUBLIC="0"`` is what only the DJ
heard.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tlray.model import Track, Tracklist
from tlray.readers.assembly import MAX_FILE_ROWS, file_set, stem_of
from tlray.readers.clock_times import day_of, local_moment, packed_day
from tlray.readers.interface import SourceFile
from tlray.readers.m3u import FROM_FILES
from tlray.readers.made import plural
from tlray.readers.play_log import LOCAL_TIME, Play, roll_over, set_times
from tlray.readers.xml_tree import BadXmlError, Element, children
from tlray.sites.fields import clean, make_track, named, split_name, with_mix

PROTOCOL = "PROTOCOL"
_SEPARATOR = "/:"
_UNNAMED = frozenset({"HISTORY", "$ROOT", ""})
_MARK = re.compile(r"\([A-Z]\) (?=\S)")
"""What users set before names, of a whole list: ``(U) Navar``."""


def is_log(root: Element) -> bool:
    """True if a file logs what was played."""
    return any((playlist.get("TYPE") or "").upper() == PROTOCOL for playlist in root.iter("{*}PLAYLIST"))


def read_nml(file: SourceFile, root: Element, known: dict[str, Any]) -> list[Tracklist]:
    """Read the log of a history, else every playlist that has rows."""
    collection = {
        _key(entry): entry for part in children(root, "COLLECTION") for entry in children(part, "ENTRY")
    }
    lists = [
        (clean(node.get("NAME")), playlist)
        for part in children(root, "PLAYLISTS")
        for node in part.iter("{*}NODE")
        for playlist in children(node, "PLAYLIST")
    ]
    n_rows = sum(len(playlist) for _, playlist in lists)
    if n_rows > MAX_FILE_ROWS:
        raise BadXmlError(f"{n_rows} rows in its playlists: too many for one file")
    logs = [(name, playlist) for name, playlist in lists if (playlist.get("TYPE") or "").upper() == PROTOCOL]
    return [_read_list(file, name, playlist, collection, known) for name, playlist in logs or lists]


def _read_list(
    file: SourceFile, name: str, playlist: Element, collection: dict[str, Element], known: dict[str, Any]
) -> Tracklist:
    rows = list(children(playlist, "ENTRY"))
    public = [row for row in rows if _given(row, "EXTENDEDDATA", "PLAYEDPUBLIC") != "0"]
    issues = [f"{plural(len(rows) - len(public), 'row')} preheard"] if len(public) < len(rows) else []
    keys = [_given(row, "PRIMARYKEY", "KEY") for row in public]
    tracks = [_track(index, key, collection.get(key)) for index, key in enumerate(keys, 1)]
    if any(key not in collection for key in keys):
        issues.append(FROM_FILES)
    _without_marks(tracks)
    plays = [_play(track, row, file) for track, row in zip(tracks, public, strict=True)]
    for play, moment in zip(plays, roll_over([play.at for play in plays]), strict=True):
        play.at = moment
    day = packed_day(_whole(_given(public[0], "EXTENDEDDATA", "STARTDATE"))) if public else None
    if file.zone is None and any(play.at for play in plays):
        issues.append(LOCAL_TIME)
    return file_set(
        file,
        tracks,
        title="" if name.upper() in _UNNAMED else name,
        date=day
        or (day_of(stem_of(file.name))[0] if (playlist.get("TYPE") or "").upper() == PROTOCOL else None),
        media_type="application/x-traktor-nml",
        **(known | {"quality_issues": [*known["quality_issues"], *issues, *set_times(plays)]}),
    )


def _track(index: int, key: str, entry: Element | None) -> Track:
    if entry is None:
        return make_track(index, *split_name(stem_of(key.rpartition(_SEPARATOR)[2])))
    info = next(children(entry, "INFO"), None)
    given = {} if info is None else info.attrib
    return make_track(
        index,
        *named(
            entry.get("ARTIST"),
            with_mix(clean(entry.get("TITLE")), clean(given.get("MIX"))) or _file_of(entry),
        ),
        label=given.get("LABEL") or "",
        genre=given.get("GENRE") or "",
        catalogue_number=clean(given.get("CATALOG_NO")) or None,
        duration_s=_seconds(given.get("PLAYTIME_FLOAT")) or _seconds(given.get("PLAYTIME")),
    )


def _play(track: Track, row: Element, file: SourceFile) -> Play:
    day = packed_day(_whole(_given(row, "EXTENDEDDATA", "STARTDATE")))
    second = _whole(_given(row, "EXTENDEDDATA", "STARTTIME"), missing=-1)
    at = local_moment(day, second, file.zone) if day and 0 <= second < 86_400 else None
    return Play(track, at, lasted_s=_seconds(_given(row, "EXTENDEDDATA", "DURATION")))


def _without_marks(tracks: Sequence[Track]) -> None:
    """Take away a mark that half of the artists and more have."""
    marks = Counter(found[0] for track in tracks if (found := _MARK.match(track.artist)))
    for mark, n in marks.most_common(1):
        if n >= 3 and 2 * n >= len(tracks):
            for track in tracks:
                track.text = track.text.removeprefix(mark) if track.artist.startswith(mark) else track.text
                track.artist = track.artist.removeprefix(mark)


def _key(entry: Element) -> str:
    place = next(children(entry, "LOCATION"), None)
    return "" if place is None else "".join(place.get(part) or "" for part in ("VOLUME", "DIR", "FILE"))


def _file_of(entry: Element) -> str:
    return stem_of(_key(entry).rpartition(_SEPARATOR)[2])


def _given(row: Element, element: str, name: str) -> str:
    found = next(children(row, element), None)
    return "" if found is None else found.get(name) or ""


def _whole(text: str, missing: int = 0) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else missing


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < 1e6 else None
