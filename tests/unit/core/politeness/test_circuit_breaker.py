"""A domain that does not answer rests and is probed; one that blocks again and again is parked."""

from __future__ import annotations

import pytest
from simulated import Site, World

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.circuit_breaker import LONGEST_REST_S, CircuitBreaker
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.scheduling.changeset import LaneDeath
from tlray.core.scheduling.lease import LeasedItem
from tlray.core.scheduling.snapshot import snapshot

K = OutcomeKind


def fail(
    breaker: CircuitBreaker, *items: int, now: float = 0.0, cool_until: float = -1.0
) -> list[float | None]:
    return [breaker.count(i, K.CONNECT, now=now, cool_until=cool_until) for i in items]


def test_five_different_items_without_an_answer_open_it_and_any_answer_closes_it() -> None:
    breaker = CircuitBreaker()
    assert fail(breaker, 1, 2, 3, 3, 3, 4) == [None] * 6
    assert breaker.count(9, K.NOT_BEGUN, now=0.0, cool_until=-1.0) is None
    assert fail(breaker, 5) == [1.0]
    assert breaker.open_since == 0.0
    assert fail(breaker, 6, now=0.4, cool_until=1.0) == [0.6]  # it was in flight already
    assert fail(breaker, 1, now=1.0, cool_until=1.0) == [2.0]
    for n in range(30):
        fail(breaker, 1, now=10_000.0 * (n + 1))
    assert breaker.rest_s == LONGEST_REST_S
    assert breaker.count(1, K.GONE, now=0.0, cool_until=-1.0) is None
    assert (breaker.open_since, breaker.n_rests, breaker.failed) == (None, 0, set())


def test_an_open_breaker_lets_one_probe_through() -> None:
    state = DomainState("a.test", DomainPolicy(5.0, concurrency=4))
    state.apply_robots("", None, now=0.0)
    state.count([Outcome(i, K.TIMEOUT) for i in range(8)], now=1.0)
    assert state.breaker.n_rests == 1  # one report is one step
    assert state.effective.concurrency == 1
    assert (state.allowance("A", 1.0), state.owed_allowance("A", 1.0, 2)) == (1, 1)  # type: ignore[arg-type]
    state.lease("A")
    assert (state.allowance("A", 1.0), state.owed_allowance("A", 1.0, 2)) == (0, 0)  # type: ignore[arg-type]
    state.count([Outcome(1, K.FETCHED)], now=2.0)
    assert state.effective.concurrency == 4


def test_an_outage_spends_no_attempts_and_the_batch_goes_on_after_it() -> None:
    site = Site("a.test", outage=(1_020.0, 4_000.0))
    world = World(1, [site])
    book = world.submit({"a.test": 60}, rate=2.0, max_attempts=3)
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == 60
    in_outage = [at for at in site.begins if 1_020 <= at < 4_000]
    assert len(in_outage) < 40
    assert world.loop.now < 4_400


def test_a_domain_that_is_gone_for_longer_than_items_may_wait_is_parked() -> None:
    site = Site("a.test", outage=(1_020.0, 1e9))
    world = World(2, [site])
    book = world.submit({"a.test": 60}, rate=2.0, max_snooze_s=3_600.0)
    world.run()
    assert book.counts[ItemState.DEAD] > 20
    reasons = {row.reason for row in world.rows() if row.state is ItemState.DEAD}
    assert any(reason and reason.startswith("parked: no answer for 1") for reason in reasons)
    site.outage = (0.0, 0.0)
    book = world.retried(book)
    assert book.n_open
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == 60


class Blocking(Site):
    """Blocks for ever, from the tenth page on."""

    def answer(self, item: LeasedItem, now: float, rng: object) -> tuple[float, Outcome]:
        kind = K.FETCHED if len(self.begins) < 10 else K.BLOCKED
        return 0.1, Outcome(item.item_id, kind, n_sets=kind is K.FETCHED, reason="wait")


def test_a_domain_that_blocks_four_times_in_a_row_is_parked_and_says_so() -> None:
    world = World(3, [Blocking("a.test"), Site("b.test")])
    book = world.submit({"a.test": 60, "b.test": 9}, rate=2.0)
    told: list[str] = []
    while not book.state.is_final:
        world.step()
        found = snapshot(book, world.engine.domains, now=world.loop.now, wall=0.0)
        told += found["parked"].values()
    world.check()
    assert 3.5 * 3_600 <= world.loop.now - 1_000 <= 4 * 3_600
    assert book.counts[ItemState.SUCCEEDED] == 9 + 8
    reasons = {row.reason for row in world.rows() if row.state is ItemState.DEAD}
    assert reasons == {"parked: blocked 4 times in a row"}
    assert set(told) == reasons
    death = LaneDeath(book.id, "a.test", "parked")
    assert not world.engine.kill_lane(death, now=world.loop.now, n_queued=0, n_waiting=0)  # twice is once
    state = world.engine.domains["a.test"]
    state.try_again(now=0.0)
    assert state.parked is None


@pytest.mark.parametrize("open_since", [None, 5.0])
def test_what_a_person_wants_tried_is_tried_anew(open_since: float | None) -> None:
    state = DomainState("a.test", DomainPolicy(1.0), parked="parked: blocked 4 times in a row")
    state.breaker.open_since = open_since
    state.try_again(now=9_000.0)
    assert state.parked_reason(100.0, now=9_050.0) is None
    assert (state.parked_reason(100.0, now=9_200.0) is None) == (open_since is None)
