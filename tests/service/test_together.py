"""The service and the command line at work in one home: one coordinator serves both, whichever came first."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, Service, Site, StartSite, free_port, start_service, stop_service, wait_until

from tlray.core.model.lifecycle import ItemState
from tlray.io.journal.opening import open_reader

pytestmark = pytest.mark.ray


def scrape(service_env: dict[str, str], home: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tlray",
        "scrape",
        f"--home={home}",
        "--json",
        "--fresh-for=0",
        *arguments,
    ]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=service_env
    )


def test_a_scrape_joins_the_service_of_its_home(http: httpx.Client, service: Service, site: Site) -> None:
    with scrape(service.env, service.home, *site.urls()[:5]) as process:
        out, err = process.communicate(timeout=60)
    told = json.loads(out)
    assert (process.returncode, told["succeeded"]) == (0, 5), err
    status = http.get(f"/api/v1/batch/{told['batch_id']}/status").json()
    assert (status["state"], status["total"]) == ("completed", 5)


def test_a_service_joins_the_scrape_of_its_home_and_keeps_its_ray(
    service: Service, start_site: StartSite, tmp_path: Path, ray_home: Path
) -> None:
    site = start_site("--sites=1", "--sets=2000")  # far more than it scrapes before all of this is over
    slowly = f"--rate={site.bases[0].removeprefix('http://')}=4/s"
    with scrape(service.env, tmp_path, slowly, *site.urls()) as process:
        assert process.stderr is not None
        assert any(line.startswith("batch ") for line in process.stderr)
        beside = start_service(tmp_path, ray_home)
        try:
            with beside.client() as http:
                (seen,) = http.get("/api/v1/batch", params={"state": "running"}).json()["batches"]
                assert http.post(f"/api/v1/batch/{seen['batch_id']}/pause").json()["state"] == "paused"
                more = beside.submit(site.urls()[-2:], priority="immediate")
                assert beside.wait_for(more)["counts"]["succeeded"] == 2
                assert http.post(f"/api/v1/batch/{seen['batch_id']}/resume").json()["state"] == "running"
        finally:
            assert stop_service(beside) == 0
        n_before = len(site.page_arrivals())
        wait_until(lambda: len(site.page_arrivals()) >= n_before + 8, what="the scrape going on alone")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    with open_reader(tmp_path) as journal:
        n_kept = journal.totals(journal.batch(seen["batch_id"]))[ItemState.SUCCEEDED]
    n_fetched = len(site.page_arrivals())
    assert n_kept in {n_fetched - 2, n_fetched}, "in order: what was fetched is kept"


def test_a_second_service_on_one_home_ends_at_once_and_leaves_the_first(
    http: httpx.Client, service: Service
) -> None:
    command = [sys.executable, "-m", "tlray", "serve", f"--port={free_port()}", f"--home={service.home}"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=service.env, timeout=90, check=False
    )
    assert done.returncode == 2
    assert f"is already running at {service.url}" in done.stderr
    assert http.get("/readyz").status_code == 200
