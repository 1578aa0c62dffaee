"""Nodes that were lost with tasks on them, and the items that went back to the queue.

A node takes several tasks along, and their ends come one after the other. A batch gets one record of a node, after the last of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from tlray.core.model.lifecycle import ItemState
from tlray.core.model.progress import LostNodeRecord
from tlray.core.scheduling.changeset import ItemChange

MAX_TOLD = 10
"""The last nodes, in a snapshot."""


@dataclass(frozen=True, slots=True)
class LostNode:
    """A node that was lost while it held items of a batch."""

    node_id: str
    address: str
    n_items: int
    """Items of the batch that went back to the queue."""
    lost_at: float
    """Monotonic seconds."""

    def as_json(self, *, now: float, wall: float) -> LostNodeRecord:
        """Return it as JSON; ``now`` and ``wall`` are one moment on the two clocks."""
        at = round(wall + self.lost_at - now, 1)
        return {"node_id": self.node_id, "address": self.address, "items": self.n_items, "at": at}


@dataclass(slots=True)
class NodeLosses:
    """The losses of nodes whose tasks have not all ended."""

    _n_items: dict[str, dict[int, int]] = field(default_factory=dict)
    """Node → batch → items that went back to the queue."""

    def count(self, node: str, changes: Iterable[ItemChange]) -> None:
        """Count the items of a task that was lost with its node."""
        of_node = self._n_items.setdefault(node, {})
        for change in changes:
            if change.after is ItemState.QUEUED:
                of_node[change.item.batch] = of_node.get(change.item.batch, 0) + 1

    def take(
        self, at_work: Collection[str], address: Callable[[str], str], *, now: float
    ) -> list[tuple[int, LostNode]]:
        """Return the losses by batch, and forget them; nodes with live tasks (``at_work``) stay."""
        over = [node for node in self._n_items if node not in at_work]
        return [
            (batch, LostNode(node, address(node), n, now))
            for node in over
            for batch, n in self._n_items.pop(node).items()
        ]
