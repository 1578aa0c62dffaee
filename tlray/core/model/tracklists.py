"""Tracks and sets made of what a source says; the rest is filled in."""

from __future__ import annotations

from typing import Any

from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist


def make_track(index: int, artist: str, title: str, *, cue_s: float | None = None, **fields: Any) -> Track:
    """Return a main row, with ``index`` as its number; a cue counts as exact to the second."""
    known: dict[str, Any] = {
        "number": index,
        "kind": TrackKind.MAIN,
        "cue_precision": CuePrecision.UNKNOWN if cue_s is None else CuePrecision.SECOND,
        "identity": Identity.IDENTIFIED,
        "text": f"{artist} - {title}",
    }
    return Track(index=index, artist=artist, title=title, cue_s=cue_s, **(known | fields))


def make_set(tracks: list[Track], *, title: str, **fields: Any) -> Tracklist:
    """Return a set with these tracks, its counts filled in."""
    return Tracklist(
        title=title,
        track_count=len(tracks),
        identified_count=sum(track.identity is Identity.IDENTIFIED for track in tracks),
        cued_count=sum(track.cue_s is not None for track in tracks),
        tracks=tracks,
        **fields,
    )
