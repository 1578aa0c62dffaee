"""rekordbox's ``.xml``: a collection of tracks, and playlists that name them by number or by place. No times."""

from __future__ import annotations

from typing import Any

from tlray.model import Track, Tracklist
from tlray.readers.assembly import MAX_FILE_ROWS, file_set
from tlray.readers.interface import SourceFile
from tlray.readers.made import plural
from tlray.readers.rekordbox_list import history_day
from tlray.readers.xml_tree import BadXmlError, Element, children
from tlray.sites.fields import clean, make_track, named, with_mix

_BY_PLACE = "1"
"""The ``KeyType`` of playlists that name tracks by ``Location``, which never leaves this module."""


def read_xml(file: SourceFile, root: Element, known: dict[str, Any]) -> list[Tracklist]:
    """Read every playlist that has tracks as one set."""
    collection = [entry for part in children(root, "COLLECTION") for entry in children(part, "TRACK")]
    by_number = {entry.get("TrackID"): entry for entry in collection}
    by_place = {entry.get("Location"): entry for entry in collection}
    sets: list[Tracklist] = []
    n_rows = sum(1 for part in children(root, "PLAYLISTS") for _ in part.iter("{*}TRACK"))
    if n_rows > MAX_FILE_ROWS:
        raise BadXmlError(f"{n_rows} rows in its playlists: too many for one file")
    for part in children(root, "PLAYLISTS"):
        for node in part.iter("{*}NODE"):
            rows = list(children(node, "TRACK")) if node.get("Type") == "1" else []
            entries = by_place if node.get("KeyType") == _BY_PLACE else by_number
            found = [entries.get(row.get("Key")) for row in rows]
            if not found:
                continue
            n_missing = found.count(None)
            issues = [f"{plural(n_missing, 'row')} not in the collection"] if n_missing else []
            title = clean(node.get("Name"))
            sets.append(
                file_set(
                    file,
                    [_track(index, entry) for index, entry in enumerate(found, 1)],
                    title=title,
                    date=history_day(title),
                    media_type="application/xml",
                    **(known | {"quality_issues": [*known["quality_issues"], *issues]}),
                )
            )
    return sets


def _track(index: int, entry: Element | None) -> Track:
    if entry is None:
        return make_track(index, "", "")
    length = entry.get("TotalTime") or ""
    return make_track(
        index,
        *named(entry.get("Artist"), with_mix(clean(entry.get("Name")), clean(entry.get("Mix")))),
        label=entry.get("Label") or "",
        genre=entry.get("Genre") or "",
        duration_s=float(length)
        if length.isascii() and length.isdigit() and 0 < len(length) < 7 and int(length)
        else None,
    )
