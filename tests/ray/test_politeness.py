"""At the site's socket: no window holds more than was promised, and what is allowed is used, give or take a busy machine.

The figures proper are taken alone, by ``python -m benchmarks politeness``.
"""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import wait_until

import tlray
from benchmarks.arrival_times import room_left, used
from benchmarks.recorded_run import VICTIMS, Setting, Site, processes, record, recording_site
from tlray.api import BatchResult
from tlray.cluster.client import Client
from tlray.cluster.coordinator_actor import coordinator_name
from tlray.core.frontier import Priority
from tlray.io.home import Home
from tlray.io.journal_rows import BatchOptions

pytestmark = [pytest.mark.ray, pytest.mark.timeout(240)]
OVERTAKES_S, PAUSES_S = 2.0, 1.0
"""What is promised."""
SLACK_S = 1.0
"""Above it, where the machine is busy with other things."""


def rates_of(site: Site, rate: float) -> dict[str, str]:
    return {base.split("//")[1]: f"{rate:g}/s" for base in site.bases}


@contextmanager
def scraping(site: Site, home: Path, n: int, rate: float, **options: Any) -> Iterator[list[BatchResult]]:
    """Scrape in a thread; its result is there afterwards."""
    results: list[BatchResult] = []
    urls, rates = site.urls(n), rates_of(site, rate)
    thread = threading.Thread(
        target=lambda: results.append(tlray.scrape(urls, home=home, rates=rates, **options)), daemon=True
    )
    thread.start()
    yield results
    thread.join(120)
    assert results, "no end"


def client_of(home: Path) -> Client:
    import ray  # noqa: PLC0415

    return Client(ray.get_actor(coordinator_name(Home(home).id), namespace="tlray"))


@pytest.mark.usefixtures("kill_coordinators")
def test_one_domain_is_fetched_as_fast_as_allowed_and_no_faster(tmp_path: Path) -> None:
    with recording_site() as site:
        batch = tlray.scrape(site.urls(120), home=tmp_path, rates=rates_of(site, 20.0))
        (at,) = site.by_domain()
    assert batch.succeeded == 120
    assert len(at) == 121, "robots.txt and each page once"
    assert room_left(at, rate=20.0) >= 0
    assert used(at, rate=20.0) > 0.9


@pytest.mark.usefixtures("kill_coordinators")
def test_many_slow_domains_at_once_each_have_their_rate(tmp_path: Path) -> None:
    with recording_site(n_domains=60, latency_s=1.0, n_rows=2) as site:
        batch = tlray.scrape(site.urls(8), home=tmp_path, rates=rates_of(site, 1.0))
        domains = site.by_domain()
    assert batch.succeeded == 60 * 8
    assert min(room_left(at, rate=1.0) for at in domains) >= 0
    assert statistics.median(used(at, rate=1.0) for at in domains) > 0.75, (
        "8 items: its beginning counts much"
    )


@pytest.mark.usefixtures("kill_coordinators")
def test_the_windows_hold_while_everything_is_killed(tmp_path: Path) -> None:
    with recording_site() as site, scraping(site, tmp_path, 160, 20.0) as results:
        for n_arrived, victim in ((30, "worker"), (70, "limiter"), (110, "coordinator")):
            wait_until(lambda n=n_arrived: len(site.arrivals()) >= n, what=f"{n_arrived} arrivals")
            for process in processes(psutil.Process(), VICTIMS[victim]):
                os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: bool(results), timeout_s=90, what="the end")
        (at,) = site.by_domain()
    assert (results[0].succeeded, results[0].dead) == (160, 0)
    assert room_left(at, rate=20.0) >= 0
    assert used(at, rate=20.0, without_gaps_over_s=1.0) > 0.85


def test_one_bucket_holds_for_three_tasks_on_three_nodes(tmp_path: Path) -> None:
    setting = Setting(rate=60.0, n_items=420, n_nodes=3, min_workers=3, n_rows=2)
    recorded = record(setting, tmp_path / "run")
    (at,) = recorded.by_domain
    assert recorded.summary["succeeded"] == 420
    assert recorded.n_nodes_used > 1, "the tasks were spread"
    assert room_left(at, rate=60.0) >= 0
    assert used(at, rate=60.0) > 0.5, "permits that are late in one of the tasks are spent"


@pytest.mark.usefixtures("kill_coordinators")
def test_a_pause_is_seen_at_the_socket_within_a_second(tmp_path: Path) -> None:
    told: dict[str, Any] = {}
    with (
        recording_site(n_domains=3) as site,
        scraping(site, tmp_path, 40, 10.0, on_progress=told.update) as results,
    ):
        wait_until(lambda: len(site.arrivals()) >= 30, what="30 arrivals")
        control = client_of(tmp_path).control
        paused_at = time.monotonic()
        control("pause", told["batch_id"])
        time.sleep(2 * PAUSES_S + SLACK_S)
        late = [at - paused_at for _, at, _ in site.arrivals() if at > paused_at + PAUSES_S]
        assert not late, f"a paused batch fetched {late} s after it was told"
        control("resume", told["batch_id"])
    assert results[0].succeeded == 3 * 40


@pytest.mark.usefixtures("kill_coordinators")
def test_an_immediate_batch_overtakes_a_low_one_within_two_seconds(tmp_path: Path) -> None:
    with recording_site() as site, scraping(site, tmp_path, 40, 5.0, priority="low") as results:
        wait_until(lambda: len(site.arrivals()) >= 10, what="10 arrivals")
        submitted_at = time.monotonic()
        urgent = set(site.urls(5, first=1_000))
        client_of(tmp_path).submit(urgent, options=BatchOptions(), priority=Priority.IMMEDIATE)
        wait_until(lambda: len(site.arrivals()) >= 26, what="26 arrivals")
        arrivals = site.arrivals()
        begun = [at - submitted_at for _, at, path in arrivals if site.bases[0] + path in urgent]
        assert begun[0] < OVERTAKES_S + SLACK_S
        assert len(begun) == 5
        assert begun[4] - begun[0] < 1.5, (
            "once it is its turn it goes before the low one, but for every eighth"
        )
    assert results[0].succeeded == 40
