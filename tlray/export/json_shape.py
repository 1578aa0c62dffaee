"""A set in JSON: as in `model.py`, field by field.

Dates are ISO 8601 (``2026-05-15``, ``2026-05-15T20:00:00Z``), what is not known is null, and there is no NaN.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from typing import Any

from tlray.core.model.merged import MergedTrack, MergedTracklist
from tlray.core.model.printable import in_json
from tlray.model import Track, Tracklist

_TRACKLIST_FIELDS = tuple(f.name for f in fields(Tracklist))
_TRACK_FIELDS = tuple(f.name for f in fields(Track))


def plain(tracklist: Tracklist) -> dict[str, Any]:
    """The set as dicts, lists, strings and numbers that ``json.dumps`` takes."""
    shape = {name: getattr(tracklist, name) for name in _TRACKLIST_FIELDS}
    shape["date"] = moment(tracklist.date)
    shape["published"] = moment(tracklist.published)
    shape["fetched_at"] = moment(tracklist.fetched_at)
    shape["duration_s"] = finite(tracklist.duration_s)
    shape["quality"] = finite(tracklist.quality)
    shape["tracks"] = [_plain_track(track) for track in tracklist.tracks]
    if isinstance(tracklist, MergedTracklist):
        shape["merged_from"], shape["sources_of"] = tracklist.merged_from, tracklist.sources_of
        shape["conflicts"] = [asdict(conflict) for conflict in tracklist.conflicts]
    return shape


def dumps(tracklist: Tracklist) -> bytes:
    """The set as UTF-8 JSON, on one line."""
    return encode(_written(plain(tracklist)))


def dumps_by_row(tracklist: Tracklist) -> bytes:
    """The set as UTF-8 JSON for people and for ``diff``: a line a field, and one a row."""
    shape = plain(tracklist)
    rows = ",\n    ".join(map(_written, shape["tracks"]))
    values = {name: _written(value) for name, value in shape.items() if name != "tracks"}
    values["tracks"] = f"[\n    {rows}\n  ]" if rows else "[]"
    return encode("{\n" + ",\n".join(f'  "{name}": {values[name]}' for name in shape) + "\n}")


def encode(text: str) -> bytes:
    """UTF-8, with ``?`` for half a surrogate pair, which no file may hold."""
    return text.encode("utf-8", "replace")


def moment(value: date | datetime | None) -> str | None:
    """A day or a moment in ISO 8601, in UTC."""
    if isinstance(value, datetime):
        # a moment without a zone is UTC: `fetched_at` knows no other
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat().removesuffix("+00:00") + "Z"
    return None if value is None else value.isoformat()


def _written(value: Any) -> str:
    return in_json(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _plain_track(track: Track) -> dict[str, Any]:
    shape = {name: getattr(track, name) for name in _TRACK_FIELDS}
    shape["cue_s"] = finite(track.cue_s)
    shape["played_at"] = moment(track.played_at)
    shape["duration_s"] = finite(track.duration_s)
    if isinstance(track, MergedTrack):
        shape["sources_of"] = track.sources_of
    return shape


def finite(value: float | None) -> float | None:
    """Return a number; None for one that JSON has no word for."""
    return value if value is None or math.isfinite(value) else None
