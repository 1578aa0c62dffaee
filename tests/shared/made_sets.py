"""Sets for tests, made from as few words as a test needs."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist


def a_track(index: int, cue_s: float | None = None, **given: Any) -> Track:
    artist, title = given.pop("artist", f"Artist {index}"), given.pop("title", f"Title {index}")
    return Track(
        **{
            "index": index,
            "number": index,
            "kind": TrackKind.MAIN,
            "cue_s": cue_s,
            "cue_precision": CuePrecision.UNKNOWN if cue_s is None else CuePrecision.SECOND,
            "artist": artist,
            "title": title,
            "identity": Identity.IDENTIFIED,
            "text": f"{artist} - {title}",
        }
        | given
    )


def a_set(*tracks: Track, **given: Any) -> Tracklist:
    return Tracklist(
        **{
            "url": "https://www.1001tracklists.com/tracklist/1pn8l919/x.html",
            "site": "1001tracklists",
            "source_id": "1pn8l919",
            "title": "Someone @ Somewhere",
            "date": date(2026, 5, 15),
            "djs": ["Someone"],
            "genres": ["House", "Techno"],
            "track_count": len(tracks),
            "identified_count": len(tracks),
            "cued_count": sum(t.cue_s is not None for t in tracks),
            "tracks": list(tracks),
            "parser": "1001tracklists/1",
            "fetched_at": datetime(2026, 11, 1, 12, 0, 0, 250000, tzinfo=UTC),
        }
        | given
    )


def cued(*cues: float | None, **given: Any) -> Tracklist:
    """A set with one main row for each of ``cues``."""
    return a_set(*(a_track(i, cue_s) for i, cue_s in enumerate(cues, 1)), **given)


def with_row(index: int, parent: int, cue_s: float | None = None, **given: Any) -> Track:
    return a_track(index, cue_s, number=None, kind=TrackKind.WITH, parent=parent, **given)


def mashup_part(index: int, parent: int) -> Track:
    return a_track(index, number=None, kind=TrackKind.MASHUP_PART, parent=parent)


nasty_text = st.text(
    st.one_of(
        st.sampled_from(
            string.ascii_letters + " .-/\\:*?\"<>|'=+@\t\r\n\0\u202e\u200d\u0301\u0323é가\u2028\x85\ufeff😀🏽"
        ),
        st.characters(),
    ),
    max_size=120,
)
numbers = st.none() | st.integers(1, 300)
cues = st.none() | st.integers(0, 40_000).map(float) | st.floats()


@st.composite
def any_track(draw: st.DrawFn, index: int) -> Track:
    kind = draw(st.sampled_from(TrackKind)) if index > 1 else TrackKind.MAIN
    return a_track(
        index,
        draw(cues),
        artist=draw(nasty_text),
        title=draw(nasty_text),
        kind=kind,
        number=draw(numbers),
        parent=None if kind is TrackKind.MAIN else draw(st.integers(1, index - 1)),
        recording=draw(st.none() | st.integers(1, 3)),
        labels=draw(st.lists(nasty_text, max_size=2)),
        identity=draw(st.sampled_from(Identity)),
        section=draw(st.none() | nasty_text),
    )


@st.composite
def any_set(draw: st.DrawFn, max_tracks: int = 12) -> Tracklist:
    tracks = [draw(any_track(i)) for i in range(1, draw(st.integers(0, max_tracks)) + 1)]
    return a_set(
        *tracks,
        title=draw(nasty_text),
        djs=draw(st.lists(nasty_text, max_size=3)),
        genres=draw(st.lists(nasty_text, max_size=3)),
        source_id=draw(st.none() | nasty_text),
        date=draw(st.none() | st.dates()),
        duration_s=draw(st.none() | st.floats()),
        is_live=draw(st.none() | st.booleans()),
        fetched_at=draw(st.none() | st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
    )
