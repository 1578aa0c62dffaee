"""The tracks of a set: every row becomes one `Track`, in order, mashup parts included."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlray.model import CuePrecision, Track, TrackKind
from tlray.sites.tracklists1001.cues import recordings_of, starts
from tlray.sites.tracklists1001.names import name_of
from tlray.sites.tracklists1001.players import Players
from tlray.sites.tracklists1001.rows import Row
from tlray.sites.tracklists1001.urls import absolute, track_id_in
from tlray.sites.tracklists1001.wording import iso_duration_s

_PLACEHOLDER = re.compile(r"(?:default_\d+|empty)\.\w+(?:\?.*)?")


def tracks_of(rows: Sequence[Row], players: Players) -> list[Track]:
    """One track a row. Fewer than rows where a row has no name: the markup is not as known."""
    tracks: list[Track] = []
    main: int | None = None
    mashup: int | None = None
    for index, (row, cue_s, recording) in enumerate(
        zip(rows, starts(rows), recordings_of(rows, players), strict=True), 1
    ):
        name = name_of(row)
        if name is None:
            break
        if row.kind is TrackKind.MASHUP_PART:
            parent = mashup or main
        else:
            parent = main if row.kind is TrackKind.WITH else None
            main = index if row.kind is TrackKind.MAIN else main
            mashup = index if row.is_mashup or row.kind is TrackKind.MAIN else mashup
        link = row.metas.get("url")
        tracks.append(
            Track(
                index=index,
                number=int(row.number) if _is_number(row.number) else None,
                kind=row.kind,
                parent=parent,
                section=row.section,
                recording=recording,
                cue_s=cue_s,
                cue_precision=CuePrecision.UNKNOWN if cue_s is None else CuePrecision.SECOND,
                cue_text=row.cue_text or None,
                artist=name.artist,
                title=name.title,
                labels=row.labels,
                identity=name.identity,
                track_id=row.data.get("data-trackid") or track_id_in(link),
                track_url=absolute(link),
                duration_s=iso_duration_s(row.metas.get("duration")),
                genres=row.genres,
                artwork_url=_artwork(row.artwork),
                media_id=row.media_id,
                text=name.text,
            )
        )
    return tracks


def _artwork(link: str) -> str | None:
    return None if _PLACEHOLDER.fullmatch(link.rpartition("/")[2]) else absolute(link)


def _is_number(shown: str) -> bool:
    return shown.isascii() and shown.isdigit() and len(shown) <= 6
