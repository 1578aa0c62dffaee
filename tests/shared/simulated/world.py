"""The simulated whole: one home, one coordinator at a time, limiters, scrape tasks, and sites.

`World` is made of layers, each in a module: what there is (`stage.py`), processes (`processes.py`), time and checks
(`course.py`), users (`users.py`), and here what happens at the sites.
"""

from __future__ import annotations

from typing import Any

from tlray.core.pacing.pacer import FetchTask
from tlray.core.scheduling.lease import LeasedItem

from .calls import Chances
from .promises import check_begin, late_s, note_ceilings, note_stops
from .site import Site
from .users import Users


class World(Users):
    """The whole, in virtual time. ``with World(seed, sites) as world``."""

    def __init__(self, seed: int, sites: list[Site], **given: Any) -> None:
        super().__init__(seed, sites, **given)
        self._start_limiter()
        self._start_coordinator(is_restart=False)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begun(self, fetch_task: FetchTask, site: Site, lease_id: str) -> None:
        """Note that a request goes on the wire, and see that it may."""
        note_ceilings(self)
        note_stops(self)
        self.tell(
            f"{fetch_task.batch_id if isinstance(fetch_task, LeasedItem) else 'robots'} fetches {fetch_task.url}"
        )
        check_begin(self, fetch_task, site, self.processes[lease_id].heard_stops)
        if isinstance(fetch_task, LeasedItem):
            self.begun_at.setdefault(fetch_task.item_id, self.loop.now)


__all__ = ["Chances", "World", "late_s"]
