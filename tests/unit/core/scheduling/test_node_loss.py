"""What a batch is told of nodes that were lost."""

from __future__ import annotations

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import ItemChange
from tlray.core.scheduling.node_loss import MAX_TOLD, LostNode, NodeLosses
from tlray.core.scheduling.snapshot import snapshot


def change(item_id: int, batch: int, after: ItemState = ItemState.QUEUED) -> ItemChange:
    item = FrontierItem(item_id, batch, "a.test", f"http://a.test/{item_id}", str(item_id))
    event = ItemEvent.GIVE_BACK if after is ItemState.QUEUED else ItemEvent.CANCEL
    return ItemChange(
        item=item, before=ItemState.LEASED, after=after, event=event, attempt=1, n_lost=0, n_hops=0,
        snoozed_since=None, url=item.url, domain=item.domain, from_public=False,
    )  # fmt: skip


def address(node: str) -> str:
    return f"address of {node}"


def test_a_node_is_told_once_to_each_batch_when_the_last_of_its_tasks_has_ended() -> None:
    losses = NodeLosses()
    losses.count("n1", [change(1, 7), change(2, 7), change(3, 8)])
    losses.count("n2", [change(4, 8)])
    assert losses.take({"n1", "n2", ""}, address, now=5.0) == []
    losses.count("n1", [change(5, 7)])
    assert losses.take({"n2"}, address, now=6.0) == [
        (7, LostNode("n1", "address of n1", 3, 6.0)),
        (8, LostNode("n1", "address of n1", 1, 6.0)),
    ]
    assert losses.take({"n2"}, address, now=7.0) == []
    assert losses.take((), address, now=8.0) == [(8, LostNode("n2", "address of n2", 1, 8.0))]


def test_what_is_cancelled_with_its_node_goes_nowhere_and_a_node_without_items_is_not_told() -> None:
    losses = NodeLosses()
    losses.count("n1", [change(1, 7, ItemState.CANCELLED)])
    losses.count("n2", [])
    assert losses.take((), address, now=5.0) == []


def test_a_snapshot_names_the_last_lost_nodes_until_the_batch_is_over() -> None:
    batch = Batch(1, "B1", "", Priority.NORMAL, BatchState.RUNNING, {})
    before = batch.version
    for n in range(MAX_TOLD + 2):
        batch.add_lost_node(LostNode(f"n{n}", "10.0.0.7", n, 100.0 + n))
    assert batch.version == before + MAX_TOLD + 2, "whoever watches is told"
    told = snapshot(batch, {}, now=200.0, wall=1_000.0)["lost_nodes"]
    assert len(told) == MAX_TOLD
    assert told[-1] == {"node_id": "n11", "address": "10.0.0.7", "items": 11, "at": 911.0}
    batch.state = BatchState.COMPLETED
    assert snapshot(batch, {}, now=200.0, wall=1_000.0)["lost_nodes"] == []
