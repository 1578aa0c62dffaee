"""A set as the page draws it: times are drawn as the source gives them, and none is invented."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from made_sets import a_set, a_track, cued, mashup_part, with_row

from tlray.export.json_shape import plain
from tlray.model import CuePrecision, Track
from tlray.service.page.timeline import MAX_MARKS, as_it_stands, as_text, lanes_of, table_of


def rows_of(*tracks: Track) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(json.dumps(plain(a_set(*tracks))))["tracks"]
    return found


def test_a_mark_stands_where_its_cue_is() -> None:
    (lane,) = lanes_of(rows_of(*cued(0.0, 50.0, 200.0).tracks), 200.0)
    assert [mark.x for mark in lane.marks] == [0.0, 25.0, 100.0]
    assert (lane.end_s, lane.is_open, lane.gaps) == (200.0, False, ())


def test_rows_without_a_time_are_one_gap_between_the_times_around_them() -> None:
    (lane,) = lanes_of(rows_of(*cued(0.0, None, None, 100.0, None).tracks), 200.0)
    assert [(gap.x, gap.width, gap.n) for gap in lane.gaps] == [(0.0, 50.0, 2), (50.0, 50.0, 1)]
    assert lane.gaps[0].label == "2 without a time, between 0:00 and 1:40"
    assert lane.gaps[1].label == "1 without a time, between 1:40 and the end"
    assert len(lane.marks) == 2


def test_a_set_without_times_has_no_timeline() -> None:
    assert lanes_of(rows_of(*cued(None, None).tracks), 200.0) == []


def test_a_lane_of_many_rows_is_drawn_to_its_end() -> None:
    (lane,) = lanes_of(rows_of(*cued(*(float(n) for n in range(1_000))).tracks), 1_000.0)
    assert len(lane.marks) == MAX_MARKS
    assert lane.marks[-1].x > 99
    steps = [after.x - before.x for before, after in pairwise(lane.marks)]
    assert max(steps) < 1


def test_one_time_that_is_none_does_not_press_the_others_together() -> None:
    (lane,) = lanes_of(rows_of(*cued(-30.0, 0.0, 600.0, 1e9).tracks), 1_200.0)
    assert [mark.x for mark in lane.marks] == [0.0, 0.0, 25.0, 100.0]
    assert (lane.is_open, lane.length_s) == (True, 1_200.0)
    assert lane.marks[0].label.startswith("-0:30 ")


def test_a_line_that_says_more_than_the_row_knows_is_shown() -> None:
    for text, said in (
        ("ID - ID", ""), ("ID", ""), ("id – id", ""), ("ID - ID (Vocals: Mara)", "ID - ID (Vocals: Mara)"), ("", ""),
    ):  # fmt: skip
        (row,) = rows_of(a_track(1, artist="", title="", text=text, labels=[]))
        assert as_it_stands(row) == said


def test_the_end_is_open_where_the_length_is_not_known_or_too_short() -> None:
    for duration_s in (None, 60.0):
        (lane,) = lanes_of(rows_of(*cued(0.0, 100.0).tracks), duration_s)
        assert lane.is_open
        assert lane.end_s > 100.0


def test_each_recording_has_a_lane() -> None:
    first, second = lanes_of(rows_of(a_track(1, 10.0, recording=1), a_track(2, 5.0, recording=2)), 15.0)
    assert (first.recording, second.recording) == (1, 2)
    assert [mark.index for mark in second.marks] == [2]


def test_times_are_written_as_exactly_as_they_are_known() -> None:
    rows = rows_of(
        a_track(1, 0.0),
        a_track(2, 3_753.0),
        a_track(3, 3_780.0, cue_precision=CuePrecision.MINUTE),
        a_track(4, 3_900.0, cue_precision=CuePrecision.ESTIMATE),
        a_track(5),
    )
    shown = [(row["time"], row["mark"]) for row in table_of(rows, None)]
    assert shown == [("0:00", ""), ("1:02:33", ""), ("1:03", "h:min"), ("≈1:05:00", ""), ("", "")]


def test_a_cue_out_of_order_or_past_the_end_is_shown_with_a_warning() -> None:
    rows = table_of(rows_of(*cued(0.0, 100.0, 50.0, 400.0).tracks), 300.0)
    warnings = ["", "", "earlier than a row before it", "past the end, which is 5:00"]
    assert [row["warning"] for row in rows] == warnings


def test_a_heading_stands_once_over_its_section() -> None:
    rows = table_of(rows_of(a_track(1), a_track(2, section="B"), a_track(3, section="B"), a_track(4)), None)
    assert [row["heading"] for row in rows] == [None, "B", None, None]


def test_a_recording_has_a_heading_where_there_are_several_and_no_section_begins() -> None:
    def headings(*recordings: int | None, **given: Any) -> list[str | None]:
        tracks = [a_track(n, 10.0, recording=one, **given) for n, one in enumerate(recordings, 1)]
        return [row["heading"] for row in table_of(rows_of(*tracks), None)]

    assert headings(1, 1, None, 2) == ["Recording 1", None, None, "Recording 2"]
    assert headings(1, 1, None) == [None, None, None]
    assert headings(1, 2, section="A") == ["A", "Recording 2"]


def test_a_row_that_starts_with_its_parent_repeats_no_time() -> None:
    rows = table_of(
        rows_of(a_track(1, 30.0), with_row(2, 1, 30.0), with_row(3, 1, 45.0), with_row(4, 1)), None
    )
    assert [row["time"] for row in rows] == ["0:30", "", "0:45", ""]


def test_the_first_part_of_each_mashup_is_known() -> None:
    rows = table_of(
        rows_of(a_track(1), mashup_part(2, 1), mashup_part(3, 1), a_track(4), mashup_part(5, 4)), None
    )
    assert [row["is_first_part"] for row in rows] == [False, True, False, False, True]


def test_the_text_has_numbers_and_times_and_no_parts_of_mashups() -> None:
    rows = rows_of(a_track(1, 0.0), with_row(2, 1, 30.0), a_track(3, number=2), mashup_part(4, 3))
    lines = ["1. [0:00] Artist 1 - Title 1", "w/ [0:30] Artist 2 - Title 2", "2. Artist 3 - Title 3"]
    assert as_text(rows).splitlines() == lines
