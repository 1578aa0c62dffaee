"""What a batch's counts say, held against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlray.core.audit.findings import (
    MAX_EXAMPLES,
    REMEDIES,
    BatchCounts,
    Finding,
    FindingKind,
    Findings,
    check_counts,
)
from tlray.core.model.lifecycle import BatchState, ItemState

RIGHT = BatchCounts(
    BatchState.COMPLETED, {ItemState.SUCCEEDED: 7, ItemState.DEAD: 1}, n_lines=11, n_duplicates=2, n_rejected=1,
    n_duplicate_lines=2, n_rejected_lines=1, n_sets=7, n_tracks=70, n_sets_of_parts=7, n_tracks_of_parts=70,
)  # fmt: skip


def said(books: BatchCounts) -> list[str]:
    return [finding.what for finding in check_counts(books)]


def test_books_that_balance_say_nothing() -> None:
    assert said(RIGHT) == []
    assert (RIGHT.total, RIGHT.n_open) == (8, 0)
    assert said(replace(RIGHT, n_items_made=8)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"n_lines": 12},
            "8 items + 2 duplicates + 1 rejected lines are 11, but the list's lines on record are 12",
        ),
        ({"n_duplicate_lines": 1}, "the batch counts 2 duplicate lines, its rows add up to 1"),
        ({"n_rejected_lines": 0}, "the batch counts 1 rejected lines, its rows add up to 0"),
        ({"n_sets_of_parts": 6}, "the batch counts 7 sets, its rows add up to 6"),
        ({"n_items_made": 9}, "its list made 9 items, 8 are in the journal"),
        ({"n_tracks": 71}, "the batch counts 71 tracks, its rows add up to 70"),
        ({"counts": {ItemState.SUCCEEDED: 7, ItemState.QUEUED: 1}}, "it is completed, but 1 item open"),
        (
            {"counts": {ItemState.SUCCEEDED: 7, ItemState.CANCELLED: 1}},
            "it is completed, but 1 item cancelled",
        ),
    ],
)
def test_each_disagreement_is_said(change: dict[str, object], words: str) -> None:
    assert said(replace(RIGHT, **change)) == [words]  # type: ignore[arg-type]


def test_a_batch_that_runs_may_have_open_items_and_a_cancelled_one_cancelled_ones() -> None:
    counts = {ItemState.SUCCEEDED: 6, ItemState.LEASED: 1, ItemState.WAITING: 1}
    assert said(replace(RIGHT, state=BatchState.RUNNING, counts=counts)) == []
    counts = {ItemState.SUCCEEDED: 6, ItemState.CANCELLED: 2}
    assert said(replace(RIGHT, state=BatchState.CANCELLED, counts=counts)) == []


def test_every_kind_has_a_cure_and_only_the_first_places_are_kept() -> None:
    assert set(REMEDIES) == set(FindingKind)
    found = Findings()
    for item in range(MAX_EXAMPLES + 5):
        found.add(Finding(FindingKind.ROW_MISSING, "x", item_id=item))
    assert (len(found), len(found.examples[FindingKind.ROW_MISSING])) == (MAX_EXAMPLES + 5, MAX_EXAMPLES)


def test_a_place_is_told_as_far_as_it_is_known() -> None:
    assert (
        Finding(FindingKind.ROW_TWICE, "x", part="p", item_id=3, line=4, url="u").where
        == "part p, item 3, line 4, u"
    )
    assert Finding(FindingKind.BOOKS, "x").where == ""
