"""What a batch of the service may be fetched from travels with it, and is nobody else's."""

from __future__ import annotations

from dataclasses import replace

from test_engine import opened

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.engine import Engine
from tlray.core.scheduling.lease import Report

LAN = ("10.0.0.0/8",)


def join(engine: Engine, batch: int, domain: str, networks: tuple[str, ...] | None) -> Batch:
    """Open one more batch, of one item."""
    book = Batch(
        batch, f"b{batch}", "", Priority.NORMAL, BatchState.RUNNING, {ItemState.QUEUED: 1},
        open_by_domain={domain: 1}, networks=networks,
    )  # fmt: skip
    engine.open(book, {domain: 1}, now=0.0)
    for lane in engine.frontier.lanes_of(batch):
        item = FrontierItem(batch * 100, batch, domain, f"http://{domain}/{batch}", f"f{batch}")
        engine.loaded(lane, [item], last_id=item.id, is_last=True)
    return book


def test_what_is_leased_and_the_robots_txt_before_it_say_for_whom() -> None:
    engine, book = opened({"a.test": 1}, has_robots=False)
    book.networks = LAN
    assert [fetch_task.networks for fetch_task in engine.grant("L", 1, now=0.0).robots] == [LAN]
    engine.apply_robots(Report("L", 1, robots=(RobotsAnswer("a.test", ""),)), now=0.0)
    assert [item.networks for item in engine.grant("L", 1, now=0.0).items] == [LAN]


def test_a_robots_txt_that_one_batch_may_not_ask_for_is_asked_for_again_for_another() -> None:
    engine, book = opened({"nas.test": 1}, has_robots=False)
    book.networks = ()
    join(engine, 7, "nas.test", None)
    [fetch_task] = engine.grant("L", 1, now=0.0).robots
    assert fetch_task.networks == ()
    refused = RobotsAnswer("nas.test", None, reason="not a public address", is_refused=True, networks=())
    [death] = engine.apply_robots(Report("L", 1, robots=(refused,)), now=0.0)
    assert (death.batch, death.reason) == (book.id, "private-address: not a public address")
    engine.kill_lane(death, now=0.0, n_queued=1, n_waiting=0)
    [fetch_task] = engine.grant("L", 1, now=0.0).robots
    assert fetch_task.networks is None, "the other one's user may name it"
    # a metadata address is refused to everybody
    again = replace(refused, networks=None)
    [death] = engine.apply_robots(Report("L", 2, robots=(again,)), now=0.0)
    assert death.batch == 7
