"""The typed face of a coordinator: what a driver, the service or a job says to it, and the errors that come back.

Every call can be made again without harm; a submission is all or nothing.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from tlray.cluster.driver.remote import Call, remote
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchEvent
from tlray.core.model.progress import BatchStatus, Snapshot
from tlray.core.submission.lines import Chunk, RefusedLine
from tlray.core.submission.rules import ListRules, NoGoodLine
from tlray.errors import BacklogFull, CoordinatorLost, Interrupted, RayLost, TlrayError
from tlray.io.journal.rows import BatchOptions

T = TypeVar("T")
CALL_TIMEOUT_S = 120.0
LOOK_S = 1.0
"""How often a call that waits looks whether Ray has died."""
MIN_WAIT_S, MAX_WAIT_S = 0.5, 10.0
"""How often it is asked whether there is room by now."""
MAX_REFUSED_TOLD = 1_000
"""Refused lines that an answer names; all of them are in the journal."""


@dataclass(slots=True)
class Submitted:
    """The result of a submission."""

    batch_id: str
    total: int = 0
    n_duplicates: int = 0
    n_rejected: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    """The first of the lines that made no item."""
    warnings: list[str] = field(default_factory=list)


class Client:
    """Calls to one coordinator."""

    def __init__(self, coordinator: Any, *, lost: Callable[[], str | None] = lambda: None) -> None:
        self._coordinator = coordinator
        self._lost = lost
        self._session = secrets.token_hex(4)

    def call(self, method: Call[T], *, timeout_s: float = CALL_TIMEOUT_S) -> T:
        """Call a method, such as ``call(lambda c: c.status("b1"))``, and wait for its answer."""
        try:
            return cast("T", self._answer(method(remote(self._coordinator)), timeout_s))
        except RayTaskError as error:
            if isinstance(error.cause, TlrayError):
                raise error.cause from None
            raise
        except (RayError, ConnectionError) as error:
            if (lost := self._lost_by_now()) is not None:
                raise RayLost(lost, "") from None
            raise CoordinatorLost(str(error).splitlines()[0]) from None

    def _answer(self, asked: Any, timeout_s: float) -> Any:
        """Wait for an answer, and no longer than Ray lives."""
        deadline = time.monotonic() + timeout_s
        while True:
            left_s = deadline - time.monotonic()
            try:
                return ray.get(asked, timeout=max(0.0, min(LOOK_S, left_s)))
            except GetTimeoutError:
                if left_s <= LOOK_S or self._lost() is not None:
                    raise

    def _lost_by_now(self) -> str | None:
        """Return what of Ray has died. A call may fail a moment before the watch has looked."""
        deadline = time.monotonic() + LOOK_S
        while (lost := self._lost()) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return lost

    def submit(
        self,
        chunks: Iterable[Chunk],
        *,
        options: BatchOptions,
        name: str = "",
        priority: Priority = Priority.NORMAL,
        contact: str | None = None,
        request_key: str | None = None,
        on_wait: Callable[[BacklogFull], None] | None = None,
        stopping: threading.Event | None = None,
    ) -> Submitted:
        """Submit a list: all of it or nothing. UsageError where no line is a good URL, or a public host needs a contact.

        Where too much is open the list trickles in as room comes, and ``on_wait`` is told so each time that room is asked
        for in vain; without it, or where no room will come, `BacklogFull` is raised. ``stopping`` set raises `Interrupted`.
        """
        batch_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        key = request_key or secrets.token_hex(8)
        batch_id = self.call(
            lambda c: c.create_batch(batch_id, name=name, priority=int(priority), options=options, key=key)
        )
        told, rules = Submitted(batch_id), ListRules(contact)
        try:
            for chunk in chunks:
                if stopping is not None and stopping.is_set():
                    raise Interrupted("")  # noqa: TRY301 - the batch is to be abandoned
                duplicates = self._append(batch_id, rules.apply(chunk), on_wait, stopping)
                told.total += len(chunk.entries) - len(duplicates)
                told.n_duplicates += len(duplicates)
                told.n_rejected += len(chunk.refused)
                room = MAX_REFUSED_TOLD - len(told.refused)
                told.refused += sorted([*chunk.refused, *duplicates], key=lambda r: r.line)[:room]
            if told.total == 0:
                raise NoGoodLine(tuple(told.refused))  # noqa: TRY301 - the batch is to be abandoned
        except BaseException:
            self.call(lambda c: c.abandon_batch(batch_id))
            raise
        self.call(lambda c: c.commit_batch(batch_id))
        if options.named:
            told.warnings = self.call(lambda c: c.receipt(batch_id))["warnings"]
        return told

    def _append(
        self,
        batch_id: str,
        chunk: Chunk,
        on_wait: Callable[[BacklogFull], None] | None,
        stopping: threading.Event | None,
    ) -> list[RefusedLine]:
        """Hand over a piece of a list, once there is room for it."""
        while True:
            try:
                duplicates = self.call(lambda c: c.append(batch_id, chunk.entries, chunk.refused))
            except BacklogFull as full:
                if on_wait is None or not full.can_wait:
                    raise
                on_wait(full)
                wait_s = min(MAX_WAIT_S, max(MIN_WAIT_S, (full.retry_after_s or MAX_WAIT_S) / 2))
                if (stopping or threading.Event()).wait(wait_s):
                    raise Interrupted("") from None
            else:
                return duplicates

    def status(self, batch_id: str) -> BatchStatus:
        """Return a batch's snapshot."""
        return self.call(lambda c: c.status(batch_id))

    def watch(
        self, batch_id: str, since: int = 0, timeout_s: float = 1.0, *, with_items: bool = False
    ) -> BatchStatus:
        """Return the snapshot as soon as it is newer than ``since``, or after ``timeout_s``; with the items that changed where
        somebody looks at them."""
        return self.call(
            lambda c: (c.watch_items if with_items else c.watch)(batch_id, since, timeout_s, self._session),
            timeout_s=timeout_s + CALL_TIMEOUT_S,
        )

    def control(self, action: str, batch_id: str, *, timeout_s: float = CALL_TIMEOUT_S) -> Snapshot:
        """Pause, resume or cancel a batch; return its snapshot."""
        return self.call(lambda c: c.control(batch_id, BatchEvent(action)), timeout_s=timeout_s)

    def other_sessions(self) -> int:
        """Return how many other drivers watch batches of this coordinator now."""
        return self.call(lambda c: c.other_sessions(self._session))
