"""A scrape on its own Ray, and other commands beside it: another scrape joins, it is steered by its home, `tlray stop` ends it.

All on one running scrape, because the start of a Ray costs ten seconds of a core.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import StartSite, Tlray, batch_id_of, wait_until
from demo_site import Site, demo_sites

from tlray.io.disk.home import Home

pytestmark = pytest.mark.ray


@dataclass
class Running:
    """A scrape that takes its time."""

    tlray: Tlray
    site: Site
    process: subprocess.Popen[str]
    batch_id: str

    def here(self) -> list[str]:
        return ["--home", str(self.tlray.home)]


@pytest.fixture(scope="module")
def running(ray_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One scrape for the tests of this file; the last of them ends it."""
    tlray = Tlray(tmp_path_factory.mktemp("own") / "sets", {})
    with demo_sites() as start:
        site = start("--sites=1", "--sets=40")
        process = tlray.start("scrape", *site.urls(), *rate(site, "1/20s:4"))
        try:
            batch_id = batch_id_of(process)
            wait_until(lambda: tlray.n_succeeded(batch_id) >= 1, what="its first page")
            yield Running(tlray, site, process, batch_id)
        finally:
            process.terminate()
            process.communicate(timeout=60)


def rate(site: Site, rate: str) -> list[str]:
    return [f"--rate={base.split('//')[1]}={rate}" for base in site.bases]


def test_a_second_scrape_into_the_same_home_joins_the_first(running: Running, start_site: StartSite) -> None:
    site = start_site("--sites=1", "--sets=20")
    holder = Home(running.tlray.home).holder()
    second = running.tlray.run("scrape", *site.urls(), "--json")
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout)["succeeded"] == 20
    assert running.process.poll() is None
    assert Home(running.tlray.home).holder() == holder, "one coordinator worked at both"


def test_a_batch_is_steered_by_its_home_while_its_scrape_runs(
    running: Running, start_site: StartSite
) -> None:
    site, tlray = start_site("--sites=1", "--sets=300"), running.tlray
    process = tlray.start("scrape", *site.urls(), *rate(site, "1/s"), "--json")
    batch_id = batch_id_of(process)
    wait_until(lambda: len(site.page_arrivals()) > 0, what="a fetch")
    for action, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancel")):
        done = tlray.run(action, batch_id, *running.here())
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{batch_id} {state}")
        if state == "paused":
            wait_until(lambda: tlray.status(batch_id)["counts"].get("leased", 0) == 0, what="a pause")
            n_fetched = len(site.page_arrivals())
            assert tlray.status(batch_id)["state"] == "paused"
            assert len(site.page_arrivals()) == n_fetched
    out, err = process.communicate(timeout=60)
    assert json.loads(out)["state"] == "cancelled", err
    late = tlray.run("pause", batch_id, *running.here())
    assert (late.returncode, "is cancelled already" in late.stderr) == (2, True)


def test_stop_ends_a_scrape_of_its_own_ray_with_one_line(running: Running) -> None:
    tlray, batch_id = running.tlray, running.batch_id
    listed = tlray.run("list")
    assert f"`tlray stop --home {tlray.home}` ends it" in listed.stderr, "who works here is told"
    done = tlray.run("stop")
    assert done.returncode == 0, done.stderr
    assert f"ended: the coordinator of {tlray.home}" in done.stderr
    assert f"open: {batch_id}; `tlray scrape --resume BATCH_ID --home {tlray.home}` goes on" in done.stderr
    _, err = running.process.communicate(timeout=60)
    assert running.process.returncode == 4, err
    (line,) = [line for line in err.splitlines() if line.startswith("tlray: ")]
    assert "was ended by `tlray stop`" in line
    assert "Traceback" not in err + done.stderr
    again = tlray.run("stop", "--now")
    assert (again.returncode, again.stderr) == (0, f"nothing works in {tlray.home}\n")
    assert (tlray.run("list").stderr, os.environ.get("RAY_ADDRESS")) == ("", None)
