"""A million URLs over a thousand domains through the pure core, and how fast it is."""

from __future__ import annotations

import pytest
from simulated.crowd import Crowd

from tlray.core.model.lifecycle import ItemState


@pytest.mark.costly
def test_thirty_thousand_items_of_fifty_misbehaving_domains_are_all_accounted_for() -> None:
    run = Crowd(30_000, 50, faults=0.1).run(checks_every=10)
    assert sum(run.counts.values()) == 30_000
    assert run.counts[ItemState.SUCCEEDED] > 28_000
    assert run.n_leases_lost > 0
    assert run.n_checks > 50


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_million_items_of_a_thousand_misbehaving_domains_in_two_minutes_and_a_gigabyte() -> None:
    run = Crowd(1_000_000, 1_000, faults=0.1).run(checks_every=1_000)
    assert sum(run.counts.values()) == 1_000_000
    assert run.n_checks >= 1
    assert run.real_s < 120
    assert run.peak_mb < 1_024
