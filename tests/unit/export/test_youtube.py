"""Descriptions of videos: the rules by which YouTube shows chapters, and its limits."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from made_sets import a_set, a_track, any_set, cued

from tlray.export.interface import LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.export.youtube import MAX_BYTES, per_set
from tlray.model import Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file

_TIMED = re.compile(r"^(?:(\d+):)?(\d\d?):(\d\d) (.*)$", re.MULTILINE)


def description(tracklist: Tracklist) -> str:
    (only,) = (f for f in per_set(tracklist, ChapterOptions()) if isinstance(f, SetFile))
    return b"".join(only.chunks).decode()


def reasons(tracklist: Tracklist) -> list[str]:
    return [f.reason for f in per_set(tracklist, ChapterOptions()) if isinstance(f, LeftOut)]


def chapters(text: str) -> list[tuple[int, str]]:
    return [(int(h or 0) * 3600 + int(m) * 60 + int(s), title) for h, m, s, title in _TIMED.findall(text)]


def test_a_whole_description() -> None:
    assert description(a_set(a_track(1, 0), a_track(2, 200.4), a_track(3), a_track(4, 3723.5))) == (
        "Someone @ Somewhere\n"
        "https://www.1001tracklists.com/tracklist/1pn8l919/x.html\n"
        "\n"
        "0:00 Artist 1 - Title 1\n"
        "3:20 Artist 2 - Title 2\n"
        "1:02:04 Artist 4 - Title 4\n"
        "\n"
        "Also played, start unknown:\n"
        "Artist 3 - Title 3\n"
    )


@pytest.mark.parametrize(
    ("cues", "shown"),
    [
        ((0, 10, 20), [0, 10, 20]),
        ((0, 9, 20, 30), [0, 20, 30]),  # the second would last 9 s: it joins the first
        ((5, 100, 200), [0, 100, 200]),  # there is no room for a chapter before it
        ((10, 100, 200), [0, 10, 100, 200]),
        ((0, 3, 6, 9, 12, 100, 200), [0, 12, 100, 200]),
        ((0, 100, 595), None),  # the last would last 5 s
        ((0, 100), None),
    ],
)
def test_the_first_is_at_zero_and_each_lasts_ten_seconds(
    cues: tuple[float, ...], shown: list[int] | None
) -> None:
    tracklist = cued(*cues, duration_s=600.0)
    if shown is None:
        assert reasons(tracklist) == ["2 chapters: YouTube shows none of fewer than 3"]
    else:
        assert [at for at, _ in chapters(description(tracklist))] == shown


def test_what_joins_another_chapter_is_in_its_title() -> None:
    assert chapters(description(cued(12, 15, 100)))[:2] == [
        (0, "(before the first cue)"),
        (12, "Artist 1 - Title 1 / Artist 2 - Title 2"),
    ]


def test_no_name_brings_a_time_or_a_bracket() -> None:
    tracks = [a_track(1, 0, title="4:44 <b>"), a_track(2, 100, title="x\n0:00 y"), a_track(3, 200)]
    text = description(a_set(*tracks, title="Live 12:30 > x"))
    assert chapters(text) == [
        (0, "Artist 1 - 4∶44 ‹b›"),
        (100, "Artist 2 - x 0∶00 y"),
        (200, "Artist 3 - Title 3"),
    ]
    assert not re.search("[<>]", text)


@pytest.mark.parametrize(("n", "letters"), [(60, 60), (120, 120), (135, 500)])
def test_a_long_list_has_shorter_names_before_it_is_too_long(n: int, letters: int) -> None:
    tracklist = a_set(*(a_track(i, 60.0 * i, title="夜" * letters) for i in range(n)))
    text = description(tracklist)
    assert len(text.encode()) <= MAX_BYTES
    assert len(chapters(text)) == n


def test_a_list_that_does_not_fit_is_reported() -> None:
    assert reasons(cued(*(60.0 * i for i in range(600)))) == [
        "600 chapters do not fit the 5,000 bytes of a description"
    ]


@settings(max_examples=60)
@given(tracklist=any_set(max_tracks=20))
def test_any_description_keeps_the_rules(tracklist: Tracklist) -> None:
    for found in per_set(tracklist, ChapterOptions()):
        if isinstance(found, LeftOut):
            continue
        text = b"".join(found.chunks).decode()
        times = [at for at, _ in chapters(text)]
        assert times[0] == 0
        assert len(times) >= 3
        assert all(later - at >= 10 for at, later in pairwise(times))
        assert len(text.encode()) <= MAX_BYTES
        assert not re.search("[<>\x00-\x09\x0b-\x1f\u202e]", text)
        assert len(re.findall(r"\d:\d\d", _TIMED.sub("", text))) == 0


def test_a_description_is_imported_with_the_same_rows() -> None:
    made = a_set(*(a_track(i, 200.0 * (i - 1)) for i in range(1, 9)))
    (back,) = read_file(SourceFile("x.youtube.txt", description(made).encode())).tracklists
    assert [(t.cue_s, t.artist, t.title) for t in back.tracks] == [
        (t.cue_s, t.artist, t.title) for t in made.tracks
    ]
