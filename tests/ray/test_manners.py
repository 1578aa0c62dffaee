"""Manners as a site meets them, on a real Ray: asserted on what arrives there, and when."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from conftest import StartSite

import tlray
from tlray.io.journal.opening import open_reader

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("kill_coordinators")]


def test_what_domains_toml_asks_for_is_what_arrives(start_site: StartSite, tmp_path: Path) -> None:
    site = start_site("--sites=1", "--sets=10", "--faults=500:always=0.5")
    (tmp_path / "domains.toml").write_text(
        '[domains."127.0.0.1"]\nrate = "5/s"\nretry.unavailable.max_attempts = 1\n'
    )
    batch = tlray.scrape(site.urls(), home=tmp_path, max_wait_s=60)

    pages = site.page_arrivals()
    n_faults = sum(1 for page in pages if page["fault"])
    assert n_faults > 0
    assert Counter(page["path"] for page in pages).most_common(1)[0][1] == 1, "nothing is tried again"
    assert (batch.dead, batch.succeeded) == (n_faults, 10 - n_faults)
    moments = sorted(arrival["at_s"] for arrival in site.arrivals())
    # all of them together: single ones are noted late where the machine is busy
    assert moments[-1] - moments[0] > (len(moments) - 1) * 0.2 - 0.7
    with open_reader(tmp_path) as journal:
        options = journal.batch(batch.batch_id).options
    assert options.politeness.rates == {"127.0.0.1": (5.0, 1.0)}, (
        "kept with the batch, for whoever resumes it"
    )


def test_a_crawl_delay_of_a_day_is_said_and_not_waited_for(start_site: StartSite, tmp_path: Path) -> None:
    site = start_site("--sites=1", "--sets=3", "--robots=crawl-delay=86400")
    with pytest.raises(tlray.errors.CannotFinish, match=r"robots\.txt asks for 1 fetch a day"):
        tlray.scrape(site.urls(), home=tmp_path, max_wait_s=3_600)
    assert len(site.arrivals()) == 1, "its robots.txt was the first of the day"
