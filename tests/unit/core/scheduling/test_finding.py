"""A page that lists sets, in the engine: what is decided about it, and what is in memory when the journal has added its sets."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tlray.core.model.discovery import AddedItems, FoundUrl, PageFound
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.change_log import ChangeLog
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report

S = ItemState
FINDS = BatchConfig(max_found=9)
FOUND = (
    FoundUrl("http://a.test/7", "a.test", "f7"), FoundUrl("http://b.test/8", "b.test", "f8"),
    FoundUrl("http://a.test/list?2", "a.test", "url:2", True),
)  # fmt: skip
LISTED = Outcome(1, OutcomeKind.LISTED, reason="2 links left out", found=FOUND)


def leased(config: BatchConfig | None = FINDS) -> tuple[Engine, Batch]:
    """Make an engine with a batch of one item, which is leased."""
    engine = Engine()
    batch = Batch(
        1,
        "b1",
        "",
        Priority.NORMAL,
        BatchState.RUNNING,
        {S.QUEUED: 1},
        open_by_domain={"a.test": 1},
        terms=config,
    )
    engine.open(batch, {"a.test": 1}, now=0.0)
    [lane] = engine.frontier.wanting()
    engine.loaded(
        lane, [FrontierItem(1, 1, "a.test", "http://a.test/list", "url:1")], last_id=1, is_last=True
    )
    engine.domains["a.test"].apply_robots("", None, now=0.0)
    assert engine.grant("L", 9, now=0.0)
    return engine, batch


def decided(engine: Engine, outcome: Outcome) -> Changeset:
    return decide(engine, Report("L", 1, (outcome,)), now=0.0, rng=random.Random(1))


def test_what_a_page_lists_is_a_part_of_the_changeset() -> None:
    engine, _ = leased()
    changeset = decided(engine, LISTED)
    [item] = engine.leases["L"].items.values()
    assert changeset.found == [PageFound(item, FOUND, False, 9, False, "2 links left out")]
    assert changeset.changes[0].after is S.SUCCEEDED
    [page] = decided(engine, replace(LISTED, kind=OutcomeKind.FETCHED, from_public=True)).found
    assert (page.from_public, page.note) == (True, None), "a feed is a page of sets, and lists some"


@pytest.mark.parametrize(
    ("config", "state", "outcome"),
    [
        (None, BatchState.RUNNING, LISTED),  # of an older tlray
        (BatchConfig(), BatchState.RUNNING, LISTED),  # it finds no sets
        (BatchConfig(max_found=9), BatchState.CANCELLING, LISTED),
        (BatchConfig(max_found=9), BatchState.RUNNING, replace(LISTED, found=())),
        (BatchConfig(max_found=9), BatchState.RUNNING, replace(LISTED, kind=OutcomeKind.GONE)),
    ],
)
def test_nothing_is_added_where_nothing_is_wanted(
    config: BatchConfig | None, state: BatchState, outcome: Outcome
) -> None:
    engine, batch = leased(config)
    batch.state = state
    assert decided(engine, outcome).found == []


def test_what_the_journal_has_added_is_queued_with_its_domains_and_the_page_says_what_it_was() -> None:
    engine, batch = leased()
    changeset = decided(engine, LISTED)
    added = AddedItems(1, 1, "2 sets listed, 2 new", 2, 1, {"a.test": 2, "b.test": 1})
    assert engine.apply(changeset, now=0.0, added=[added]) == [], "it is not finished"
    engine.check_invariants()
    assert changeset.changes[0].reason == "2 sets listed, 2 new"
    assert batch.counts == {S.QUEUED: 3, S.LEASED: 0, S.SUCCEEDED: 1, S.SKIPPED: 0}
    assert (batch.total, batch.n_found, batch.n_lists) == (4, 2, 1)
    assert batch.open_by_domain == {"a.test": 2, "b.test": 1}
    assert {lane.domain for lane in engine.frontier.wanting()} == {"a.test", "b.test"}
    assert "b.test" in engine.robots_queue, "before anything of it is fetched"


@pytest.mark.parametrize("is_watched", [False, True])
def test_sets_that_are_only_found_are_no_work(is_watched: bool) -> None:
    engine, batch = leased()
    batch.changes = ChangeLog(known_since=batch.version) if is_watched else None
    added = AddedItems(1, 1, "2 sets listed, 2 new", 2, 0, n_skipped=2)
    assert engine.apply(decided(engine, LISTED), now=0.0, added=[added]) == [1], "it is finished"
    assert (batch.counts[S.SKIPPED], batch.n_open) == (2, 0)
    if batch.changes is not None:
        assert batch.changes.take(1) == ([], False), "who watches reads them from the list of items"


def test_what_comes_to_a_domain_that_is_given_up_ends_with_it() -> None:
    engine, batch = leased()
    batch.counts[S.QUEUED] = batch.open_by_domain["b.test"] = 1
    batch.open_items.add("", 1)
    engine.frontier.restock(1, "b.test", Priority.NORMAL, 1)
    engine.registry.register("b.test", batch, 0.0).parked = "parked: blocked 5 times in a row"
    changeset = decided(engine, LISTED)
    assert changeset.deaths == [LaneDeath(1, "b.test", "parked: blocked 5 times in a row")]
    engine.prepare(changeset)
    added = AddedItems(1, 1, "2 sets listed, 2 new", 2, 1, {"a.test": 2, "b.test": 1})
    engine.apply(changeset, now=0.0, killed=[(2, 0)], added=[added])
    engine.check_invariants()
    assert (batch.counts[S.DEAD], batch.counts[S.QUEUED]) == (2, 2)
