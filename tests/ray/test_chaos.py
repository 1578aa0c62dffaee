"""A thousand items on three nodes, twelve kills by a seeded plan, and books that balance."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.chaos.plan import ROUND, Victim
from benchmarks.chaos.run import ChaosResult, ChaosRun
from benchmarks.chaos.site import serve

N_ITEMS, N_KILLS, SEED, RATE = 1_000, 12, 1, 15.0
SLACK = 3.0
"""The promised times are those of a machine that does nothing else."""


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory, ray_home: Path) -> ChaosResult:
    with serve(N_ITEMS, n_sites=3) as site:
        folder = tmp_path_factory.mktemp("chaos")
        return ChaosRun(folder, site, n_kills=N_KILLS, seed=SEED, rate=RATE).go()


@pytest.mark.ray
@pytest.mark.timeout(420)
def test_no_kill_loses_or_doubles_anything_and_the_rates_hold(chaos: ChaosResult) -> None:
    assert Counter(kill.victim for kill in chaos.kills) == Counter(ROUND), "every kind of process was killed"
    assert chaos.ended_by_itself == [], "no driver gave up"
    assert (chaos.missing, chaos.twice, chaos.unexpected) == ([], [], []), chaos.why_dead
    assert sum(chaos.counts.values()) == N_ITEMS
    assert set(chaos.counts) == {"succeeded", "dead"}
    assert all(excess <= 0 for excess in chaos.above_rate.values()), chaos.above_rate
    assert chaos.audit["is_right"], chaos.audit
    assert (chaos.n_audits, chaos.wrong_audits) == (N_KILLS, []), "nor was anything wrong on the way"
    assert chaos.audit["pages_read"] >= chaos.counts["succeeded"]

    # what was in flight or not yet reported is fetched again: at most two seconds' work a kill
    assert chaos.n_fetched_again <= N_KILLS * 2 * 3 * RATE

    to_next_fetch = [kill.next_fetch_s for kill in chaos.kills if kill.victim is Victim.COORDINATOR]
    assert None not in to_next_fetch
    assert statistics.median(to_next_fetch) < 5.0 * SLACK  # type: ignore[type-var]
    leased_again = [
        kill.leased_again_s
        for kill in chaos.kills
        if kill.victim is Victim.WORKER and kill.leased_again_s is not None
    ]
    assert leased_again, "the workers that were killed held something"
    assert statistics.median(leased_again) < 3.0 * SLACK
