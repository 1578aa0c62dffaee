"""A node that is cut off from the cluster, not from the site: it stops by itself, others do its work, nothing counts twice."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import HIDDEN, Tlray, wait_until
from partitioned import links, two_nodes, why_not

from benchmarks.arrival_times import room_left
from benchmarks.recorded_run import Site, recording_site

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]
N_DOMAINS, N_EACH, RATE = 6, 50, 3.0
STOPS_WITHIN_S = 5.0
"""Permits are for half a second; a busy machine has some seconds more."""


def asked_for(site: Site) -> Counter[str]:
    """Page → how often it was asked for."""
    return Counter(path for _, _, path in site.arrivals() if path != "/robots.txt")


def test_a_node_that_is_cut_off_stops_fetching_and_its_items_are_done_elsewhere_once(
    ray_home: Path, tlray: Tlray
) -> None:
    if (reason := why_not()) is not None:
        (
            pytest.fail
            if os.environ.get("TLRAY_REQUIRE_PARTS") == "1" and "root" not in reason
            else pytest.skip
        )(reason)
    env = {key: value for key, value in os.environ.items() if key not in HIDDEN}
    env |= {"HOME": str(ray_home), "RAY_AUTH_MODE": "token"}
    with (
        links() as between,
        two_nodes(env, between) as address,
        recording_site(N_DOMAINS, latency_s=1.0, n_rows=2, address=between.site) as site,
    ):
        slowly = [f"--rate={base.split('//')[1]}={RATE:g}/s" for base in site.bases]
        scraping = tlray.start(
            "scrape", *site.urls(N_EACH), *slowly, "--json",
            RAY_ADDRESS=address, TLRAY_MIN_WORKERS="2", TLRAY_LEASE_S="8", TLRAY_LIMITER_ACTORS="1",
        )  # fmt: skip
        wait_until(lambda: site.visitors().count(between.visitor) >= 12, timeout_s=180, what="a node at work")
        cut_at = time.monotonic()
        between.cut()
        wait_until(lambda: max(asked_for(site).values()) > 1, timeout_s=120, what="its work done elsewhere")
        between.mend()  # what it has to report comes too late
        stdout, stderr = scraping.communicate(timeout=200)
        arrivals, visitors = site.arrivals(), site.visitors()
        assert scraping.returncode == 0, stderr
        in_the_dark = [
            at
            for (_, at, _), who in zip(arrivals, visitors, strict=True)
            if who == between.visitor and at > cut_at
        ]
        assert max(in_the_dark, default=cut_at) < cut_at + STOPS_WITHIN_S, "no permit, no fetch"
        assert json.loads(stdout)["succeeded"] == N_DOMAINS * N_EACH, stderr
        assert 1 <= sum(n - 1 for n in asked_for(site).values()) <= STOPS_WITHIN_S * RATE * N_DOMAINS, (
            "what was in flight there is fetched again, and nothing else"
        )
        domains = site.by_domain()
        assert min(room_left(at, rate=RATE) for at in domains) >= 0, "both nodes together"
    assert tlray.here("audit").returncode == 0
