"""As many scrape tasks as the work needs, on a real Ray with two CPUs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import StartSite, wait_until
from running import Running

import tlray
from tlray.cluster.driver.client import Client
from tlray.cluster.driver.session import open_session
from tlray.core.model.lifecycle import ItemState
from tlray.io.disk.home import Home
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import BatchOptions
from tlray.settings import read_settings

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("kill_coordinators")]


def test_slow_work_has_one_task_and_unbounded_work_has_more(
    start_site: StartSite, tmp_path: Path, ray_here: None
) -> None:
    seen: dict[str, list[int]] = {"slow": [], "fast": []}
    urls = start_site("--sites=2", "--sets=360").urls()

    def scrape(name: str, urls: list[str], rates: dict[str, str]) -> None:
        batch = tlray.scrape(
            urls,
            home=tmp_path / name,
            rates=rates,
            on_progress=lambda told: seen[name].append(told["workers"]),
            max_workers=2,
        )
        assert batch.succeeded == len(urls)

    scrape("slow", urls[:8], {"127.0.0.1": "1/s"})
    assert max(seen["slow"]) == 1
    scrape("fast", urls, {})
    assert max(seen["fast"]) == 2


def test_tasks_end_when_there_is_nothing_to_do_and_come_back(
    start_site: StartSite, tmp_path: Path, ray_here: None
) -> None:
    urls = start_site("--sites=1", "--sets=20").urls()
    session = open_session(Home(tmp_path), read_settings(home=tmp_path))
    client = Client(session.coordinator)
    for some in (urls[:10], urls[10:]):
        batch_id = client.submit(read_chunks(some), options=BatchOptions()).batch_id
        wait_until(lambda batch_id=batch_id: client.status(batch_id)["state"] == "completed", what="its end")  # type: ignore[misc]
        wait_until(lambda batch_id=batch_id: client.status(batch_id)["workers"] == 0, what="rest")  # type: ignore[misc]


def test_items_do_not_wait_with_tasks_that_have_no_cpu(
    start_site: StartSite, tmp_path: Path, ray_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both CPUs are somebody else's for longer than a lease lasts: nothing is lost, and no attempt spent."""
    import ray  # noqa: PLC0415

    class Occupant:
        def ready(self) -> bool:
            return True

    monkeypatch.setenv("TLRAY_LEASE_S", "3")
    occupants = [ray.remote(Occupant).options(num_cpus=1).remote() for _ in range(2)]
    ray.get([occupant.ready.remote() for occupant in occupants])
    urls = start_site("--sites=1", "--sets=60").urls()
    running = Running(urls, tmp_path, max_workers=2)
    wait_until(lambda: bool(running.told), what="a first look")
    for _ in range(20):  # twice as long as a lease lasts
        time.sleep(0.3)
        assert running.told["counts"]["leased"] == 0, "nothing is leased to who is not there"
    for occupant in occupants:
        ray.kill(occupant)
    batch = running.result()
    assert batch.succeeded == 60
    with open_reader(tmp_path) as journal:
        assert all(item.n_lost == 0 for item in journal.items(batch.batch_id, ItemState.SUCCEEDED))
