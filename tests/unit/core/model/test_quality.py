"""The score of a set: each issue has its name and its price, and the documents say both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from made_sets import a_set, a_track, any_set, mashup_part, with_row

from tlray.core.model.quality import PENALTIES, assess, issue_name
from tlray.model import CuePrecision, Identity, Track, Tracklist

RESULTS = (Path(__file__).parents[4] / "docs" / "results.md").read_text(encoding="utf-8")


def unknown(index: int, cue_s: float | None = None) -> Track:
    return a_track(index, cue_s, artist="ID", title="ID", identity=Identity.ID)


def rows(*cues: float | None, **given: Any) -> list[Track]:
    return [a_track(n, cue_s, **given) for n, cue_s in enumerate(cues, 1)]


def of(*tracks: Track, **given: Any) -> Tracklist:
    return a_set(*tracks, identified_count=sum(t.identity == Identity.IDENTIFIED for t in tracks), **given)


@pytest.mark.parametrize(
    ("made", "score", "issues"),
    [
        (of(*rows(0, 60, 120, 180)), 1.0, []),
        (of(), 0.2, ["no rows", "no start times"]),
        (
            of(a_track(1, 0), unknown(2), a_track(3), a_track(4)),
            round(0.45 * 3 / 4 + 0.35 / 4 + 0.2, 3),
            ["1 of 4 not identified", "3 of 4 without a start time"],
        ),
        (of(*rows(None, None), djs=[], date=None), 0.45, ["no start times", "no DJ named", "no date"]),
        # parts of mashups need no start
        (of(a_track(1, 0), mashup_part(2, 1), mashup_part(3, 1)), 1.0, []),
        # as few as possible are out of order: one late row among four, not three early ones
        (of(*rows(0, 900, 60, 120)), round(0.65 + 0.35 * 3 / 4, 3), ["1 of 4 start times out of order"]),
        (of(*rows(0, 60, 60, 120)), 1.0, []),
        # each recording has its own order
        (of(*rows(0, 60, recording=1), a_track(3, 5, recording=2)), 1.0, []),
        (
            of(*rows(0, 60, 400, 500), duration_s=300.0),
            round(0.65 + 0.35 / 2, 3),
            ["2 of 4 start times past the end"],
        ),
        # a length of several recordings is the length of none
        (of(*rows(0, 60, 400), duration_s=300.0, recordings=["a", "b"]), 1.0, []),
        (
            of(*rows(0, 60, cue_precision=CuePrecision.MINUTE)),
            0.825,
            ["2 of 2 start times to the minute"],
        ),
        (
            of(*rows(0, 60), a_track(3, 60, artist="Artist 2", title="TITLE 2"), a_track(4, 90)),
            0.887,
            ["1 of 4 rows are there twice"],
        ),
        # a reprise is no mistake, and an ID is no track
        (of(*rows(0, 60), a_track(3, 90, artist="Artist 1", title="Title 1")), 1.0, []),
        (of(unknown(1, 0), unknown(2, 30)), 0.55, ["2 of 2 not identified"]),
        (of(with_row(1, 1, 0.0), quality_issues=["decoy_suspected"]), 0.8, ["decoy_suspected"]),
        (of(*rows(0), quality_issues=["encoding_guessed", "gap"]), 0.85, ["encoding_guessed", "gap"]),
        (of(*rows(0), quality_issues=["incomplete", "1 unreadable character"]), 0.9, ["incomplete", "1 unreadable character"]),
    ],
)  # fmt: skip
def test_a_score_says_what_is_missing_and_what_is_wrong(
    made: Tracklist, score: float, issues: list[str]
) -> None:
    assert assess(made) == (score, issues)


@given(any_set())
def test_any_set_has_a_score_and_is_judged_the_same_twice(made: Tracklist) -> None:
    score, issues = assess(made)
    assert 0 <= score <= 1
    made.quality_issues = issues
    assert assess(made) == (score, issues)


@pytest.mark.parametrize(
    ("issue", "name"),
    [
        ("3 of 21 not identified", "not identified"),
        ("1 of 4 rows are there twice", "rows are there twice"),
        ("1 unreadable character", "unreadable characters"),
        ("2 unreadable characters", "unreadable characters"),
        ("12 chapters are no tracks", "chapters are no tracks"),
        ("mixed: medium 2 only", "mixed: medium only"),
        ("no start times", "no start times"),
        ("encoding_guessed", "encoding_guessed"),
    ],
)
def test_an_issue_is_counted_by_its_name(issue: str, name: str) -> None:
    assert issue_name(issue) == name


def test_every_issue_is_documented_with_its_price() -> None:
    for issue, price in PENALTIES.items():
        assert f"| `{issue}` | {price:g} |" in RESULTS, issue
    for words in (
        "not identified", "without a start time", "no start times", "start times out of order",
        "start times past the end", "start times to the minute", "rows are there twice", "no DJ named", "no date",
    ):  # fmt: skip
        assert f"{words}` |" in RESULTS, words
