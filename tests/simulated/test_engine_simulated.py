"""The real coordinator, limiter and scrape task in virtual time, over sites that misbehave and processes that die; see
tests/shared/simulated."""

from __future__ import annotations

import itertools

import pytest
from simulated import Site, World, chaos
from simulated.chaos import failure

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchEvent, BatchState, ItemState
from tlray.core.scheduling.batch import Batch

N_SEEDS, AT_ONCE = 120, 8
"""Here; `make chaos ARGS="simulated --seeds 0 20000"` for many."""


@pytest.mark.costly
@pytest.mark.parametrize("first", range(0, N_SEEDS, AT_ONCE))
def test_whatever_happens_every_item_is_accounted_for_and_every_site_treated_well(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        if told := failure(seed):
            pytest.fail(told)


@pytest.mark.costly
def test_a_story_that_fails_is_shrunk_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos, "STORY_STEPS", 200)  # no story ends so soon
    told = (failure(3) or "").splitlines()
    assert told[0].startswith("seed 3: AssertionError: goes on for ever")
    happened = told.index("what happened:")
    n_events = sum(" submit " in line or " pause " in line for line in told[:happened])
    assert n_events <= 1 < len(chaos.story(3).events), "what is not needed is left out"
    assert any(line.endswith("the coordinator is up") for line in told[happened:])


def n_done(book: Batch) -> int:
    return book.counts.get(ItemState.SUCCEEDED, 0)


def test_a_quiet_batch_is_done_at_the_rate_of_its_domains() -> None:
    world = World(1, [Site("a.test"), Site("b.test")])
    book = world.submit({"a.test": 30, "b.test": 10})
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == 40
    assert 30 <= world.loop.now - 1000 <= 40  # a.test: 30 pages and a robots.txt, at 1/s


def test_a_page_that_kills_its_worker_is_isolated_and_dies_and_its_neighbours_live() -> None:
    world = World(2, [Site("a.test", deadly=frozenset({"http://a.test/7"}))])
    book = world.submit({"a.test": 20})
    world.run()
    row = world.rows()[6]
    assert (row.state, row.n_lost, row.attempt) == (ItemState.DEAD, 3, 1)
    assert row.reason == "kills its worker (worker died)"
    assert book.counts[ItemState.SUCCEEDED] == 19


def test_an_isolated_item_of_a_paused_batch_waits_for_its_resumption() -> None:
    world = World(3, [Site("a.test", deadly=frozenset({"http://a.test/1"}))])
    book = world.submit({"a.test": 1})
    world.until(lambda: world.rows()[0].n_lost >= 2)
    world.control(book, BatchEvent.PAUSE)
    world.go_on(600)
    assert book.state is BatchState.PAUSED
    assert book.counts[ItemState.QUEUED] == 1
    world.control(book, BatchEvent.RESUME)
    world.run()
    assert book.counts[ItemState.DEAD] == 1


def test_a_robots_txt_that_cannot_be_had_ends_the_lane_with_a_reason() -> None:
    world = World(4, [Site("a.test", robots_fails=99), Site("b.test")])
    book = world.submit({"a.test": 40, "b.test": 3})
    world.run()
    assert book.counts[ItemState.DEAD] == 40
    assert {row.reason for row in world.rows() if row.domain == "a.test"} == {
        "robots.txt cannot be fetched: 503"
    }


@pytest.mark.costly
def test_a_robots_txt_is_asked_for_again_after_a_day_and_only_then() -> None:
    site = Site("a.test", crawl_delay_s=3600.0)
    world = World(5, [site])
    world.submit({"a.test": 30})
    world.run()
    assert len(site.begins) == 30 + 2


def test_a_slow_site_is_left_alone_after_everything_was_killed_in_the_middle_of_a_fetch() -> None:
    site = Site("a.test", crawl_delay_s=60.0, latency_s=30.0)
    world = World(40, [site])
    world.submit({"a.test": 4})
    world.until(lambda: len(site.begins) == 3)  # robots.txt, a page, and one that is never reported
    world.kill_everything()
    world.run()
    gaps_s = [after - before for before, after in itertools.pairwise(site.begins)]
    assert len(site.begins) > 5
    assert min(gaps_s) >= 59.9


def test_a_site_that_asks_for_no_wait_for_ever_is_not_asked_for_ever_without_one() -> None:
    site = Site("a.test", throttle=1.0, retry_after_s=0.0)
    world = World(6, [site])
    book = world.submit({"a.test": 1}, max_snooze_s=3600.0)
    world.run()
    assert book.counts[ItemState.DEAD] == 1
    assert len(site.begins) < 20


def test_batches_of_one_priority_share_a_slow_domain() -> None:
    world = World(7, [Site("a.test")])
    first, second = world.submit({"a.test": 60}), world.submit({"a.test": 60})
    world.until(lambda: n_done(first) >= 30)
    assert n_done(second) >= 20
    world.run()


def test_an_immediate_batch_overtakes_a_low_one() -> None:
    world = World(8, [Site("a.test")])
    low = world.submit({"a.test": 60}, priority=Priority.LOW)
    world.until(lambda: n_done(low) >= 3)
    n_before = low.counts[ItemState.SUCCEEDED]
    at_once = world.submit({"a.test": 5}, priority=Priority.IMMEDIATE)
    world.until(lambda: at_once.state.is_final)
    assert low.counts[ItemState.SUCCEEDED] - n_before <= 8  # what was leased already
    world.run()


def test_a_domain_in_trouble_does_not_hold_up_the_others() -> None:
    world = World(9, [Site("a.test", outage=(0.0, 1e9)), Site("b.test")])
    book = world.submit({"a.test": 20, "b.test": 20})
    world.until(lambda: n_done(book) >= 20)
    assert world.loop.now - 1000 < 30
    world.run()
    assert book.counts[ItemState.DEAD] == 20


def test_a_cancelled_batch_ends_at_once_and_keeps_what_it_has() -> None:
    world = World(10, [Site("a.test")])
    book = world.submit({"a.test": 50})
    world.until(lambda: n_done(book) >= 10)
    world.control(book, BatchEvent.CANCEL)
    at = world.loop.now
    world.run()
    assert book.state is BatchState.CANCELLED
    assert world.loop.now - at < 10
    assert book.counts[ItemState.SUCCEEDED] >= 10


def test_dead_letters_of_a_finished_batch_are_retried() -> None:
    world = World(11, [Site("a.test", gone=1.0)])
    book = world.submit({"a.test": 5})
    world.run()
    assert book.counts[ItemState.DEAD] == 5
    assert world.states() == {book.batch_id: BatchState.COMPLETED}
    world.sites["a.test"].gone = 0.0
    book = world.retried(book)
    assert book.n_open == 5
    assert world.states() == {book.batch_id: BatchState.RUNNING}
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == 5
    assert world.states() == {book.batch_id: BatchState.COMPLETED}
