"""A page that kills whoever reads it ends as a dead letter, and costs its neighbours at most one more fetch."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import ROOT, StartSite, Tlray
from demo_site import Site

pytestmark = pytest.mark.ray


def scrape_poisoned(
    tlray: Tlray, site: Site, tmp_path: Path, poison: str, **env: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run a batch in which reading the ``poison`` kills; return its summary and its dead letters."""
    urls = tmp_path / "urls.txt"
    urls.write_text("\n".join(site.urls()), encoding="utf-8")
    path = f"{Path(__file__).with_name('poison')}:{ROOT}"
    done = tlray.run("scrape", str(urls), "--json", PYTHONPATH=path, TLRAY_TEST_POISON=poison, **env)
    assert done.returncode == 3, done.stderr
    summary = dict(json.loads(done.stdout))
    dead = tlray.run("dead", summary["batch_id"], "--json").stdout.splitlines()
    return summary, [json.loads(line) for line in dead]


def test_only_the_page_and_the_domain_die_that_kill_who_reads_them(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=2", "--sets=60", "--robots=1:text:# xyzzy")
    poison = next(url for url in site.urls()[20:] if url.startswith(site.bases[0]))
    word = poison.split("/tracklist/")[1].split("/")[0]
    summary, dead = scrape_poisoned(tlray, site, tmp_path, f"segfault:{word},xyzzy")

    assert (summary["succeeded"], summary["dead"]) == (29, 31)
    by_url = {letter["url"]: letter for letter in dead}
    assert_killed_three_workers(by_url.pop(poison))
    assert {letter["reason"] for letter in by_url.values()} == {
        "its robots.txt kills the worker that reads it"
    }
    assert not [a for a in site.page_arrivals() if a["site"] == 1]
    assert tlray.run("audit", summary["batch_id"]).returncode == 0


def test_a_reader_that_hangs_is_stopped_and_its_page_dies_alone(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=40")
    poison = site.urls()[20]
    word = poison.split("/tracklist/")[1].split("/")[0]
    summary, dead = scrape_poisoned(tlray, site, tmp_path, f"hang:{word}", TLRAY_LEASE_S="4")

    assert (summary["succeeded"], summary["dead"]) == (39, 1)
    assert dead[0]["url"] == poison
    assert_killed_three_workers(dead[0])
    fetches = Counter(arrival["path"] for arrival in site.page_arrivals())
    assert fetches.pop(urlsplit(poison).path) == 3
    assert max(fetches.values()) <= 2, "a neighbour was taken down twice"


def assert_killed_three_workers(letter: dict[str, Any]) -> None:
    assert letter["reason"].startswith("kills its worker")
    assert (letter["n_lost"], [row["kind"] for row in letter["story"]]) == (3, ["lost"] * 3)
