"""Two versions of a set in one table, changes as a list in words, and the versions that an address asks for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from made_sets import a_set, a_track, with_row

from tlray.export.json_shape import plain
from tlray.model import CuePrecision, Identity, Track, Tracklist
from tlray.service.page.change_words import by_version
from tlray.service.page.comparison import Comparison, compared, in_words
from tlray.service.page.quality_words import BY_MERGING, COMPARE, FETCH_LATER, issues_of
from tlray.service.page.views.sets import Chosen, before_of, choose

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
A, B, C = (a_track(n, 60.0 * n) for n in (1, 2, 3))


def shape(*tracks: Track, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(plain(a_set(*tracks, **given))))
    return found


def between(old: tuple[Track, ...], new: tuple[Track, ...], **given: Any) -> Comparison:
    return compared(shape(*old), shape(*new, **{"fetched_at": NOON + timedelta(hours=1)} | given))


def lines(found: Comparison) -> list[tuple[str, list[tuple[str, str, str]]]]:
    return [
        (line.kind, [(note.word, note.before, note.after) for note in line.notes]) for line in found.lines
    ]


def nth(n: int, index: int, cue_s: float | None = None) -> Track:
    """The n-th track at another place."""
    return a_track(index, cue_s, artist=f"Artist {n}", title=f"Title {n}")


def test_one_row_that_comes_in_is_one_change() -> None:
    new = (a_track(1, 0.0, artist="New", title="One"), *(nth(n, n + 1, 60.0 * n) for n in (1, 2, 3)))
    found = between((A, B, C), new)
    assert lines(found) == [("added", [("added", "", "")]), ("same", []), ("same", []), ("same", [])]
    assert (found.summary, found.cause, found.n_fewer, found.of_set) == ("1 row added", "", 0, ())


def test_a_row_says_all_that_changed_in_it_and_a_removed_one_stands_where_it_was() -> None:
    unknown = a_track(1, 60.0, artist="", title="", identity=Identity.ID)
    minute = a_track(2, 120.0, cue_precision=CuePrecision.MINUTE, labels=["X"])
    found = between((unknown, minute, C), (a_track(1, 72.0), a_track(2, 125.0, labels=["X", "Y"])))
    assert lines(found) == [
        ("changed", [("ID named", "ID – ID", ""), ("time corrected", "1:00", "1:12")]),
        ("changed", [("time corrected", "0:02 h:min", "2:05"), ("label changed", "X", "X, Y")]),
        ("removed", [("removed", "", "")]),
    ]
    assert found.summary == "1 row removed, 1 ID named, 2 times corrected, 1 label changed"
    assert found.n_fewer == 1
    assert found.lines[2].row["title"] == "Title 3"


def test_a_moved_row_names_its_old_number_and_a_time_that_goes_or_comes() -> None:
    with_it = {"artist": "W", "title": "With"}
    old = (A, B, with_row(3, 2, **with_it), C)
    found = between(old, (with_row(1, 2, **with_it), nth(1, 2, 60.0), nth(2, 3), C))
    assert lines(found)[0] == ("changed", [("moved", "was row 3", "")])
    assert lines(found)[2] == ("changed", [("time removed", "2:00", "")])
    gone = between((a_track(1, labels=["X"]),), (a_track(1, 5.0),))
    assert lines(gone) == [("changed", [("time set", "", "0:05"), ("label changed", "X", "none")])]


def test_the_set_itself_and_the_parser_are_named() -> None:
    found = between((A,), (A,), title="New", date=None, parser="1001tracklists/2")
    assert [(note.word, note.before, note.after) for note in found.of_set] == [
        ("title changed", "Someone @ Somewhere", "New"), ("date changed", "2026-05-15", ""),
    ]  # fmt: skip
    assert "another fetch" in found.cause
    same_fetch = compared(shape(A), shape(B, parser="1001tracklists/2"))
    assert "the site has changed nothing" in same_fetch.cause
    nothing = between((A,), (A,), parser="1001tracklists/2")
    assert (nothing.summary, nothing.cause) == ("", "")


def test_many_kinds_are_told_in_short() -> None:
    assert in_words({"added": 2, "revealed": 1, "labels": 1_000}, most=2) == "2 rows added, 1 ID named …"
    assert in_words({"labels": 1_000}) == "1,000 labels changed"


def change(kind: str, batch_id: str = "b2", **given: Any) -> dict[str, Any]:
    blank = {"index": None, "index_before": None, "artist": "A", "title": "T", "before": None, "after": None}
    return {**blank, "kind": kind, "batch_id": batch_id, "changed_at": None, "parser": "p"} | given


def test_a_list_of_changes_is_grouped_by_version_the_newest_first() -> None:
    newest_first = [
        change("removed", "b3", index_before=9),
        change("cue_corrected", "b3", index=4, before="5040", after="480.5"),
        change("revealed", index=2, before=" - ", after="A - T"),
        change("cue_set", index=1, after="inf"),
        change("set_title", before="Old", after="New"),
    ]
    found = by_version(newest_first)
    assert [(one.batch_id, [tuple(told)[1:] for told in one.changes]) for one in found] == [
        ("b3", [("time corrected", "row 4: A – T", "1:24:00", "8:00"), ("removed", "row 9: A – T", "", "")]),
        ("b2", [("title changed", "", "Old", "New"), ("time set", "row 1: A – T", "none", "inf"),
                ("ID named", "row 2: A – T", "ID – ID", "")]),
    ]  # fmt: skip


def test_issues_say_what_to_do() -> None:
    found = issues_of(
        ["3 of 21 not identified", "gap", "1 of 4 start times past the end", "odd"], has_others=False
    )
    assert [issue.text for issue in found] == [
        "3 of 21 not identified", "tracks are missing between the rows", "1 of 4 start times past the end", "odd",
    ]  # fmt: skip
    assert found[0].advice == FETCH_LATER
    assert (found[2].advice != "", found[3].advice) == (True, "")
    merged = issues_of(["3 of 21 not identified", "2 of 9 rows are there twice"], has_others=True)
    assert [issue.advice for issue in merged] == [BY_MERGING, COMPARE]


VERSIONS = [
    {"version": 4, "digest": "c", "is_newest": False},
    {"version": 3, "digest": "b", "is_newest": True},
    {"version": 2, "digest": "b", "is_newest": False},
    {"version": 1, "digest": "a", "is_newest": False},
]


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ({}, Chosen()),
        ({"version": "3"}, Chosen()),
        ({"version": "4"}, Chosen(4)),
        ({"version": " 2 "}, Chosen(2)),
        # the latest pair: the newest one, and the last one that differs from it
        ({"against": ""}, Chosen(3, 1)),
        ({"version": "", "against": ""}, Chosen(3, 1)),
        ({"version": "2", "against": ""}, Chosen(2, 1)),
        # whichever of the two is named first
        ({"version": "1", "against": "4"}, Chosen(4, 1)),
        ({"against": "4"}, Chosen(4, 3)),
    ],
)
def test_an_address_asks_for_versions(query: dict[str, str], chosen: Chosen) -> None:
    assert choose(query, VERSIONS) == chosen


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"version": "5"}, "“5” of this set: there are versions 1 to 4."),
        ({"against": "0"}, "“0”"),
        ({"version": "-1"}, "“-1”"),
        ({"version": "٣"}, "“٣”"),
        ({"version": "1" * 5_000}, "“" + "1" * 40 + "”"),
        ({"version": "2", "against": "2"}, "That is version 2 twice"),
        ({"version": "1", "against": ""}, "no version before the first one"),
    ],
)
def test_a_version_that_is_not_there_is_named(query: dict[str, str], fault: str) -> None:
    assert fault in choose(query, VERSIONS).fault


def test_a_set_of_one_version_has_none_to_compare_it_with() -> None:
    (only,) = one = [{"version": 1, "digest": "a", "is_newest": True}]
    assert "there is only version 1" in choose({"version": "2"}, one).fault
    assert "no version before" in choose({"against": ""}, one).fault
    assert before_of([VERSIONS[2] | {"version": 2, "digest": "a"}, only], 2) == 1, (
        "also where nothing differs"
    )


def test_what_is_compared_is_what_the_catalogue_compares() -> None:
    tracks = [a_track(n, 30.0 * n) for n in range(1, 40)]
    changed: Tracklist = a_set(*tracks[5:], *tracks[:5])
    found = compared(shape(*tracks), json.loads(json.dumps(plain(changed))))
    assert found.summary == "5 rows moved"
