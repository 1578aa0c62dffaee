"""Which track starts when: nothing made up, nothing lost without a word."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from made_sets import a_set, a_track, any_set, cued, mashup_part, with_row

from tlray.export.starts import LONGEST_S, recordings
from tlray.model import TrackKind, Tracklist


def starts(tracklist: Tracklist, which: int = 0) -> list[tuple[int, str]]:
    return [(s.at, s.title) for s in recordings(tracklist, ticks_per_s=1)[which].starts]


def left_out(tracklist: Tracklist, which: int = 0) -> list[tuple[int, str]]:
    return [(t.index, why) for t, why in recordings(tracklist, ticks_per_s=1)[which].left_out]


def test_a_row_without_a_cue_is_left_out_and_named() -> None:
    tracklist = cued(0, None, 60)
    assert starts(tracklist) == [(0, "Title 1"), (60, "Title 3")]
    assert left_out(tracklist) == [(2, "no cue")]


@pytest.mark.parametrize("cue_s", [float("nan"), float("inf"), -1.0, 1e308])
def test_a_cue_that_is_no_time_is_no_cue(cue_s: float) -> None:
    assert left_out(cued(0, cue_s)) == [(2, "no cue")]


def test_rows_played_together_share_the_main_rows_title_and_time() -> None:
    tracklist = a_set(a_track(1, 0), with_row(2, 1, 70), with_row(3, 1), a_track(4, 120))
    assert starts(tracklist) == [
        (0, "Title 1 w/ Artist 2 - Title 2 w/ Artist 3 - Title 3"),
        (120, "Title 4"),
    ]


def test_a_with_row_whose_main_row_has_no_cue_stands_for_itself() -> None:
    tracklist = a_set(a_track(1, 0), a_track(2), with_row(3, 2, 70), a_track(4), with_row(5, 4))
    assert starts(tracklist) == [(0, "Title 1"), (70, "Title 3")]
    assert left_out(tracklist) == [(2, "no cue"), (4, "no cue"), (5, "no cue")]


def test_mashup_parts_are_not_listed() -> None:
    tracklist = a_set(a_track(1, 0), mashup_part(2, 1), mashup_part(3, 1), a_track(4, 9))
    assert starts(tracklist) == [(0, "Title 1"), (9, "Title 4")]
    assert left_out(tracklist) == []


def test_rows_of_equal_start_become_one() -> None:
    assert starts(cued(0, 60, 60, 90)) == [
        (0, "Title 1"),
        (60, "Title 2 / Artist 3 - Title 3"),
        (90, "Title 4"),
    ]


def test_starts_that_are_equal_only_in_the_formats_resolution_become_one_too() -> None:
    found = recordings(cued(0, 10.001, 10.002), ticks_per_s=75)
    assert [s.at for s in found[0].starts] == [0, 750]


def test_starts_stand_in_order_of_time_and_it_is_said_where_the_page_has_another() -> None:
    (recording,) = recordings(cued(0, 300, 200), ticks_per_s=1)
    assert [(s.at, s.title) for s in recording.starts] == [(0, "Title 1"), (200, "Title 3"), (300, "Title 2")]
    assert recording.is_reordered
    assert not recordings(cued(0, 200, 300), ticks_per_s=1)[0].is_reordered


def test_each_recording_has_times_of_its_own_even_where_the_page_jumps_between_them() -> None:
    # as on the page of a set in Santiago de Chile: Player 2, Player 1, Player 2
    rows = [(2, 0), (2, 145), (1, 1), (1, 197), (2, 3298), (2, 8067)]
    tracklist = a_set(*(a_track(i, cue, recording=n) for i, (n, cue) in enumerate(rows, 1)))
    first, second = recordings(tracklist, ticks_per_s=1)
    assert (first.number, [s.at for s in first.starts]) == (1, [1, 197])
    assert (second.number, [s.at for s in second.starts]) == (2, [0, 145, 3298, 8067])
    assert not first.is_reordered
    assert not second.is_reordered


def test_a_row_of_no_known_recording_is_put_into_none() -> None:
    tracklist = a_set(a_track(1, 5), a_track(2, 0, recording=1), a_track(3, 0, recording=2))
    assert starts(tracklist, 0) == [(0, "Title 2")]
    assert left_out(tracklist, 0) == [(1, "not known of which recording")]


def test_a_set_with_a_single_recording_does_not_number_it() -> None:
    tracklist = a_set(a_track(1, 0, recording=1), a_track(2, 60, recording=1))
    assert [r.number for r in recordings(tracklist, ticks_per_s=1)] == [None]


@pytest.mark.parametrize(
    ("given_", "title"),
    [
        ({"artist": "ID", "title": "ID"}, "ID"),
        ({"artist": "", "title": "Only a title"}, "Only a title"),
        ({"artist": "Only an artist", "title": "", "text": "Only an artist"}, "Only an artist"),
    ],
)
def test_unknown_tracks_are_named_as_the_page_names_them(given_: dict[str, Any], title: str) -> None:
    assert starts(a_set(a_track(1, 0, **given_))) == [(0, title)]


@given(any_set())
def test_starts_increase_strictly_and_every_row_is_in_them_or_named(tracklist: Tracklist) -> None:
    found = recordings(tracklist, ticks_per_s=75)
    cues = [t.cue_s for t in tracklist.tracks if t.cue_s is not None and 0 <= t.cue_s <= LONGEST_S]
    given_times = {int(cue_s * 75 + 0.5) for cue_s in cues}
    for recording in found:
        times = [s.at for s in recording.starts]
        assert all(a < b for a, b in itertools.pairwise(times))
        assert set(times) <= given_times
    listed = [t for t in tracklist.tracks if t.kind is not TrackKind.MASHUP_PART]
    named = sum(len(r.left_out) for r in found)
    assert len({id(t) for r in found for t, _ in r.left_out}) == named <= len(listed)
    told = " ".join(s.performer + s.title for r in found for s in r.starts)
    missing = {id(t) for r in found for t, _ in r.left_out}
    assert all(t.title in told for t in listed if id(t) not in missing)
