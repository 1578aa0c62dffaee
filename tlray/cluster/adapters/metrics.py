"""Metrics of a coordinator, for Ray's dashboard and Prometheus. Tags are kinds and states, never a URL or a batch."""

from __future__ import annotations

import math

from ray.util.metrics import Counter, Gauge, Histogram

from tlray.core.model.lifecycle import ItemState
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.engine import Engine

COUNT_DOMAINS_EVERY_S = 10.0
COUNT_ITEMS_EVERY_S = 1.0


class Metrics:
    """The gauges and counters; Prometheus shows them as ``ray_tlray_…``."""

    def __init__(self) -> None:
        self._outcomes = Counter("tlray_outcomes", "What came of items, by kind", tag_keys=("kind",))
        self._tracks = Counter("tlray_tracks", "Tracks catalogued")
        self._bytes = Counter("tlray_wire_bytes", "Bytes of pages on the wire")
        self._latency = Histogram(
            "tlray_fetch_latency_seconds",
            "From the request to the last byte",
            boundaries=[0.05, 0.2, 0.5, 1, 2, 5, 15, 60],
        )
        self._items = Gauge("tlray_items", "Items of open batches, by state", tag_keys=("state",))
        self._tasks = Gauge("tlray_scrape_tasks", "Scrape tasks running")
        self._batches = Gauge("tlray_open_batches", "Batches that are not finished")
        self._cooling = Gauge("tlray_domains_cooling", "Domains that cool down")
        self._counted_at = self._items_counted_at = -math.inf

    def count(self, changeset: Changeset) -> None:
        """Count what a report brought."""
        for change in changeset.changes:
            outcome = change.outcome
            kind = "lost" if outcome is None else outcome.kind.value
            self._outcomes.inc(1, {"kind": kind})
            if outcome is not None and outcome.latency_s is not None:
                self._latency.observe(outcome.latency_s)
        n_tracks = sum(part.n_tracks for part in changeset.parts)
        if n_tracks:
            self._tracks.inc(n_tracks)
        n_bytes = sum(c.outcome.n_bytes for c in changeset.changes if c.outcome is not None)
        if n_bytes:
            self._bytes.inc(n_bytes)

    def show(self, engine: Engine, *, n_tasks: int, now: float) -> None:
        """Show how things stand."""
        self._tasks.set(n_tasks)
        self._batches.set(len(engine.batches))
        if now - self._counted_at >= COUNT_DOMAINS_EVERY_S:
            self._counted_at = now
            self._cooling.set(sum(state.is_cooling(now) for state in engine.domains.values()))
        if now - self._items_counted_at < COUNT_ITEMS_EVERY_S:
            return
        self._items_counted_at = now
        for state in ItemState:
            if not state.is_final:
                self._items.set(
                    sum(b.counts.get(state, 0) for b in engine.batches.values()), {"state": state.value}
                )
