"""Two batches of two people in one home at the same time, on a real Ray: each is fetched in the name of its own."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

import pytest
from conftest import StartSite, Tlray, wait_until

import tlray as library
from tlray import __version__
from tlray.batch_run import BatchResult, run_batch
from tlray.cluster.driver.client import Client
from tlray.cluster.driver.session import open_session
from tlray.errors import OtherSettings
from tlray.io.disk.home import Home
from tlray.io.intake.url_list import read_chunks
from tlray.scrape_options import ScrapeOptions
from tlray.settings import read_settings

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_here", "kill_coordinators")]


def agent(contact: str) -> str:
    return f"tlray/{__version__} (+{contact})"


def test_each_of_two_batches_in_one_home_arrives_under_its_own_name(
    start_site: StartSite, tlray: Tlray
) -> None:
    site, home = start_site("--sites=2", "--sets=12"), tlray.home
    urls = site.urls()
    lists = {"ann@example.org": urls[::2], "bob@example.org": urls[1::2]}
    rates = {base.split("//")[1]: "2/s" for base in site.bases}
    results: list[BatchResult] = []

    def scrape(contact: str) -> None:
        results.append(library.scrape(lists[contact], home=home, rates=rates, contact=contact))

    threads = [threading.Thread(target=scrape, args=[contact], daemon=True) for contact in lists]
    for number, thread in enumerate(threads, 1):
        thread.start()
        wait_until(
            lambda number=number: len(site.page_arrivals()) >= 2 * number, what="the batch's beginning"
        )  # type: ignore[misc]
    assert not results, "they are there at the same time"
    refused = tlray.run("scrape", urls[0], TLRAY_LEASE_S="45")
    assert refused.returncode == 2
    (line,) = [line for line in refused.stderr.splitlines() if "TLRAY_LEASE_S" in line]
    assert "TLRAY_LEASE_S=45 is not possible" in line
    assert "runs with TLRAY_LEASE_S=30, which all batches of a home share; leave it out, or end" in line
    assert f"`tlray stop --drain --home {home}`" in line
    assert "Traceback" not in refused.stderr
    for thread in threads:
        thread.join(120)
    assert sorted(result.succeeded for result in results) == sorted(map(len, lists.values()))
    arrived = {arrival["path"]: arrival["user_agent"] for arrival in site.page_arrivals()}
    assert arrived == {urlsplit(url).path: agent(contact) for contact in lists for url in lists[contact]}
    robots = [arrival["user_agent"] for arrival in site.arrivals() if arrival["path"] == "/robots.txt"]
    assert len(robots) == 2
    assert set(robots) <= {agent(contact) for contact in lists}


def test_a_resumed_batch_keeps_its_own_name_unless_it_is_given_another(
    start_site: StartSite, tlray: Tlray
) -> None:
    site, home = start_site("--sites=1", "--sets=9"), Home(tlray.home)
    rates = {site.bases[0].split("//")[1]: "2/s"}
    settings = read_settings(home=home.path, contact="ann@example.org")
    options, _ = ScrapeOptions(rates=rates).checked(settings)
    client = Client(
        open_session(home, read_settings(home=home.path, contact="first@example.org")).coordinator
    )
    batch_id = client.submit(read_chunks(site.urls()), options=options).batch_id

    def fetch_two_more() -> set[str]:
        n = len(site.page_arrivals())
        wait_until(lambda: len(site.page_arrivals()) >= n + 2, what="two pages")
        client.control("pause", batch_id)
        wait_until(lambda: not client.status(batch_id)["counts"]["leased"], what="the pause")
        return {arrival["user_agent"] for arrival in site.page_arrivals()[n:]}

    assert fetch_two_more() == {agent("ann@example.org")}
    client.control("resume", batch_id)
    assert fetch_two_more() == {agent("ann@example.org")}
    n = len(site.page_arrivals())
    others = read_settings(home=home.path, contact="other@example.org")
    result = run_batch((), settings=others, resume=batch_id, overrides={"contact": "new@example.org"})
    assert result.succeeded == 9
    assert {arrival["user_agent"] for arrival in site.page_arrivals()[n:]} == {agent("new@example.org")}


def test_only_what_somebody_sets_is_held_against_the_coordinator_at_work(tlray: Tlray) -> None:
    home = Home(tlray.home)
    first = open_session(home, read_settings(home=home.path, lease_s=45.0, min_workers=2))
    again = open_session(home, read_settings(home=home.path, max_workers=3, fetch_timeout_s=5.0))
    assert again.coordinator == first.coordinator
    same = read_settings(home=home.path, lease_s=45.0)
    assert open_session(home, same).coordinator == first.coordinator
    with pytest.raises(
        OtherSettings, match=r"TLRAY_MIN_WORKERS=3 is not possible.*runs with TLRAY_MIN_WORKERS=2"
    ):
        open_session(home, read_settings(home=home.path, lease_s=45.0, min_workers=3))
