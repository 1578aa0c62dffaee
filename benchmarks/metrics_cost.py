"""What do the metrics cost the coordinator, in CPU per item, and per look at its state?

The real `Metrics` in a process that is connected to a Ray of its own: changesets of 64 fetched items of 200 domains, as a report
brings them, and the figures of a moment with 1,000 domains. The floor is a loop over the same changes that adds up one number.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import ray

from benchmarks.figures import Answer, Figure
from tlray.cluster.adapters.metrics import Metrics
from tlray.cluster.handlers.coordinator import SHOW_EVERY_S
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import Changeset, ItemChange
from tlray.core.scheduling.engine import Engine

QUESTION = "The cost of metrics"
MOST_MS = 0.02
"""Of 3.5 ms that a page costs."""
MOST_SHOW_MS = 10.0
GROUP, N_DOMAINS, N_KNOWN = 64, 200, 1_000


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    n_items, rounds = (20_000, 2) if quick else (100_000, 5)
    ray.init(
        address="local",
        num_cpus=1,
        include_dashboard=False,
        object_store_memory=100_000_000,
        log_to_driver=False,
    )
    try:
        metrics, engine = Metrics("bench"), _engine()
        moments = itertools.count(0.0, 2 * SHOW_EVERY_S)
        count, floor, show = [], [], []
        for _ in range(rounds):
            count.append(_count_ms(metrics, n_items))
            floor.append(_floor_ms(n_items))
            show.append(_show_ms(metrics, engine, moments))
    finally:
        ray.shutdown()
    return Answer(
        QUESTION,
        [
            Figure("CPU per item", count, " ms", most=MOST_MS),
            Figure("a loop over the same changes", floor, " ms"),
            Figure(
                f"a look at {N_KNOWN:,} domains, every {SHOW_EVERY_S:g} s", show, " ms", most=MOST_SHOW_MS
            ),
        ],
    )


def _changeset() -> Changeset:
    changes = []
    for number in range(GROUP):
        domain = f"d{number % N_DOMAINS}.test"
        item = FrontierItem(number, 1, domain, f"http://{domain}/{number}", f"f{number}")
        outcome = Outcome(number, OutcomeKind.FETCHED, latency_s=0.1, n_bytes=50_000)
        change = ItemChange(
            item,
            ItemState.LEASED,
            ItemState.SUCCEEDED,
            ItemEvent.FETCHED,
            1,
            0,
            0,
            item.url,
            domain,
            outcome=outcome,
        )
        changes.append(change)
    return Changeset("0001-000001", changes)


def _count_ms(metrics: Metrics, n_items: int) -> float:
    changeset, begun = _changeset(), time.process_time()
    for _ in range(n_items // GROUP):
        metrics.count(changeset, took_s=0.01, permit_wait_s=1.0)
    return (time.process_time() - begun) * 1_000 / n_items


def _floor_ms(n_items: int) -> float:
    changeset, begun, n_bytes = _changeset(), time.process_time(), 0
    for _ in range(n_items // GROUP):
        for change in changeset.changes:
            n_bytes += change.outcome.n_bytes if change.outcome is not None else 0
    return (time.process_time() - begun) * 1_000 / n_items


def _engine() -> Engine:
    engine = Engine()
    domains = {f"d{number}.test": 10 for number in range(N_KNOWN)}
    counts = {ItemState.QUEUED: 10 * N_KNOWN}
    batch = Batch(1, "b1", "", Priority.NORMAL, BatchState.RUNNING, counts, open_by_domain=dict(domains))
    engine.open(batch, domains, now=0.0)
    return engine


def _show_ms(metrics: Metrics, engine: Engine, moments: Iterator[float], n: int = 50) -> float:
    begun = time.process_time()
    for _ in range(n):
        metrics.show(
            engine, n_working=4, n_waiting=0, is_halted=False, incarnation=1,
            now=next(moments), wall=time.time(),
        )  # fmt: skip
    return (time.process_time() - begun) * 1_000 / n
