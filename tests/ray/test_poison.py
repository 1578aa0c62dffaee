"""A page that kills whoever reads it ends as a dead letter, and costs its neighbours at most one more fetch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import StartSite, Tlray
from demo_site import Site

import tlray

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("kill_coordinators")]
Poison = Callable[[str], None]


def scrape(joined: Tlray, site: Site) -> tuple[tlray.BatchResult, list[dict[str, Any]]]:
    """Run a batch of all pages; return its end and its dead letters."""
    batch = tlray.scrape(site.urls(), home=joined.home)
    dead = joined.here("dead", batch.batch_id, "--json").stdout.splitlines()
    return batch, [json.loads(line) for line in dead]


def test_only_the_page_and_the_domain_die_that_kill_who_reads_them(
    start_site: StartSite, joined: Tlray, poison: Poison
) -> None:
    site = start_site("--sites=2", "--sets=60", "--robots=1:text:# xyzzy")
    bad = next(url for url in site.urls()[20:] if url.startswith(site.bases[0]))
    poison(f"segfault:{bad.split('/tracklist/')[1].split('/')[0]},xyzzy")
    batch, dead = scrape(joined, site)

    assert (batch.succeeded, batch.dead) == (29, 31)
    by_url = {letter["url"]: letter for letter in dead}
    assert_killed_three_workers(by_url.pop(bad))
    assert {letter["reason"] for letter in by_url.values()} == {
        "its robots.txt kills the worker that reads it"
    }
    assert not [a for a in site.page_arrivals() if a["site"] == 1]
    assert joined.here("audit", batch.batch_id).returncode == 0


def test_a_reader_that_hangs_is_stopped_and_its_page_dies_alone(
    start_site: StartSite, joined: Tlray, poison: Poison, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = start_site("--sites=1", "--sets=40")
    bad = site.urls()[20]
    poison(f"hang:{bad.split('/tracklist/')[1].split('/')[0]}")
    monkeypatch.setenv("TLRAY_LEASE_S", "4")
    batch, dead = scrape(joined, site)

    assert (batch.succeeded, batch.dead) == (39, 1)
    assert dead[0]["url"] == bad
    assert_killed_three_workers(dead[0])
    fetches = Counter(arrival["path"] for arrival in site.page_arrivals())
    assert fetches.pop(urlsplit(bad).path) == 3
    assert max(fetches.values()) <= 2, "a neighbour was taken down twice"


def assert_killed_three_workers(letter: dict[str, Any]) -> None:
    assert letter["reason"].startswith("kills its worker")
    assert (letter["n_lost"], [row["kind"] for row in letter["story"]]) == (3, ["lost"] * 3)
