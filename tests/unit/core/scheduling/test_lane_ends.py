"""The ends of lanes: part of the changeset that causes them, and nothing is leased of a lane while its end is written down."""

from __future__ import annotations

import random

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind, ReusableResult
from tlray.core.politeness.domain import PARK_AFTER_BLOCKS
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.frontier import Frontier
from tlray.core.scheduling.lease import Report

S = ItemState
DEATH = LaneDeath(1, "a.test", "parked: blocked")


def engine_of(n: int, *, state: BatchState = BatchState.RUNNING) -> tuple[Engine, Batch]:
    engine = Engine()
    book = Batch(1, "b1", "", Priority.NORMAL, state, {S.QUEUED: n}, open_by_domain={"a.test": n})
    engine.open(book, {"a.test": n}, now=0.0)
    [lane] = engine.frontier.wanting()
    items = [FrontierItem(i, 1, "a.test", f"http://a.test/{i}", f"f{i}") for i in range(1, n + 1)]
    engine.loaded(lane, items, last_id=n, is_last=True)
    engine.domains["a.test"].apply_robots("", None, now=0.0)
    return engine, book


def test_the_block_that_parks_a_domain_ends_its_lanes_in_the_same_verdict() -> None:
    engine, book = engine_of(3)
    engine.domains["a.test"].n_blocks = PARK_AFTER_BLOCKS - 1
    assert engine.grant("L", 1, now=0.0).items
    outcomes = (Outcome(1, OutcomeKind.BLOCKED, reason="captcha"),)
    changeset = decide(engine, Report("L", 1, outcomes), now=0.0, rng=random.Random(1))
    assert changeset.deaths == [LaneDeath(1, "a.test", f"parked: blocked {PARK_AFTER_BLOCKS} times in a row")]
    assert engine.domains["a.test"].parked is None, "nothing is changed by deciding"
    engine.prepare(changeset)
    assert engine.apply(changeset, now=0.0, killed=[(2, 0)]) == [1]
    assert book.counts[S.DEAD] == 3
    engine.check_invariants()


def test_a_batch_that_is_not_open_may_be_closed_again() -> None:
    engine, _ = engine_of(1)
    engine.close(7, now=0.0)
    engine.check_invariants()


def test_two_changesets_may_end_a_lane_at_once() -> None:
    frontier = Frontier()
    frontier.close_lane(1, "a.test")  # it has no lane yet, and may get one meanwhile
    frontier.close_lane(1, "a.test")
    frontier.push(FrontierItem(1, 1, "a.test", "http://a.test/1", "f1"), Priority.NORMAL)
    frontier.reopen_lane(1, "a.test")
    assert frontier.is_closed(1, "a.test")
    assert not frontier.takeable_domains()
    frontier.reopen_lane(1, "a.test")
    assert not frontier.is_closed(1, "a.test")


def test_kept_results_answer_nothing_of_a_lane_whose_end_is_written_down() -> None:
    engine, book = engine_of(2)
    book.is_matching, book.fresh_for_s = True, 60.0
    engine.frontier.pause(1, is_paused=True)
    changeset = Changeset("", deaths=[DEATH])
    engine.prepare(changeset)
    ticket = engine.reuse.ticket(1)
    [lane] = engine.frontier.lanes_at("a.test")
    assert engine.reuse.offer(1, [(lane.ready[0], ReusableResult("b0", "s", 9, 0.0, None))], ticket)
    assert not engine.grant("L", 9, now=0.0)
    assert engine.apply(changeset, now=0.0, killed=[(2, 0)]) == [1]
    engine.check_invariants()
