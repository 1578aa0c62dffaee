"""A coordinator that nobody needs ends; ``tlray stop`` ends one; one of another version is replaced or says so."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import ray
from conftest import StartSite, wait_until
from demo_site import Site

import tlray
from tlray.batch_run import run_batch
from tlray.cluster.coordinator.handshake import Hello
from tlray.cluster.coordinator.shutdown import EndMode
from tlray.cluster.driver import connect
from tlray.cluster.driver.attach import end, joined
from tlray.cluster.driver.client import Client
from tlray.cluster.driver.session import open_session
from tlray.errors import CoordinatorEnding, OtherVersion
from tlray.io.disk.home import Home
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import BatchOptions
from tlray.scrape_options import ScrapeOptions
from tlray.settings import read_settings

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_here", "kill_coordinators")]


def processes_of(home: Home) -> list[str]:
    """The home's actors that Ray knows."""
    return [name for name in ray.util.list_named_actors(all_namespaces=True) if home.id in name["name"]]


def has_left(home: Home) -> bool:
    return not home.is_held() and not processes_of(home)


def slowly(site: Site, rate: str) -> ScrapeOptions:
    return ScrapeOptions(rates={base.split("//")[1]: rate for base in site.bases})


def begun(home: Home, site: Site, rate: str, **settings: Any) -> tuple[Client, str]:
    """Submit a batch that takes its time, and watch it no further."""
    options, _ = slowly(site, rate).checked(None)
    client = Client(open_session(home, read_settings(home=home.path, **settings)).coordinator)
    return client, client.submit(read_chunks(site.urls()), options=options).batch_id


def counts(home: Home, batch_id: str) -> dict[str, int]:
    with open_reader(home.path) as journal:
        return {state.value: n for state, n in journal.totals(journal.batch(batch_id)).items()}


def n_lost(home: Home) -> int:
    with sqlite3.connect(home.journal) as db:
        return int(db.execute("SELECT sum(n_lost) FROM items").fetchone()[0])


def finished_without_loss(home: Home, site: Site, batch_id: str) -> None:
    """Resume a batch to its end: every set is there once."""
    result = run_batch((), settings=read_settings(home=home.path), resume=batch_id)
    assert (result.state, result.succeeded, result.dead) == ("completed", len(site.urls()), 0)
    rows = pd.read_parquet(home.results(batch_id) / "tracklists")
    assert Counter(rows.url) == Counter(site.urls())
    assert n_lost(home) == 0, "nobody is blamed for an end in order"


def test_a_coordinator_with_nothing_to_do_ends_with_its_limiters(
    start_site: StartSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, home = start_site("--sites=1", "--sets=8"), Home(tmp_path)
    monkeypatch.setenv("TLRAY_IDLE_END_S", "1")
    first = tlray.scrape(site.urls()[:4], home=tmp_path)
    wait_until(lambda: has_left(home), what="the end")
    assert home.holder() is None, "the note is gone with it"
    again = tlray.scrape(site.urls(), home=tmp_path)
    assert (first.succeeded, again.succeeded, again.answered) == (4, 8, 4), (
        "the next one begins where it ended"
    )


def test_it_stays_while_a_batch_goes_on_and_for_ever_where_it_is_told_to(
    start_site: StartSite, tmp_path: Path
) -> None:
    site, home = start_site("--sites=1", "--sets=8"), Home(tmp_path / "ends")
    stays = Home(tmp_path / "stays")
    begun(stays, start_site("--sites=1", "--sets=2"), "50/s", idle_end_s=0)
    _, batch_id = begun(home, site, "2/s", idle_end_s=0.5)
    wait_until(lambda: has_left(home), what="the end")
    assert counts(home, batch_id) == {"succeeded": 8}, "nobody watched it, and it was finished first"
    assert stays.is_held()


def test_a_paused_batch_keeps_no_coordinator_and_can_be_resumed(
    start_site: StartSite, tmp_path: Path
) -> None:
    site, home = start_site("--sites=1", "--sets=12"), Home(tmp_path)
    client, batch_id = begun(home, site, "4/s", idle_end_s=1)
    assert client.control("pause", batch_id)["state"] == "paused"
    wait_until(lambda: has_left(home), what="the end")
    finished_without_loss(home, site, batch_id)


@pytest.mark.parametrize("how", [EndMode.DRAIN, EndMode.NOW])
def test_stop_ends_everything_and_the_batch_goes_on_later(
    start_site: StartSite, tmp_path: Path, how: EndMode
) -> None:
    site, home = start_site("--sites=2", "--sets=60"), Home(tmp_path)
    _, batch_id = begun(home, site, "2/s")
    wait_until(lambda: counts(home, batch_id).get("succeeded", 0) >= 4, what="4 sets")
    left = end(home, how, lambda hello: None)
    assert left is not None
    assert left.had_coordinator
    wait_until(lambda: has_left(home), what="the end")
    n_fetched = len(site.page_arrivals())
    assert n_fetched < 60
    with open_reader(home.path) as journal:
        assert journal.batch(batch_id).state == "running", "its state is kept"
    if how is EndMode.DRAIN:
        assert counts(home, batch_id) == {"succeeded": n_fetched, "queued": 60 - n_fetched}
    assert end(home, how, lambda hello: None) is None, "nothing is left to end"
    finished_without_loss(home, site, batch_id)
    if how is EndMode.DRAIN:
        assert len(site.page_arrivals()) == 60, "nothing was fetched twice"


def test_a_coordinator_that_drains_takes_nothing_more(start_site: StartSite, tmp_path: Path) -> None:
    site, home = start_site("--sites=1", "--sets=10", "--faults=slow@3=1"), Home(tmp_path)
    client, batch_id = begun(home, site, "50/s")
    wait_until(lambda: len(site.page_arrivals()) > 0, what="a fetch")
    assert ray.get(client._coordinator.end.remote("drain"))
    with pytest.raises(CoordinatorEnding):
        client.submit(read_chunks(site.urls()), options=BatchOptions())
    with pytest.raises(CoordinatorEnding):
        client.control("resume", batch_id)
    # who comes anew waits for the end, and for a coordinator that stays
    fresh = open_session(home, read_settings(home=tmp_path)).coordinator
    assert ray.get(fresh.hello.remote())["incarnation"] == 2


def test_a_coordinator_that_is_killed_while_it_drains_ends_all_the_same(
    start_site: StartSite, tmp_path: Path
) -> None:
    site, home = start_site("--sites=1", "--sets=10", "--faults=slow@4=1"), Home(tmp_path)
    _, batch_id = begun(home, site, "50/s")
    wait_until(lambda: len(site.page_arrivals()) > 0, what="a fetch")
    killed: list[int] = []

    def kill_once(hello: Hello) -> None:
        holder = home.holder()
        if hello["is_ending"] and not killed and holder is not None:
            killed.append(holder.pid)
            os.kill(holder.pid, signal.SIGKILL)

    assert end(home, EndMode.DRAIN, kill_once) is not None
    assert killed
    wait_until(lambda: has_left(home), what="the end")
    finished_without_loss(home, site, batch_id)


def test_limiters_that_were_left_are_ended_too(start_site: StartSite, tmp_path: Path) -> None:
    site, home = start_site("--sites=1", "--sets=10"), Home(tmp_path)
    client, _ = begun(home, site, "2/s")
    wait_until(lambda: len(site.page_arrivals()) > 0, what="a fetch")
    ray.kill(client._coordinator, no_restart=True)
    wait_until(lambda: not home.is_held(), what="the kill")
    left = end(home, EndMode.DRAIN, lambda hello: None)
    assert left is not None
    assert not left.had_coordinator
    assert has_left(home)


def test_a_client_of_a_newer_version_replaces_an_idle_coordinator_and_no_other(
    start_site: StartSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, home = start_site("--sites=1", "--sets=12"), Home(tmp_path)
    client, batch_id = begun(home, site, "4/s")
    monkeypatch.setattr(connect, "__version__", "99.0.0")
    with pytest.raises(OtherVersion, match=r"older tlray \(0\.1\.0; this is 99\.0\.0\).*tlray stop --drain"):
        open_session(home, read_settings(home=tmp_path))
    client.control("pause", batch_id)
    wait_until(lambda: counts(home, batch_id).get("leased", 0) == 0, what="an idle coordinator")
    before = ray.get(client._coordinator.hello.remote())["incarnation"]
    # the new coordinator is of the version of the tests, so the client must be of it, too, when it looks again
    replaced = connect.is_replaced

    def replace_once(coordinator: Any, hello: Hello, home: str) -> bool:
        monkeypatch.setattr(connect, "is_replaced", replaced)
        is_ending = replaced(coordinator, hello, home)
        monkeypatch.setattr(connect, "__version__", tlray.__version__)
        return is_ending

    def try_to() -> bool:
        monkeypatch.setattr(connect, "is_replaced", replace_once)
        monkeypatch.setattr(connect, "__version__", "99.0.0")
        try:
            fresh = open_session(home, read_settings(home=tmp_path)).coordinator
        except OtherVersion:  # its tasks are just ending
            return False
        return bool(ray.get(fresh.hello.remote())["incarnation"] == before + 1)

    wait_until(try_to, what="the replacement")
    monkeypatch.undo()
    finished_without_loss(home, site, batch_id)


def test_a_client_of_an_older_version_never_replaces_a_newer_coordinator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    open_session(home, read_settings(home=tmp_path))
    monkeypatch.setattr(connect, "__version__", "0.0.9")
    with pytest.raises(OtherVersion, match=r"newer tlray \(0\.1\.0; this is 0\.0\.9\)"):
        open_session(home, read_settings(home=tmp_path))
    monkeypatch.setattr("tlray.cluster.driver.attach.__version__", "0.0.9")
    with pytest.raises(OtherVersion), joined(home):
        pass
    assert home.is_held()
