"""What tlray exports as CUE, it reads back."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from made_histories import the_set

from tlray.export.cue_limit import BEFORE_PART
from tlray.export.cue_sheet import BEFORE_FIRST, per_set
from tlray.export.interface import SetFile
from tlray.export.options import CueOptions, Over99
from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist
from tlray.readers.cue import PLACEHOLDERS, CueReader


def a_track(index: int, cue_s: float | None, artist: str, title: str, **given_: Any) -> Track:
    known: dict[str, Any] = {
        "index": index, "number": index, "kind": TrackKind.MAIN, "artist": artist, "title": title,
        "identity": Identity.IDENTIFIED, "text": f"{artist} - {title}", "cue_s": cue_s,
        "cue_precision": CuePrecision.UNKNOWN if cue_s is None else CuePrecision.SECOND,
    }  # fmt: skip
    return Track(**known | given_)


def a_set(tracks: list[Track]) -> Tracklist:
    return Tracklist(
        url="https://example.com/1", site="example", source_id="1", title="Night", date=date(2026, 5, 15), djs=["DJ Ada"],
        genres=["House", "Techno"], track_count=len(tracks), identified_count=len(tracks),
        cued_count=sum(t.cue_s is not None for t in tracks), tracks=tracks, parser="example/1",
    )  # fmt: skip


def sheets(made: Tracklist, **chosen: Any) -> list[Tracklist]:
    pieces = [p for p in per_set(made, CueOptions(**chosen)) if isinstance(p, SetFile)]
    return [the_set(CueReader(), b"".join(piece.chunks), "night.cue") for piece in pieces]


def rows(made: Tracklist) -> list[tuple[int, str, str, str, float | None]]:
    return [(t.index, t.kind.value, t.artist, t.title, t.cue_s and round(t.cue_s, 2)) for t in made.tracks]


word = st.text("abcdefghijklmnopqrstuvwxyzÄéßøΩЖ日本", min_size=1, max_size=8)
name = st.lists(word, min_size=1, max_size=3).map(lambda words: "X " + " ".join(words))


@given(
    st.lists(st.tuples(name, name, st.none() | st.integers(1, 900)), min_size=2, max_size=12).filter(
        lambda found: any(gap is not None for _, _, gap in found)
    )
)
def test_rows_with_and_without_a_start_come_back(given_rows: list[tuple[str, str, int | None]]) -> None:
    tracks, clock = [], 0.0
    for index, (artist, title, gap) in enumerate(given_rows, 1):
        clock += gap or 0
        tracks.append(a_track(index, None if gap is None else clock, artist, title))
    made = a_set(tracks)
    (back,) = sheets(made)
    assert rows(back) == rows(made)
    assert [t.number for t in back.tracks] == [t.number for t in made.tracks]
    assert (back.title, back.date, back.djs, back.genres) == (made.title, made.date, made.djs, made.genres)


def test_rows_that_sound_together_come_back() -> None:
    second = a_track(2, None, "Cy", "Two", kind=TrackKind.WITH, parent=1, number=None)
    made = a_set([a_track(1, 0.0, "Bo", "One"), second, a_track(3, 200.0, "Di", "Three", number=2)])
    (back,) = sheets(made)
    assert rows(back) == rows(made)
    assert [t.number for t in back.tracks] == [1, None, 2]


def test_the_parts_of_a_long_set_hold_all_of_its_rows_once() -> None:
    made = a_set([a_track(i, 60.0 * i, f"Artist {i}", f"Title {i}") for i in range(1, 151)])
    back = sheets(made, over_99=Over99.SPLIT)
    assert [row[2:] for part in back for row in rows(part)] == [row[2:] for row in rows(made)]


def test_the_words_of_the_export_are_known_to_the_reader() -> None:
    assert {BEFORE_FIRST, BEFORE_PART} == PLACEHOLDERS


def test_a_cue_that_is_not_exact_comes_back_without_a_start() -> None:
    made = a_set(
        [a_track(1, 0.0, "Bo", "One"), a_track(2, 60.0, "Cy", "Two", cue_precision=CuePrecision.MINUTE)]
    )
    (back,) = sheets(made)
    assert [(t.artist, t.cue_s, t.cue_precision) for t in back.tracks] == [
        ("Bo", 0.0, "second"),
        ("Cy", None, "unknown"),
    ]
