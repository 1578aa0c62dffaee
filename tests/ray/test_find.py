"""`tlray find` and `scrape --find` on a real Ray, over the lists of the demo site."""

from __future__ import annotations

import json

import pytest
from conftest import StartSite, Tlray

from tlray.io.audit.audit import audit_batch
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader

pytestmark = pytest.mark.ray


def test_a_list_of_several_pages_is_found_and_then_scraped_and_no_set_twice(
    start_site: StartSite, joined: Tlray
) -> None:
    site = start_site("--sites=1", "--sets=70")
    base, sets = site.bases[0], site.urls()
    search, dj = f"{base}/search/result.php", f"{base}/dj/x/index.html"
    found = joined.here("find", search, "--max-found", "65", "--dry-run")
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines() == sets[:65]
    assert "--max-found 65 is reached" in found.stderr
    assert not site.page_arrivals(), "only lists are fetched"
    assert joined.here("list").stdout == "", "a dry run leaves no batch"

    done = joined.here("scrape", "--find", search, dj, sets[3], "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["n_found"], summary["n_lists"], summary["total"]) == (69, 2, 3 + 69 + 2)
    assert summary["succeeded"] == summary["total"]
    fetched = [arrival["path"] for arrival in site.page_arrivals()]
    assert len(fetched) == len(set(fetched)) == 70, "each page once"
    with open_reader(joined.home) as journal:
        items = {item.url: item for item in journal.items(summary["batch_id"])}
    assert items[dj].reason is not None
    assert items[dj].reason.startswith("2 sets listed, ")
    report = audit_batch(Home(joined.home), summary["batch_id"])
    assert not len(report.findings), report.findings

    again = joined.here("find", f"{search}?page=3", f"{base}/", "--json")
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert [(line["url"], line["found_on"], line["is_known"]) for line in lines] == [
        (url, f"{search}?page=3", True) for url in sets[60:]
    ]
    assert "10 of them are in this home already" in again.stderr
    assert again.returncode == 3
    assert (
        f"nothing found on {base}/: not-a-set: it lists no sets (no tracklist); lists are read of"
        in again.stderr
    )
    assert len(joined.here("list").stdout.splitlines()) == 2
