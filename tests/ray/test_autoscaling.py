"""Nodes that come when politeness lets a batch run fast, do not come for a slow one, and go when there is nothing to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from autoscaled import Autoscaled, autoscaled
from conftest import HIDDEN, Tlray, wait_until

from benchmarks.recorded_run import Site, recording_site

pytestmark = [pytest.mark.ray, pytest.mark.timeout(400)]
PATIENCE_S = 150
"""Nodes come within seconds, on a machine that has nothing else to do."""


@pytest.fixture
def cluster(ray_home: Path, tmp_path: Path) -> Iterator[Autoscaled]:
    env = {key: value for key, value in os.environ.items() if key not in HIDDEN}
    with autoscaled(env | {"HOME": str(ray_home), "RAY_AUTH_MODE": "token"}, tmp_path) as started:
        yield started


def scraping(
    cluster: Autoscaled, tlray: Tlray, site: Site, n_each: int, *options: str
) -> subprocess.Popen[str]:
    """Start a batch on the cluster."""
    urls = tlray.home.with_suffix(".txt")
    urls.write_text("\n".join(site.urls(n_each)))
    env = {"RAY_ADDRESS": cluster.address, "TLRAY_MAX_WORKERS": "4", "TLRAY_LIMITER_ACTORS": "1"}
    return tlray.start("scrape", str(urls), *options, "--json", **env)


def test_a_cluster_grows_for_a_fast_batch_alone_and_shrinks_while_the_coordinator_lives_on(
    cluster: Autoscaled, tlray: Tlray
) -> None:
    assert cluster.n_workers() == 0
    with recording_site(n_rows=2) as site:
        running = scraping(cluster, tlray, site, 8, f"--rate={site.bases[0].split('//')[1]}=1/s")
        seen = set()
        wait_until(
            lambda: seen.add(cluster.n_workers()) or running.poll() is not None,  # type: ignore[func-returns-value]
            timeout_s=PATIENCE_S,
            what="the slow batch",
        )
        stdout, stderr = running.communicate()
        assert running.returncode == 0, stderr
        assert json.loads(stdout)["succeeded"] == 8
        assert seen == {0, 1}, "a page a second needs one node"

    # 20 sites × 32 connections are 640 requests in flight, and there is to be a task for each 256
    with recording_site(n_domains=20, latency_s=8.0, n_rows=2) as site:
        running = scraping(cluster, tlray, site, 1_000)
        wait_until(lambda: cluster.n_workers() >= 3, timeout_s=PATIENCE_S, what="a third node")
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 130, stderr

    wait_until(lambda: cluster.n_workers() == 0, timeout_s=PATIENCE_S, what="a cluster without workers")
    names = [process.name() for process in cluster.head.children(recursive=True)]
    for actor in ("ray::Coordinator", "ray::Limiter"):
        assert any(name.startswith(actor) for name in names), "they live on, on the head"
