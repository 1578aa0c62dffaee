"""Whatever is killed, the batch goes on by itself, every item ends once, and the rates hold."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import StartSite, wait_until
from demo_site import Site
from running import Running, kill, kill_if_there

import tlray
from tlray.api import BatchResult
from tlray.core.model.lifecycle import ItemState
from tlray.io.journal.opening import open_reader

pytestmark = pytest.mark.ray
RATE = 20
STALL_S = 1.0
"""The demo notes an arrival when it reads it; on a busy machine it reads what came in so long at once. Arrivals by
the kernel's own clock are held to the rate without slack in `test_politeness.py`."""


def run(site: Site, home: Path, *, rate: int = RATE) -> Running:
    return Running(site.urls(), home, rates={base.split("//")[1]: f"{rate}/s" for base in site.bases})


def assert_all_there_once(batch: BatchResult, site: Site, home: Path) -> None:
    tracklists, _ = tlray.load(batch.batch_id, home=home)
    assert (batch.succeeded, batch.dead) == (batch.total, 0)
    assert Counter(tracklists.url) == Counter(site.urls())
    for number in range(len(site.bases)):
        at = sorted(a["at_s"] for a in site.arrivals() if a["site"] == number)
        for window_s in (1.0, 2.0, 5.0):
            most = max(sum(1 for t in at[i:] if t < start + window_s) for i, start in enumerate(at))
            assert most <= RATE * (window_s + STALL_S) + 1, f"site {number}: {most} fetches in {window_s} s"


@pytest.mark.parametrize("victim", ["ray::scrape", "ray::Limiter", "ray::Coordinator"])
def test_a_killed_process_costs_nothing_but_time(victim: str, start_site: StartSite, file_home: Path) -> None:
    site = start_site("--sites=2", "--sets=120")
    running = run(site, file_home)
    running.reaches(40)
    with open_reader(file_home) as journal:
        done = {item.url for item in journal.items(running.batch_id, ItemState.SUCCEEDED)}
    kill(victim)
    batch = running.result()

    assert_all_there_once(batch, site, file_home)
    fetched = Counter(f"http://{arrival['host']}{arrival['path']}" for arrival in site.page_arrivals())
    assert len(done) >= 40
    assert {url for url in done if fetched[url] != 1} == set(), "what was reported is not fetched again"


def test_pages_that_had_not_begun_are_not_to_blame_however_often_their_workers_are_killed(
    start_site: StartSite, file_home: Path
) -> None:
    """Spot nodes go away all the time; whoever waits in a lease meanwhile has done nothing."""
    site = start_site("--sites=1", "--sets=30")
    running = run(site, file_home, rate=5)
    for n in range(1, 5):
        running.reaches(5 * n)
        kill("ray::scrape")
    batch = running.result()

    assert_all_there_once(batch, site, file_home)
    with open_reader(file_home) as journal:
        items = list(journal.items(batch.batch_id))
    assert sum(item.n_lost > 0 for item in items) <= 4 * 2, "of each lease at most what was on the wire"
    assert max(item.n_lost for item in items) <= 2


def test_a_page_that_kills_its_worker_becomes_a_dead_letter(start_site: StartSite, file_home: Path) -> None:
    site = start_site("--sites=1", "--sets=12", "--faults=hang:always=0.08", "--seed=3")
    running = run(site, file_home)
    stop = threading.Event()

    def kill_who_hangs() -> None:
        while not stop.is_set():
            hung = [a for a in site.page_arrivals() if a["fault"] == "hang"]
            if len(hung) > len(killed):
                time.sleep(1.5)  # by then its neighbours are reported
                kill_if_there("ray::scrape")
                killed.append(len(hung))
            time.sleep(0.05)

    killed: list[int] = []
    killer = threading.Thread(target=kill_who_hangs, daemon=True)
    killer.start()
    batch = running.result()
    stop.set()
    killer.join(5)

    with open_reader(file_home) as journal:
        dead = list(journal.items(batch.batch_id, ItemState.DEAD))
        assert batch.dead == len(dead) >= 1
        assert all("kills its worker" in (item.reason or "") and item.n_lost == 3 for item in dead)
    assert batch.succeeded == 12 - batch.dead


def test_a_paused_batch_begins_nothing_and_goes_on_when_resumed(
    start_site: StartSite, file_home: Path
) -> None:
    site = start_site("--sites=2", "--sets=120")
    running = run(site, file_home)
    running.reaches(20)
    running.control("pause")
    running.comes_to_rest()
    n_before = len(site.arrivals())
    time.sleep(2.0)
    assert len(site.arrivals()) == n_before < 120, "a paused batch fetched"
    running.control("resume")
    assert_all_there_once(running.result(), site, file_home)


def test_a_cancelled_batch_ends_and_keeps_what_it_has(start_site: StartSite, file_home: Path) -> None:
    site = start_site("--sites=2", "--sets=120", "--latency=0.2")
    running = run(site, file_home)
    running.reaches(20)
    running.control("cancel")
    batch = running.result()
    assert batch.state == "cancelled"
    assert batch.succeeded + batch.cancelled == 120
    tracklists, _ = tlray.load(batch.batch_id, home=file_home)
    assert len(tracklists) == batch.succeeded >= 20


def test_a_pause_survives_the_coordinator(start_site: StartSite, file_home: Path) -> None:
    site = start_site("--sites=2", "--sets=80")
    running = run(site, file_home)
    running.reaches(20)
    running.control("pause")
    running.comes_to_rest()
    n_before = len(site.arrivals())
    kill("ray::Coordinator")
    wait_until(lambda: running.status()["state"] == "paused", what="a new life")
    time.sleep(2.0)
    assert len(site.arrivals()) == n_before, "a restart forgot the pause"
    running.control("resume")
    assert_all_there_once(running.result(), site, file_home)
