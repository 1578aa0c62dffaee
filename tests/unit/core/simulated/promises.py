"""Is every site treated as promised? The rate and the slots, and no fetch for a batch that was stopped."""

from __future__ import annotations

from tlray.core.engine import Engine
from tlray.core.gate import Gate
from tlray.core.lease import LeasedItem
from tlray.core.pacing import Errand

from .journal import FakeJournal
from .site import Site

STOP_HEARD_S = 1.5
"""A task hears of a stop with its next answer: by then at the latest."""
JITTER_S = 0.02
"""An answer of a limiter takes up to half of it; its moments count from when it is there."""


def note_begin(site: Site, errand: Errand, engine: Engine, gate: Gate | None, *, now: float) -> None:
    """Note that a fetch begins, and see that no more are in flight than may be."""
    state = engine.domains[errand.domain]
    policy = gate.policy if gate else state.effective
    # what is promised is the ceiling; below it the rate may fall between a permit and its begin
    top = state.ceiling
    site.begins.append((now, max(policy.rate, top.rate), policy.burst))
    site.n_in_flight += 1
    assert site.n_in_flight <= max(policy.concurrency, top.concurrency), (
        f"{site.n_in_flight} in flight at {site.name}"
    )


def check_wanted(item: LeasedItem, journal: FakeJournal, stopped_at: float | None, *, now: float) -> None:
    """See that an item which begins is still wanted."""
    assert stopped_at is None or now <= stopped_at + STOP_HEARD_S, (
        f"{item} begins {now - stopped_at} s after its stop"
    )
    row = journal.rows[item.item_id]
    assert not row.state.is_final, f"fetched once more: {row}"


def check_rate(site: Site) -> None:
    """In any window of t seconds at most burst + rate·t fetches began."""
    begins = site.begins
    for i in range(len(begins)):
        rate = burst = 0.0
        for j in range(i, min(len(begins), i + 60)):
            rate, burst = max(rate, begins[j][1]), max(burst, begins[j][2])
            t = begins[j][0] - begins[i][0] + JITTER_S
            assert j - i + 1 <= burst + rate * t + 1e-6, (
                f"{j - i + 1} fetches of {site.name} in {t} s at {rate}/s"
            )
