"""The wall clock jumps back an hour under a batch, and the next coordinator reads moments of the other hour: it goes on."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from conftest import StartSite, Tlray, batch_id_of, wait_until

from tlray.core.lifecycle import ItemState
from tlray.io.journal_reader import JournalReader, totals

pytestmark = pytest.mark.ray
CLOCK = '''"""Python reads this at its start: the wall clock stands off by what a file says."""
import os, time

_true, _file = time.time, os.environ.get("TLRAY_TEST_CLOCK")


def _shifted():
    try:
        with open(_file) as file:
            return _true() + float(file.read() or 0)
    except (OSError, ValueError):
        return _true()


if _file:
    time.time = _shifted
'''


def test_a_clock_that_jumps_back_an_hour_costs_nothing(
    start_site: StartSite, tlray: Tlray, tmp_path: Path
) -> None:
    site = start_site("--sites=2", "--sets=120", "--faults=429@5=0.04,500=0.05")
    place = tmp_path / "early"
    place.mkdir()
    (place / "sitecustomize.py").write_text(CLOCK, encoding="utf-8")
    clock = tmp_path / "clock"
    env = {"PYTHONPATH": str(place), "TLRAY_TEST_CLOCK": str(clock)}
    rates = [f"--rate={base.split('//')[1]}=10/s" for base in site.bases]
    process = tlray.start("scrape", *site.urls(), *rates, "--json", **env)
    batch_id = batch_id_of(process)

    def n_done() -> int:
        with JournalReader.of(tlray.home) as journal:
            return totals(journal.get(batch_id)[1]).get(ItemState.SUCCEEDED, 0)

    wait_until(lambda: n_done() >= 30, what="30 items")
    clock.write_text("-3600", encoding="utf-8")
    wait_until(lambda: n_done() >= 50, what="50 items after the jump")
    (coordinator,) = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if any("ray::Coordinator" in word for word in child.cmdline())
    ]
    os.kill(
        coordinator.pid, signal.SIGKILL
    )  # the next life reads what the last one wrote before and after the jump
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    summary = json.loads(out)
    assert (summary["succeeded"], summary["total"]) == (120, 120)
    assert summary["elapsed_s"] < 120, "an hour that nobody lived is not counted"
    audit = tlray.run("audit", batch_id)
    assert audit.returncode == 0, audit.stdout
