"""The whole engine in virtual time, over sites that misbehave and tasks that die; see simulated/"""

from __future__ import annotations

import random

import pytest
from simulated import Chances, Site, World

from tlray.core.books import BatchBook
from tlray.core.frontier import Priority
from tlray.core.lifecycle import BatchEvent, BatchState, ItemState

NAMES = [f"{letter}.test" for letter in "abcdef"]
CHAOS_S = 60.0


def bad_site(name: str, r: random.Random) -> Site:
    """Make a site with a temper of its own."""
    site = Site(name, latency_s=r.choice([0.02, 0.3, 2.0]))
    site.error = r.choice([0, 0, 0.1, 0.4])
    site.throttle, site.retry_after_s = r.choice([0, 0, 0.2]), r.choice([None, 0.0, 3.0, 40.0])
    site.block, site.gone = r.choice([0, 0, 0, 0.05]), r.choice([0, 0, 0.2])
    site.hop_to, site.hop = r.choice(NAMES), r.choice([0, 0, 0.3])
    site.outage = r.choice([(0.0, 0.0), (1000 + 20 * r.random(), 1000 + 200 * r.random())])
    site.crawl_delay_s = r.choice([None, None, 0.01, 0.5, 4.0])
    site.robots_fails = r.choice([0, 0, 1, 3, 9])
    site.robots_at = r.choice([None] * 6 + [f"http://{r.choice(NAMES)}/robots.txt"])
    return site


def chaotic_world(seed: int) -> World:
    """Make a world in which anything may happen during the first minute."""
    r = random.Random(seed)
    chances = Chances(r.choice([0, 0.05]), r.choice([0, 0.1]), r.choice([0.001, 0.2]))
    world = World(seed, [bad_site(n, r) for n in NAMES], chances=chances, max_workers=r.choice([1, 2, 4]))
    books: list[BatchBook] = []

    def submit() -> None:
        urls = {name: r.choice([1, 5, 40]) for name in r.sample(NAMES, r.randint(1, 5))}
        rate = r.choice([None, 5.0, 20.0, 200.0])
        books.append(
            world.submit(
                urls, priority=r.choice(list(Priority)), rate=rate, max_attempts=3, max_snooze_s=7200.0
            )
        )
        deadly = r.choice(list(world.journal.rows.values()))
        if r.random() < 0.4:
            world.sites[deadly.domain].deadly |= {deadly.fingerprint}

    def strike() -> None:
        book, tasks = r.choice(books), list(world.tasks.values())
        blow = r.randrange(8)
        if blow < 2:
            world.control(book, BatchEvent.PAUSE)
            world.loop.after(20 * r.random(), lambda: world.control(book, BatchEvent.RESUME))
        elif blow == 2 and r.random() < 0.3:
            world.control(book, BatchEvent.CANCEL)
        elif blow == 3:
            world.retry(book)
        elif blow == 4:
            world.restart_limiter()
        elif tasks:
            (world.hang if blow == 5 else world.kill)(r.choice(tasks))

    submit()
    for _ in range(r.randint(0, 2)):
        world.loop.after(20 * r.random(), submit)
    for _ in range(r.choice([0, 6, 20])):
        world.loop.after(CHAOS_S * r.random(), strike)
    return world


N_SOON = 12
"""Seeds of every run of the tests; the others come with those that are marked slow."""


@pytest.mark.parametrize(
    "seed", [*range(N_SOON), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(N_SOON, 64))]
)
def test_whatever_happens_every_item_is_accounted_for_and_every_site_treated_well(seed: int) -> None:
    world = chaotic_world(seed)
    world.run(at_least_until=1000 + 1.5 * CHAOS_S)


def test_a_quiet_batch_is_done_at_the_rate_of_its_domains() -> None:
    world = World(1, [Site("a.test"), Site("b.test")])
    book = world.submit({"a.test": 30, "b.test": 10})
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == 40
    assert 30 <= world.loop.now - 1000 <= 40  # a.test: 30 pages and a robots.txt, at 1/s


def test_a_page_that_kills_its_worker_is_isolated_and_dies_and_its_neighbours_live() -> None:
    world = World(2, [Site("a.test", deadly=frozenset({"f7"}))])
    book = world.submit({"a.test": 20})
    world.run()
    row = world.journal.rows[7]
    assert (row.state, row.n_lost, row.attempt) == (ItemState.DEAD, 3, 1)
    assert row.reason == "kills its worker (worker died)"
    assert book.counts[ItemState.SUCCEEDED] == 19


def test_an_isolated_item_of_a_paused_batch_waits_for_its_resumption() -> None:
    world = World(3, [Site("a.test", deadly=frozenset({"f1"}))])
    book = world.submit({"a.test": 1})
    while world.journal.rows[1].n_lost < 2:
        world.loop.step()
    world.control(book, BatchEvent.PAUSE)
    until = world.loop.now + 600
    while world.loop.now < until:
        world.loop.step()
        world.check()
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
    assert {row.reason for row in world.journal.rows.values() if row.domain == "a.test"} == {
        "robots.txt cannot be had: 503"
    }


def test_a_robots_txt_is_asked_for_again_after_a_day_and_only_then() -> None:
    site = Site("a.test", crawl_delay_s=3600.0)
    world = World(5, [site])
    world.submit({"a.test": 30})
    world.run()
    assert len(site.begins) == 30 + 2


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
    while first.counts.get(ItemState.SUCCEEDED, 0) < 30:
        world.loop.step()
    assert second.counts.get(ItemState.SUCCEEDED, 0) >= 20
    world.run()


def test_an_immediate_batch_overtakes_a_low_one() -> None:
    world = World(8, [Site("a.test")])
    low = world.submit({"a.test": 60}, priority=Priority.LOW)
    while low.counts.get(ItemState.SUCCEEDED, 0) < 3:
        world.loop.step()
    n_before = low.counts[ItemState.SUCCEEDED]
    at_once = world.submit({"a.test": 5}, priority=Priority.IMMEDIATE)
    while not at_once.state.is_final:
        world.loop.step()
    assert low.counts[ItemState.SUCCEEDED] - n_before <= 8  # what was leased already
    world.run()


def test_a_domain_in_trouble_does_not_hold_up_the_others() -> None:
    world = World(9, [Site("a.test", outage=(0.0, 1e9)), Site("b.test")])
    book = world.submit({"a.test": 20, "b.test": 20})
    while book.counts.get(ItemState.SUCCEEDED, 0) < 20:
        world.loop.step()
    assert world.loop.now - 1000 < 30
    world.run()
    assert book.counts[ItemState.DEAD] == 20


def test_a_cancelled_batch_ends_at_once_and_keeps_what_it_has() -> None:
    world = World(10, [Site("a.test")])
    book = world.submit({"a.test": 50})
    while book.counts.get(ItemState.SUCCEEDED, 0) < 10:
        world.loop.step()
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
    world.sites["a.test"].gone = 0.0
    world.loop.spawn(world._retry(book))
    while not book.n_open:
        world.loop.step()
    world.run()
    assert book.counts[ItemState.SUCCEEDED] == 5
    assert world.finished[book.id] == 2
