"""The wall clock jumps back an hour under a batch, and the next coordinator reads moments of the other hour: it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import StartSite, Tlray, batch_id_of, wait_until
from running import kill

import tlray

pytestmark = pytest.mark.ray


def test_a_clock_that_jumps_back_an_hour_costs_nothing(
    start_site: StartSite, joined: Tlray, shift_clock: Callable[[float], None]
) -> None:
    site = start_site("--sites=2", "--sets=100", "--faults=429@2=0.04,500=0.05")
    rates = [f"--rate={base.split('//')[1]}=10/s" for base in site.bases]
    process = joined.start("scrape", *site.urls(), *rates, "--json")
    batch_id = batch_id_of(process)
    wait_until(lambda: joined.n_succeeded(batch_id) >= 25, what="25 items")
    shift_clock(-3600)
    wait_until(lambda: joined.n_succeeded(batch_id) >= 45, what="45 items after the jump")
    kill("ray::Coordinator")  # the next life reads what the last one wrote before and after the jump
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    summary = json.loads(out)
    assert (summary["succeeded"], summary["total"]) == (100, 100)
    assert summary["elapsed_s"] < 600, "an hour that nobody lived is not counted"
    fetched_at = tlray.load(batch_id, home=joined.home)[0].fetched_at
    assert fetched_at.max() - fetched_at.min() > timedelta(minutes=50), "it did jump"
    audit = joined.here("audit", batch_id)
    assert audit.returncode == 0, audit.stdout
