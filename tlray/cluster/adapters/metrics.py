"""Metrics of a coordinator, for Prometheus and Ray's dashboard. Tags are kinds, states and a bounded number of domains.

What happens often is counted in memory and handed to Ray now and then: a call of Ray's metrics costs as much as a hundred
additions. Ray exports every 10 s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ray.util.metrics import Counter, Gauge, Histogram

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.changeset import LOST, Changeset
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.gauges import OTHER, DomainLabels, gauges, rest_label

NOTHING = 1e-9
"""What a counter begins with: Ray takes no 0, and without a first sample an increase from nothing is not seen."""
HOME = "home"
"""The tag of every metric: the home's name in those of its actors. Several homes may share one Prometheus."""
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "items": ("Items of batches that are not finished", ("state",)),
    "queue_items": ("Items queued or waiting, of batches that run", ("priority",)),
    "queue_oldest_seconds": ("How long the oldest open item of a batch that runs has waited", ("priority",)),
    "domains": ("Domains that cool down, block us, are paused, parked or slowed", ("state",)),
    "domain_ceiling": (
        "Fetches a second at most; 0 without a ceiling, and once nothing of the domain is open",
        ("domain",),
    ),
    "open_batches": ("Batches that are not finished", ()),
    "scrape_tasks": ("Scrape tasks at work, and waiting for a CPU", ("state",)),
    "leases": ("Leases that scrape tasks hold", ()),
    "items_in_flight": ("Items leased to scrape tasks", ()),
    "is_halted": ("1 while no work is done, because nothing can be written or no task can run", ()),
    "incarnation": ("Number of coordinator starts on this home", ()),
}
"""Name after ``tlray_`` → help, tags besides `HOME`."""
FIRST: dict[str, tuple[str, ...]] = {
    "outcomes": (*(kind for kind in OutcomeKind if kind is not OutcomeKind.NOT_BEGUN), LOST),
    "items_finished": tuple(state for state in ItemState if state.is_final),
    "rests": (OutcomeKind.BLOCKED, OutcomeKind.THROTTLED, OTHER),
    "deliveries": ("delivered", "tried again", "given up"),
    "permit_wait_seconds": ("",),
    "tracks": ("",),
    "wire_bytes": ("",),
}
"""Values of tags that are there from the beginning."""
COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "outcomes": ("What came of attempts, by kind", ("kind",)),
    "items_finished": ("Items that became final, by state", ("state",)),
    "fetches": ("Fetches of pages", ("domain",)),
    "rests": ("Rests of domains that began, by reason", ("why",)),
    "deliveries": ("Attempts to deliver a notification", ("result",)),
    "permit_wait_seconds": ("Time that items in the hands of tasks waited for their turn, added up", ()),
    "tracks": ("Tracks catalogued", ()),
    "wire_bytes": ("Bytes of pages on the wire", ()),
}
HISTOGRAMS: dict[str, tuple[str, list[float]]] = {
    "fetch_latency_seconds": ("From the request to the last byte", [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60]),
    "journal_commit_seconds": (
        "To write what a report brought, and to publish its parts", [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30],
    ),
}  # fmt: skip
"""Name → help, upper ends of the buckets."""


class Metrics:
    """The metrics of one home; Prometheus shows them as ``ray_tlray_…``, counters with ``_total``."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._gauges = {
            name: Gauge(f"tlray_{name}", about, (*tags, HOME)) for name, (about, tags) in GAUGES.items()
        }
        self._counters = {
            name: Counter(f"tlray_{name}", about, (*tags, HOME)) for name, (about, tags) in COUNTERS.items()
        }
        histograms = {
            name: Histogram(f"tlray_{name}", about, ends, (HOME,))
            for name, (about, ends) in HISTOGRAMS.items()
        }
        self._latency, self._commit = (
            histograms["fetch_latency_seconds"],
            histograms["journal_commit_seconds"],
        )
        self._tallies: dict[str, dict[str, float]] = {
            name: defaultdict(float, dict.fromkeys(FIRST.get(name, ()), NOTHING)) for name in COUNTERS
        }
        self._labels = DomainLabels()

    def count(self, changeset: Changeset, *, took_s: float, permit_wait_s: float) -> None:
        """Count what a report brought, before it is applied, and how long it took to write."""
        kinds, home = self._tallies["outcomes"], {HOME: self._home}
        n_bytes = 0
        for change in changeset.changes:
            outcome = change.outcome
            if change.attempted is not None:
                kinds[change.attempted] += 1
            if outcome is not None and outcome.latency_s is not None:
                n_bytes += outcome.n_bytes
                self._labels.count(change.item.domain)
                self._latency.observe(outcome.latency_s, home)
        for rest in changeset.cool_downs:
            self._tallies["rests"][rest_label(rest.reason)] += not rest.prolongs
        totals = {
            "tracks": sum(part.n_tracks for part in changeset.parts),
            "wire_bytes": n_bytes,
            "permit_wait_seconds": permit_wait_s,
        }
        for name, n in totals.items():
            self._tallies[name][""] += n
        if changeset.is_stored:
            self._commit.observe(took_s, home)

    def delivered(self, result: str) -> None:
        """Count an attempt to deliver a notification."""
        self._tallies["deliveries"][result] += 1

    def show(
        self,
        engine: Engine,
        *,
        n_working: int,
        n_waiting: int,
        is_halted: bool,
        incarnation: int,
        now: float,
        wall: float,
    ) -> None:
        """Hand the state of an engine, and what was counted, to Ray."""
        state = gauges(engine, now=now, wall=wall)
        for label, n_fetches in self._labels.take().items():
            self._tallies["fetches"][label] += n_fetches
        for final, n_items in engine.open_items.take_finals().items():
            self._tallies["items_finished"][final] += n_items
        by_tag: dict[str, Mapping[str, float]] = {
            "items": state.items,
            "queue_items": state.queue,
            "queue_oldest_seconds": state.oldest_s,
            "domains": state.domains,
            "domain_ceiling": self._labels.ceilings(engine),
            "open_batches": {"": len(engine.batches)},
            "scrape_tasks": {"working": n_working, "waiting": n_waiting},
            "leases": {"": state.leases},
            "items_in_flight": {"": state.in_flight},
            "is_halted": {"": is_halted},
            "incarnation": {"": incarnation},
        }
        for name, values in by_tag.items():
            for value, n in values.items():
                self._gauges[name].set(n, self._tags(GAUGES[name][1], value))
        for name, tally in self._tallies.items():
            for value, n in tally.items():
                if n > 0:
                    self._counters[name].inc(n, self._tags(COUNTERS[name][1], value))
            tally.clear()

    def _tags(self, keys: tuple[str, ...], value: str) -> dict[str, str]:
        return {**dict.fromkeys(keys, value), HOME: self._home}
