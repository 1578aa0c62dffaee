"""What is counted for metrics: items that become final, by whatever way; attempts as the journal has them; each rest once."""

from __future__ import annotations

import random

import pytest

from tlray.core.model.discovery import AddedItems
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import LOST, Changeset, LaneDeath
from tlray.core.scheduling.crash_suspect import CrashSuspect
from tlray.core.scheduling.decide import decide, decide_lost, give_back
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report

K, S = OutcomeKind, ItemState


def opened(n: int) -> tuple[Engine, Batch]:
    engine = Engine(lease_s=30.0)
    book = Batch(
        1, "b1", "", Priority.NORMAL, BatchState.RUNNING, {S.QUEUED: n}, open_by_domain={"a.test": n}
    )
    engine.open(book, {"a.test": n}, now=0.0)
    (lane,) = engine.frontier.wanting()
    items = [FrontierItem(i, 1, "a.test", f"http://a.test/{i}", f"f{i}") for i in range(1, n + 1)]
    engine.loaded(lane, items, last_id=n, is_last=True)
    engine.domains["a.test"].apply_robots("", None, now=0.0)
    return engine, book


def leased(engine: Engine, n: int) -> list[FrontierItem]:
    assert engine.grant("L", n, now=0.0)
    return list(engine.leases["L"].items.values())


def judged(engine: Engine, *outcomes: Outcome, now: float = 0.0) -> Changeset:
    return decide(engine, Report("L", 1, outcomes), now=now, rng=random.Random(1))


def test_whatever_makes_an_item_final_is_counted_once() -> None:
    engine, book = opened(9)
    first, second, third = leased(engine, 3)
    outcomes = [
        Outcome(first.id, K.FETCHED, n_sets=1),
        Outcome(second.id, K.GONE, status=404),
        Outcome(third.id, K.TIMEOUT),
    ]
    engine.apply(judged(engine, *outcomes), now=0.0)
    assert engine.open_items.take_finals() == {S.SUCCEEDED: 1, S.DEAD: 1}, "a retry is no end"
    assert engine.open_items.take_finals() == {}

    book.add_found(AddedItems(first.id, 1, "5 sets listed", 2, 0, {"a.test": 2}, n_skipped=3))
    assert engine.open_items.take_finals() == {S.SKIPPED: 3}

    engine.cancel_open(1, now=0.0)
    assert engine.open_items.take_finals()[S.CANCELLED] == book.counts[S.CANCELLED] == book.total - 5


def test_items_of_a_lane_that_is_given_up_are_counted_and_a_retried_one_again() -> None:
    engine, book = opened(4)
    engine.kill_lane(LaneDeath(1, "a.test", "parked"), now=0.0, n_queued=4, n_waiting=0)
    assert engine.open_items.take_finals() == {S.DEAD: 4}
    engine.revive(1, {"a.test": 2}, now=0.0)
    assert not engine.open_items.take_finals()
    assert (book.counts[S.DEAD], book.counts[S.QUEUED]) == (2, 2)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome(1, K.TIMEOUT, started_at=1.0), "timeout"),
        (Outcome(1, K.FETCHED, n_sets=1), "fetched"),
        (Outcome(1, K.NOT_BEGUN), None),
    ],
)
def test_an_attempt_has_the_kind_of_its_outcome_and_one_that_did_not_begin_is_none(
    outcome: Outcome, kind: str | None
) -> None:
    engine, _ = opened(1)
    leased(engine, 1)
    [change] = judged(engine, outcome).changes
    assert change.attempted == kind


def test_of_a_lost_lease_the_suspects_have_an_attempt_and_what_is_given_back_has_none() -> None:
    engine, _ = opened(2)
    suspect, innocent = leased(engine, 2)
    lost = decide_lost(engine, "L", "worker died", CrashSuspect(item_id=suspect.id))
    assert {change.item.id: change.attempted for change in lost.changes} == {
        suspect.id: LOST,
        innocent.id: None,
    }
    assert {change.attempted for change in give_back(engine, "L").changes} == {None}


def test_a_block_that_was_in_flight_when_the_domain_began_to_rest_tells_of_no_other_rest() -> None:
    engine, _ = opened(2)
    first, second = leased(engine, 2)
    began = judged(engine, Outcome(first.id, K.BLOCKED, reason="captcha"))
    engine.apply(began, now=0.0)
    later = judged(engine, Outcome(second.id, K.BLOCKED, reason="captcha"), now=1.0)
    assert [rest.prolongs for rest in (*began.cool_downs, *later.cool_downs)] == [False, True]
