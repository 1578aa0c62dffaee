"""A node that is lost accuses no page, however Ray tells of it; a worker that dies on a living node makes suspects."""

from __future__ import annotations

import pytest
from simulated import Site, World

from tlray.cluster.ports.coordinator import EndKind
from tlray.core.model.lifecycle import ItemState

N_ITEMS = 30


@pytest.mark.parametrize(
    ("kind", "heard_s", "is_lost"),
    [
        (EndKind.NODE_DIED, 0.3, True),
        (EndKind.WORKER_DIED, 0.3, True),  # its worker died before its raylet
        (EndKind.WORKER_DIED, None, True),  # it is out of reach: only the end of the lease tells
        (EndKind.WORKER_DIED, 0.3, False),
        (EndKind.WORKER_DIED, None, False),
    ],
)
def test_pages_are_suspected_only_where_the_node_lives_on(
    kind: EndKind, heard_s: float | None, *, is_lost: bool
) -> None:
    with World(5, [Site("a.test", latency_s=1.0)], max_workers=1) as world:
        book = world.submit({"a.test": N_ITEMS}, rate=4.0)
        for n_lost in range(1, 4):
            n_before = book.counts.get(ItemState.SUCCEEDED, 0)
            world.until(lambda n=n_before: book.counts.get(ItemState.SUCCEEDED, 0) > n, within_s=300)  # type: ignore[misc]
            (task,) = world.tasks.values()
            if is_lost:
                world.lose_node(task, kind, heard_s=heard_s)
            else:
                task.die(kind, heard_s=heard_s)
            world.until(lambda: not book.counts.get(ItemState.LEASED, 0), within_s=300)
            assert len(book.lost_nodes) == (n_lost if is_lost else 0), "each is told once"
        losses = [node.n_items for node in book.lost_nodes]
        assert all(n > 0 for n in losses)
        assert any(row.n_lost for row in world.rows(book.id)) == (not is_lost)
        world.run()
        if is_lost:
            assert world.counts(book.id) == {ItemState.SUCCEEDED: N_ITEMS}


def test_nodes_that_go_before_their_tasks_begin_stop_nothing() -> None:
    """As many as there are tasks that may die young before no more are started."""
    with World(6, [Site("a.test")], max_workers=1) as world:
        book = world.submit({"a.test": 3}, rate=4.0)
        for _ in range(8):
            world.until(lambda: bool(world.tasks), within_s=300)
            (task,) = world.tasks.values()
            world.lose_node(task, heard_s=0.0)
        world.run()
        assert world.counts(book.id) == {ItemState.SUCCEEDED: 3}
