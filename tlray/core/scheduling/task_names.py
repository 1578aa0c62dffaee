"""Names of tasks in Ray's dashboard: the batch and the domain that a scrape task is started for, the batch of another one.

Ray keeps a time series of metrics for each name of a task, for ever. So who starts tasks uses at most `MAX_NAMES` of them in its
life, and after that one name for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tlray.core.model.lifecycle import BatchState
from tlray.core.scheduling.batch import Batch

MAX_NAMES: Final = 50
ANY: Final = "scrape"


class TaskNames:
    """The names that one process has used."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def name(self, batches: Iterable[Batch]) -> str:
        """Return the name of a task that is started now: ``scrape BATCH at DOMAIN +2``, of the most urgent batch that runs
        and its domain with the most open items. The task works for others, too, if it has the time."""
        running = [batch for batch in batches if batch.state is BatchState.RUNNING and batch.n_open > 0]
        if not running:
            return ANY
        first = min(running, key=lambda batch: (batch.priority, batch.created_at, batch.id))
        n_at = {domain: n for domain, n in first.open_by_domain.items() if n > 0}
        domain = max(n_at, key=n_at.__getitem__, default="")
        more = f" +{len(n_at) - 1}" if len(n_at) > 1 else ""
        return self.bounded(ANY, f"{first.batch_id} at {domain}{more}" if domain else first.batch_id)

    def bounded(self, kind: str, what: str) -> str:
        """Return the name of a task of a kind, with what it is about as long as there are few names."""
        name = f"{kind} {what}"
        if name not in self._used and len(self._used) >= MAX_NAMES:
            return kind
        self._used.add(name)
        return name
