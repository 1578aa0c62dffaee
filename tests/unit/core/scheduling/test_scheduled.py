"""A batch whose time has not come asks nothing of anybody: no task, no robots.txt, no page."""

from __future__ import annotations

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine


def test_a_scheduled_batch_wants_nothing_until_it_starts() -> None:
    engine = Engine()
    book = Batch(
        1, "b", "", Priority.NORMAL, BatchState.SCHEDULED, {ItemState.QUEUED: 2}, open_by_domain={"a.test": 2}
    )
    engine.open(book, {"a.test": 2}, now=0.0)
    assert list(engine.frontier.wanting()) == []
    assert engine.demand(1.0).n_ready == 0
    assert not engine.grant("L", 10, now=1.0)

    book.state = BatchState.RUNNING
    engine.pause(1, is_paused=False)
    (lane,) = engine.frontier.wanting()
    items = [FrontierItem(n, 1, "a.test", f"http://a.test/{n}", f"f{n}") for n in (1, 2)]
    engine.loaded(lane, items, last_id=2, is_last=True)
    assert [fetch_task.domain for fetch_task in engine.grant("L", 10, now=2.0).robots] == ["a.test"]
    engine.check_invariants()


def test_a_scheduled_batch_can_be_cancelled() -> None:
    engine = Engine()
    book = Batch(
        1, "b", "", Priority.NORMAL, BatchState.SCHEDULED, {ItemState.QUEUED: 2}, open_by_domain={"a.test": 2}
    )
    engine.open(book, {"a.test": 2}, now=0.0)
    book.state = BatchState.CANCELLING
    assert engine.cancel_open(1, now=1.0)
    assert book.counts[ItemState.CANCELLED] == 2
