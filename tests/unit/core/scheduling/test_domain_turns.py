"""A domain's next turn is as far off as its rate makes it, and another rate is another turn."""

from __future__ import annotations

import math
import random

import pytest

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.override import DomainOverride
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.robots import NOT_ITS_TURN
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report

SITE, HOUR_S = "a.test", 3_600.0
SLOW = PolitenessOptions(rates={SITE: (1 / HOUR_S, 1.0)})


def opened(
    engine: Engine,
    batch: int,
    politeness: PolitenessOptions,
    state: BatchState = BatchState.RUNNING,
    *,
    n: int = 2,
) -> Batch:
    book = Batch(
        batch, f"b{batch}", "", Priority.NORMAL, state, {ItemState.QUEUED: n}, open_by_domain={SITE: n}, politeness=politeness
    )  # fmt: skip
    engine.open(book, {SITE: n}, now=0.0)
    for lane in engine.frontier.wanting():
        first = batch * 100
        items = [FrontierItem(i, batch, SITE, f"http://{SITE}/{i}", f"f{i}") for i in range(first, first + n)]
        engine.loaded(lane, items, last_id=first + n, is_last=True)
    engine.domains[SITE].apply_robots("", None, now=0.0)
    return book


def told_to_wait(engine: Engine, lease_id: str = "L") -> None:
    """A task is given an item and gives it back: the domain's turn is an hour off."""
    [item] = engine.grant(lease_id, 1, now=0.0).items
    outcome = Outcome(item.item_id, OutcomeKind.NOT_BEGUN, retry_after_s=HOUR_S)
    changeset = decide(engine, Report(lease_id, 1, (outcome,)), now=0.0, rng=random.Random(1))
    assert changeset.cool_downs == [], "nothing that the site asks for, and so nothing to be written down"
    engine.apply(changeset, now=0.0)
    engine.end(lease_id)
    assert engine.domains[SITE].is_cooling(1.0)
    assert not engine.grant("M", 1, now=1.0)


@pytest.mark.parametrize("state", [BatchState.SCHEDULED, BatchState.PAUSED])
def test_a_batch_of_which_nothing_is_fetched_has_no_say_in_a_rate_beside_others(state: BatchState) -> None:
    engine = Engine()
    opened(engine, 1, SLOW, state)
    opened(engine, 2, PolitenessOptions())
    domain = engine.domains[SITE]
    assert domain.effective.rate == 1.0
    engine.batches[1].state = BatchState.RUNNING
    engine.begin(1, now=0.0)
    assert domain.effective.rate == 1 / HOUR_S
    assert engine.registry.changed(now=0.0, is_current=lambda _: False) == {SITE}, "its limiter is told"
    engine.batches[1].state = BatchState.PAUSED
    engine.pause(1, is_paused=True)
    assert domain.effective.rate == 1.0
    engine.check_invariants()


def test_a_turn_that_was_far_off_comes_when_the_batch_that_made_it_so_is_over_or_paused() -> None:
    for ends in (True, False):
        engine = Engine()
        slow = opened(engine, 1, SLOW, n=1)
        opened(engine, 2, PolitenessOptions())
        told_to_wait(engine)
        if ends:
            engine.close(slow.id, now=0.0)
        else:
            slow.state = BatchState.PAUSED
            engine.pause(slow.id, is_paused=True)
        assert not engine.domains[SITE].is_cooling(1.0)
        assert engine.grant("N", 1, now=1.0).items


def test_a_turn_comes_at_once_at_the_rate_that_a_person_sets() -> None:
    engine = Engine()
    opened(engine, 1, SLOW)
    told_to_wait(engine)
    engine.registry.set_override(SITE, DomainOverride(rate=1 / HOUR_S / 2))
    assert engine.domains[SITE].is_cooling(1.0), "slower is no reason to go sooner"
    engine.registry.set_override(SITE, DomainOverride(rate=5.0))
    assert engine.grant("N", 1, now=1.0).items


def test_a_rest_that_the_site_asked_for_stays_whatever_the_rate() -> None:
    engine = Engine()
    opened(engine, 1, SLOW)
    told_to_wait(engine)
    engine.cool_down(SITE, 60.0, "throttled: 429")
    assert (engine.domains[SITE].cool_until, engine.domains[SITE].cool_reason) == (
        HOUR_S,
        "its next turn is far off",
    )
    engine.registry.set_override(SITE, DomainOverride(rate=5.0))
    assert (engine.domains[SITE].cool_until, engine.domains[SITE].cool_reason) == (60.0, "throttled: 429")
    assert not engine.grant("N", 1, now=59.0)
    engine.tick(60.0)
    assert engine.grant("N", 1, now=60.0).items


def test_a_robots_txt_whose_turn_is_far_off_is_no_rest_either() -> None:
    engine = Engine()
    opened(engine, 1, SLOW)
    domain = engine.domains[SITE]
    domain.forget_robots()
    for wait_s in (HOUR_S, 60.0):  # the shorter one changes nothing
        assert not domain.count_robots_failure(NOT_ITS_TURN, now=0.0, retry_after_s=wait_s)
    assert (domain.cool_until, domain.rest_until) == (HOUR_S, -math.inf)
    engine.registry.set_override(SITE, DomainOverride(rate=5.0))
    assert not domain.is_cooling(1.0)
