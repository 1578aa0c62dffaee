"""A rest is one event of the log, however many answers were in flight when it began; one that becomes much longer is another."""

from __future__ import annotations

import logging
import random

import pytest

from tlray.cluster.coordinator.log_events import log_changes
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.decide import decide
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report


@pytest.mark.parametrize(
    ("retry_after_s", "lines"),
    [
        ((100.0, 100.0, 100.0), ["domain rests domain=a.test rest_s=100 why=throttled: 429"]),
        (
            (100.0, 100.0, 3_600.0),
            [
                "domain rests domain=a.test rest_s=100 why=throttled: 429",
                "domain rests domain=a.test rest_s=3600 why=throttled: 429",
            ],
        ),
    ],
)
def test_answers_in_flight_tell_of_the_same_rest(
    retry_after_s: tuple[float, ...], lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    n = len(retry_after_s)
    engine = Engine()
    counts = {ItemState.QUEUED: n}
    book = Batch(1, "b1", "", Priority.NORMAL, BatchState.RUNNING, counts, open_by_domain={"a.test": n})
    engine.open(book, {"a.test": n}, now=0.0)
    (lane,) = engine.frontier.wanting()
    items = [FrontierItem(i, 1, "a.test", f"http://a.test/{i}", f"f{i}") for i in range(1, n + 1)]
    engine.loaded(lane, items, last_id=n, is_last=True)
    engine.domains["a.test"].apply_robots("", None, now=0.0)
    assert len(engine.grant("L", n, now=0.0).items) == n
    with caplog.at_level(logging.INFO, logger="tlray"):
        for number, after_s in enumerate(retry_after_s, 1):
            answer = Outcome(number, OutcomeKind.THROTTLED, status=429, retry_after_s=after_s)
            changeset = decide(
                engine, Report("L", number, (answer,)), now=float(number), rng=random.Random(1)
            )
            log_changes(changeset, engine, now=float(number))
            engine.apply(changeset, now=float(number))
    assert [record.getMessage() for record in caplog.records] == lines
