"""A batch that runs in a thread, what can be done to it meanwhile, and the processes of the session's Ray."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from conftest import wait_until
from process_trees import with_word

import tlray
from tlray.api import BatchResult
from tlray.cluster.driver.client import Client
from tlray.cluster.driver.coordinator_actor import coordinator_name
from tlray.core.model.progress import BatchStatus
from tlray.io.disk.home import Home
from tlray.io.journal.opening import identity_of


class Running:
    """A batch under way."""

    def __init__(self, urls: Iterable[str], home: Path, **options: Any) -> None:
        self.told: dict[str, Any] = {}
        self.home = home
        self._result: list[BatchResult] = []

        def run() -> None:
            self._result.append(tlray.scrape(urls, home=home, on_progress=self._take, **options))

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def _take(self, told: dict[str, Any]) -> None:
        self.told = told

    @property
    def batch_id(self) -> str:
        return str(self.told["batch_id"])

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def reaches(self, n: int) -> None:
        """Wait until so many items have succeeded."""
        wait_until(lambda: bool(self.told) and self.told["counts"]["succeeded"] >= n, what=f"{n} items")

    def comes_to_rest(self) -> None:
        """Wait until nothing is leased any more."""
        wait_until(lambda: self.told["counts"]["leased"] == 0, what="an end of what was in flight")

    def control(self, action: str) -> dict[str, Any]:
        """Pause, resume or cancel it, beside the driver that scrapes."""
        return dict(client_of(self.home).control(action, self.batch_id))

    def status(self) -> BatchStatus:
        """Its snapshot."""
        return client_of(self.home).status(self.batch_id)

    def result(self, *, timeout_s: float = 120.0) -> BatchResult:
        """Wait for its end."""
        self._thread.join(timeout_s)
        assert self._result, f"no end: {self.told}"
        return self._result[0]


def client_of(home: Path) -> Client:
    """Return a client of the coordinator that works in a home."""
    import ray  # noqa: PLC0415

    return Client(ray.get_actor(coordinator_name(identity_of(Home(home))), namespace="tlray"))


def kill(named: str) -> None:
    """Kill the processes that do this, as soon as there are any."""
    wait_until(lambda: kill_if_there(named) > 0, what=f"a process named {named}")


def kill_if_there(named: str) -> int:
    """Kill the processes that do this; return how many were."""
    found = with_word(named)
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    return len(found)
