"""A book that is watched keeps which items changed, each under a version that is told only afterwards."""

from __future__ import annotations

import random

import pytest

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.change_log import ChangedItem, ChangeLog
from tlray.core.scheduling.changeset import LaneDeath
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report

K, S = OutcomeKind, ItemState


@pytest.fixture
def watched() -> tuple[Engine, Batch, ChangeLog[ChangedItem]]:
    """An engine with a watched batch of six items of one domain, three of them leased."""
    engine = Engine(lease_s=30.0)
    book = Batch(1, "b1", "", Priority.NORMAL, BatchState.RUNNING, {S.QUEUED: 6}, open_by_domain={"a": 6})
    changes = book.changes = ChangeLog(known_since=book.version)
    engine.open(book, {"a": 6}, now=0.0)
    [lane] = engine.frontier.wanting()
    items = [FrontierItem(i, 1, "a", f"http://a/{i}", f"f{i}") for i in range(1, 7)]
    engine.loaded(lane, items, last_id=6, is_last=True)
    engine.domains["a"].apply_robots("", None, now=0.0)
    engine.grant("L", 3, now=0.0)
    return engine, book, changes


def reported(engine: Engine, *outcomes: Outcome) -> None:
    changeset = decide(engine, Report("L", 1, outcomes, ()), now=5.0, rng=random.Random(1))
    engine.apply(changeset, now=5.0)


def test_items_that_end_or_will_be_tried_again_are_noted(
    watched: tuple[Engine, Batch, ChangeLog[ChangedItem]],
) -> None:
    engine, book, changes = watched
    before = book.version
    reported(engine, Outcome(1, K.FETCHED), Outcome(2, K.TIMEOUT), Outcome(3, K.NOT_BEGUN))
    found, is_complete = changes.take(before)
    assert is_complete
    assert [(c.item_id, c.state, c.attempt, c.reason, c.at) for c in found] == [
        (1, S.SUCCEEDED, 1, None, 5.0),
        (2, S.WAITING, 1, "timeout", 5.0),
    ]
    assert changes.take(book.version) == ([], True)  # what the version shows has been told with it


def test_a_lease_is_no_change_of_an_item_but_one_of_the_counts(
    watched: tuple[Engine, Batch, ChangeLog[ChangedItem]],
) -> None:
    _, book, changes = watched
    assert book.counts[S.LEASED] == 3
    assert book.version > 1
    assert changes.take(1) == ([], True)


@pytest.mark.parametrize("what", ["cancelled", "given up", "retried"])
def test_many_items_at_once_are_a_gap(
    watched: tuple[Engine, Batch, ChangeLog[ChangedItem]], what: str
) -> None:
    engine, book, changes = watched
    before = book.version
    if what == "cancelled":
        engine.cancel_open(1, now=5.0)
    else:
        engine.kill_lane(LaneDeath(1, "a", "parked"), now=5.0, n_queued=3, n_waiting=0)
    if what == "retried":
        before = book.version
        engine.revive(1, {"a": 3}, now=6.0)
    assert changes.take(before) == ([], False)
    assert changes.take(book.version) == ([], True)
