"""A page is fetched once, whichever batch wanted it first, and every batch has its rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from conftest import StartSite
from running import Running

import tlray
from tlray.api import BatchResult

pytestmark = pytest.mark.ray


def assert_same_rows(one: BatchResult, other: BatchResult, home: Path) -> None:
    own = ["batch_id", "item_id"]
    for left, right in zip(
        tlray.load(one.batch_id, home=home), tlray.load(other.batch_id, home=home), strict=True
    ):
        by = ["url", "index"] if "index" in left.columns else ["url"]
        a, b = (frame.drop(columns=own).sort_values(by).reset_index(drop=True) for frame in (left, right))
        assert len(a) > 0
        assert a.equals(b)


def test_a_list_that_was_fetched_today_is_not_fetched_again(start_site: StartSite, file_home: Path) -> None:
    site = start_site("--sites=2", "--sets=60")
    first = tlray.scrape(site.urls()[:50], home=file_home)
    assert len(site.page_arrivals()) == 50

    second = tlray.scrape(site.urls(), home=file_home)
    assert (second.succeeded, second.answered, second.total) == (60, 50, 60)
    assert Counter(a["path"] for a in site.page_arrivals()).most_common(1)[0][1] == 1
    tracklists, _ = tlray.load(second.batch_id, home=file_home)
    assert Counter(tracklists.url) == Counter(site.urls())

    third = tlray.scrape(site.urls()[:50], home=file_home)
    assert (third.answered, third.tracks) == (50, first.tracks)
    assert len(site.page_arrivals()) == 60
    assert_same_rows(first, third, file_home)


def test_a_user_who_wants_every_page_fetched_gets_it(start_site: StartSite, file_home: Path) -> None:
    site = start_site("--sites=1", "--sets=10")
    tlray.scrape(site.urls(), home=file_home)
    again = tlray.scrape(site.urls(), home=file_home, fresh_for=0)
    assert (again.succeeded, again.answered) == (10, 0)
    assert len(site.page_arrivals()) == 20


def test_results_that_somebody_threw_away_are_fetched_again(start_site: StartSite, file_home: Path) -> None:
    site = start_site("--sites=1", "--sets=10")
    first = tlray.scrape(site.urls(), home=file_home)
    for part in (file_home / "results" / first.batch_id / "tracks").iterdir():
        part.unlink()
    again = tlray.scrape(site.urls(), home=file_home)
    assert (again.succeeded, again.answered) == (10, 0)


def test_two_batches_at_once_fetch_a_page_once_and_both_have_it(
    start_site: StartSite, file_home: Path
) -> None:
    site = start_site("--sites=2", "--sets=80")
    rates = {base.split("//")[1]: "15/s" for base in site.bases}
    both = [Running(site.urls(), file_home, rates=rates) for _ in range(2)]
    one, other = (running.result() for running in both)
    assert (one.succeeded, other.succeeded) == (80, 80)
    assert one.answered + other.answered == 80
    assert Counter(a["path"] for a in site.page_arrivals()).most_common(1)[0][1] == 1
    assert_same_rows(one, other, file_home)


def test_many_batches_that_want_one_page_have_it_while_a_task_is_busy_with_another(
    start_site: StartSite, file_home: Path
) -> None:
    site = start_site("--sites=2", "--sets=20")
    known = [url for url in site.urls() if url.startswith(site.bases[0])][:1]
    slow = [url for url in site.urls() if url.startswith(site.bases[1])][:3]
    tlray.scrape(known, home=file_home)
    # robots.txt and one page at once, the next page after two minutes
    busy = Running(slow, file_home, rates={site.bases[1].split("//")[1]: "1/120s:2"})
    busy.reaches(1)
    for batch in [Running(known, file_home) for _ in range(6)]:
        assert batch.result(timeout_s=90).answered == 1
    assert busy.is_running, "nobody waited for it"
    busy.control("cancel")
    assert busy.result().succeeded == 1
