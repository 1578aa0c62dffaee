"""The engine's memory: the batches, domains, items and leases that are alive. It decides nothing.

The parts of the engine (`domain_registry`, `granting`, `result_reuse`, `give_up`, `eviction`, `decide`, `lane_ends`) share it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.retry import MAX_REST_S
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.domain_index import DomainIndex
from tlray.core.scheduling.frontier import Frontier
from tlray.core.scheduling.lease import Lease
from tlray.core.scheduling.open_items import OpenItems
from tlray.core.scheduling.robots_queue import RobotsQueue


@dataclass(eq=False)
class EngineState:
    """All that the engine has in memory. Moments are monotonic seconds."""

    lease_s: float = 30.0
    max_rest_s: float = MAX_REST_S
    frontier: Frontier = field(default_factory=Frontier)
    batches: dict[int, Batch] = field(default_factory=dict)
    by_batch_id: dict[str, Batch] = field(default_factory=dict)
    open_items: OpenItems = field(default_factory=OpenItems)
    """Of all batches."""
    domain_index: DomainIndex = field(default_factory=DomainIndex)
    domains: dict[str, DomainState] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    unrecalled: dict[str, None] = field(default_factory=dict)
    """Domains whose records in the journal have not been read yet."""
    timers: list[tuple[float, str]] = field(default_factory=list)
    """A heap of domains, by the end of their cool-downs."""
    robots_queue: RobotsQueue = field(init=False)
    """Domains whose robots.txt is to be fetched before anything else of them."""

    def __post_init__(self) -> None:
        self.robots_queue = RobotsQueue(self.frontier.priority_at)
