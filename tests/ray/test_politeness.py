"""At the site's socket, by the kernel's own clock: no window holds more than was promised, whatever the machine does.

Only bounds that a busy machine cannot break are held here. How much of an allowed rate is used, and how soon a pause or
an urgent batch is seen, is measured alone, by ``python -m benchmarks politeness``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from conftest import wait_until
from running import Running, client_of, kill

from benchmarks.arrival_times import room_left
from benchmarks.recorded_run import VICTIMS, Site, recording_site
from tlray.core.model.item import Priority
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.rows import BatchOptions

pytestmark = [pytest.mark.ray, pytest.mark.timeout(240)]
GRACE_S = 5.0
"""The promise is a second; a busy machine has four more, in which the batches here are far from their ends."""
NewSite = Callable[..., Site]


@pytest.fixture(scope="module")
def new_site() -> Iterator[NewSite]:
    """Start sites, which last as long as the home."""
    with ExitStack() as stack:
        yield lambda **given: stack.enter_context(recording_site(**given))


def scraping(site: Site, home: Path, n: int, rate: float, **options: Any) -> Running:
    """Scrape ``n`` pages of each domain, in a thread."""
    rates = {base.split("//")[1]: f"{rate:g}/s" for base in site.bases}
    return Running(site.urls(n), home, rates=rates, **options)


def test_one_domain_is_fetched_no_faster_than_allowed(new_site: NewSite, file_home: Path) -> None:
    site = new_site()
    batch = scraping(site, file_home, 100, 20.0).result()
    (at,) = site.by_domain()
    assert batch.succeeded == 100
    assert len(at) == 101, "robots.txt and each page once"
    assert room_left(at, rate=20.0) >= 0


def test_many_slow_domains_at_once_each_have_their_rate(new_site: NewSite, file_home: Path) -> None:
    site = new_site(n_domains=60, latency_s=1.0, n_rows=2)
    batch = scraping(site, file_home, 6, 1.0).result()
    domains = site.by_domain()
    assert batch.succeeded == 60 * 6
    assert min(room_left(at, rate=1.0) for at in domains) >= 0


def test_the_windows_hold_while_everything_is_killed(new_site: NewSite, file_home: Path) -> None:
    site = new_site()
    running = scraping(site, file_home, 140, 20.0)
    for n_arrived, victim in ((30, "worker"), (60, "limiter"), (90, "coordinator")):
        wait_until(lambda n=n_arrived: len(site.arrivals()) >= n, what=f"{n_arrived} arrivals")  # type: ignore[misc]
        kill(VICTIMS[victim])
    batch = running.result()
    (at,) = site.by_domain()
    assert (batch.succeeded, batch.dead) == (140, 0)
    assert room_left(at, rate=20.0) >= 0


def test_a_pause_is_seen_at_the_socket(new_site: NewSite, file_home: Path) -> None:
    site = new_site(n_domains=3)
    running = scraping(site, file_home, 150, 10.0)
    wait_until(lambda: len(site.arrivals()) >= 30, what="30 arrivals")
    running.control("pause")
    paused_at = time.monotonic()
    time.sleep(GRACE_S + 1.0)
    late = [at - paused_at for _, at, _ in site.arrivals() if at > paused_at + GRACE_S]
    assert not late, f"a paused batch fetched {late} s after it was told"
    assert len(site.arrivals()) < 3 * 150
    running.control("cancel")
    assert running.result().state == "cancelled"


def test_an_immediate_batch_overtakes_a_low_one(new_site: NewSite, file_home: Path) -> None:
    """Counted in fetches of the low one, not in seconds: a slow machine is slow with both."""
    site = new_site()
    low = scraping(site, file_home, 60, 5.0, priority="low")
    wait_until(lambda: len(site.arrivals()) >= 10, what="10 arrivals")
    urgent = set(site.urls(5, first=1_000))
    client_of(file_home).submit(read_chunks(urgent), options=BatchOptions(), priority=Priority.IMMEDIATE)
    n_before = len(site.arrivals())
    low.result()
    order = [site.bases[0] + path in urgent for _, _, path in site.arrivals()]
    assert sum(order) == 5
    first, last = order.index(True), len(order) - 1 - order[::-1].index(True)
    assert first - n_before <= 5.0 * GRACE_S, "what was leased before goes first, and no more"
    assert last - first <= 4 + 2, "once it is its turn it goes before the low one, but for every eighth"
