"""One batch, from its list to its end on a Ray of this machine or a cluster's: submitted or resumed, watched, drained."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tlray.core.model.progress import BatchStatus, Snapshot
from tlray.errors import BacklogFull, CannotFinish, Conflict, Interrupted, RayLost, TlrayError, UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.local_time import rest_text
from tlray.io.intake.url_list import check_beginning, read_chunks
from tlray.io.journal.opening import open_reader, require_readable
from tlray.scrape_options import ScrapeOptions
from tlray.settings import Settings

if TYPE_CHECKING:
    from tlray.cluster.driver.client import Client, Submitted
    from tlray.cluster.driver.ray_watchdog import OnLost
    from tlray.cluster.driver.session import Session
    from tlray.core.model.item import Priority
    from tlray.core.submission.lines import Chunk
    from tlray.io.journal.rows import BatchOptions

logger = logging.getLogger(__name__)
POLL_S = 0.5
SETTLE_S = 60.0
"""How long a drain waits for what is in flight."""
PAUSE_S = 2.0
"""How long a process that leaves at once waits until its batch is paused."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The end of a batch; the summary of ``tlray scrape --json``. Lines given = total - n_found - n_lists + duplicates +
    n_rejected."""

    batch_id: str
    state: str
    total: int
    duplicates: int
    n_rejected: int
    succeeded: int
    dead: int
    skipped: int
    cancelled: int
    tracks: int
    elapsed_s: float
    home: str
    answered: int = 0
    """Of those that succeeded: how many were not fetched, because another batch had fetched them lately."""
    n_found: int = 0
    """Sets that pages of lists have added; ``n_lists``: further pages of lists."""
    n_lists: int = 0

    @property
    def is_complete(self) -> bool:
        """True if every line was accepted and every item fetched or skipped."""
        return self.state == "completed" and not self.dead and not self.n_rejected

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


Progress = Callable[[BatchStatus], None]


def _log_warnings(submitted: Submitted) -> None:
    for warning in submitted.warnings:
        logger.warning("batch %s: %s", submitted.batch_id, warning)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Functions that `run_batch` calls; ``on_lost`` in a thread of its own."""

    on_start: Callable[[], None] = lambda: None
    """All that can be checked without Ray is checked; Ray is joined or started next."""
    on_submitted: Callable[[Submitted], None] = _log_warnings
    on_wait: Callable[[BacklogFull], None] = lambda full: logger.warning(
        "submission waits for room: %s", full
    )
    """A list waits for room."""
    on_progress: Progress = lambda status: None
    wants_items: bool = False
    """Snapshots of progress have the items that changed, too."""
    on_paused: Callable[[str], None] = lambda batch_id: None
    """A drain has begun: nothing more of the batch begins."""
    on_lost: OnLost | None = None
    """Ray has died."""
    keeps: Callable[[str], bool] = lambda batch_id: True
    """The batch has come to its end; False: it is dropped, as far as it has no results."""


def run_batch(  # noqa: PLR0913 - what is asked, and how it is stopped
    urls: Iterable[str],
    *,
    files: Iterable[Chunk] | None = None,
    settings: Settings,
    options: ScrapeOptions | None = None,
    resume: str | None = None,
    retry_dead: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    max_wait_s: float | None = None,
    dashboard: bool = False,
    detach: bool = False,
    listeners: Listeners = Listeners(),
    stopping: threading.Event | None = None,
) -> BatchResult:
    """Run a new or a resumed batch to its end.

    ``files`` are imported, in place of ``urls`` (`tlray.io.intake.file_list`).
    ``retry_dead`` (``item_ids`` and ``reason``, both may be None) first queues dead letters of the resumed batch again.
    ``overrides`` (``contact`` and ``max_workers``, both may be None) replace those of a resumed batch.
    ``detach`` leaves the batch to the coordinator of a cluster, once it is submitted. ``stopping`` set drains: nothing more
    begins, what is in flight ends, and `Interrupted` is raised.
    """
    options = options or ScrapeOptions()
    # a resumed batch keeps its own politeness options
    batch, priority = options.checked(settings if resume is None else None)
    home = Home.of(settings.home, settings.storage)
    require_readable(home)
    if resume is not None:
        with open_reader(home.path) as journal:
            journal.batch(resume)
    elif files is None:
        urls = check_beginning(urls, contact=settings.contact)
    from tlray.cluster.driver.client import Client  # noqa: PLC0415 - Ray is loaded where it is used
    from tlray.cluster.driver.session import find_ray, open_session  # noqa: PLC0415

    if detach and find_ray(home) is None:
        raise UsageError(
            "--detach leaves a batch to a cluster, and there is none: set RAY_ADDRESS, or leave it out"
        )
    listeners.on_start()
    session = open_session(home, settings, dashboard=dashboard, on_lost=listeners.on_lost)
    run = _Run(
        Client(session.coordinator, lost=lambda: session.lost),
        listeners,
        stopping or threading.Event(),
        resume or "",
    )
    at_once = False
    try:
        if resume is None:
            chunks = read_chunks(urls) if files is None else files
            run.submit(chunks, batch, priority, name=options.name, contact=settings.contact)
        else:
            run.resume(retry_dead, overrides)
        status = run.client.status(run.batch_id) if detach else run.follow(max_wait_s)
        if not detach:
            if not listeners.keeps(run.batch_id):
                run.client.call(lambda c: c.discard(run.batch_id))
            _wait_for_others(session, run.client, run.stopping)
    except RayLost as error:
        raise RayLost(error.args[0], resume_hint(run.batch_id)) from None
    except (KeyboardInterrupt, SystemExit):
        at_once = True
        run.leave_paused()
        raise
    finally:
        session.close(at_once=at_once)
    return _result(status, home)


def resume_hint(batch_id: str) -> str:
    """Return how to resume a batch; "" stands for a list that is no batch yet."""
    if not batch_id:
        return "the list was not a batch yet: submit it again"
    return f"go on with `tlray scrape --resume {batch_id}`, and the same --home"


class _Run:
    """One batch, from its list to its end."""

    def __init__(
        self, client: Client, listeners: Listeners, stopping: threading.Event, batch_id: str
    ) -> None:
        self.client = client
        self.stopping = stopping
        self.batch_id = batch_id
        """"" until the list is a batch."""
        self._listeners = listeners

    def submit(
        self,
        chunks: Iterable[Chunk],
        options: BatchOptions,
        priority: Priority,
        *,
        name: str,
        contact: str | None,
    ) -> None:
        """Make a list a batch."""
        submitted = self.client.submit(
            chunks, options=options, name=name, priority=priority, contact=contact,
            on_wait=self._listeners.on_wait, stopping=self.stopping,
        )  # fmt: skip
        self.batch_id = submitted.batch_id
        self._listeners.on_submitted(submitted)

    def resume(
        self, retry_dead: Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None
    ) -> None:
        """Go on with the batch, unless the process is to stop."""
        if self.stopping.is_set():
            raise Interrupted(self.batch_id)
        if retry_dead is not None:
            self.client.call(lambda c: c.retry(self.batch_id, **retry_dead))
        self.client.call(lambda c: c.resume(self.batch_id, **(overrides or {})))

    def follow(self, max_wait_s: float | None) -> BatchStatus:
        """Watch the batch to its end, and report its progress."""
        status = self.client.status(self.batch_id)
        while not _is_over(status):
            self._listeners.on_progress(status)
            if status["trouble"]:
                raise CannotFinish(status["trouble"])
            why = None if max_wait_s is None else _wait_exceeded(status, max_wait_s, now=time.time())
            if self.stopping.is_set() or why is not None:
                status = self._drain(status)
                if _is_over(status):
                    break
                if self.stopping.is_set() or why is None:
                    raise Interrupted(self.batch_id)
                raise CannotFinish(why)
            status = self.client.watch(
                self.batch_id, status["version"], POLL_S, with_items=self._listeners.wants_items
            )
        self._listeners.on_progress(status)
        return status

    def _drain(self, status: Snapshot) -> BatchStatus:
        """Begin nothing more and wait for what is in flight; return the last snapshot."""
        deadline = time.monotonic() + SETTLE_S
        with suppress(Conflict):  # it has come to its end meanwhile
            status = self.client.control("pause", self.batch_id)
            self._listeners.on_paused(self.batch_id)
        while status["state"] == "paused" and _is_moving(status) and time.monotonic() < deadline:
            status = self.client.watch(self.batch_id, status["version"], POLL_S)
            self._listeners.on_progress(status)
        return self.client.status(self.batch_id)

    def leave_paused(self) -> None:
        """Pause the batch for a process that leaves at once: a coordinator that is not its own would go on with it."""
        if self.batch_id:
            with suppress(TlrayError):
                self.client.control("pause", self.batch_id, timeout_s=PAUSE_S)


def _is_moving(status: Snapshot) -> bool:
    """True if something of a paused batch is in flight, or nothing is open any more: then it is about to be completed."""
    counts = status["counts"]
    return bool(counts["leased"]) or not (counts["queued"] or counts["waiting"])


def _is_over(status: Snapshot) -> bool:
    return status["state"] in ("completed", "cancelled")


def _wait_exceeded(status: Snapshot, max_wait_s: float, *, now: float) -> str | None:
    """Return why a batch that can fetch nothing for longer than ``max_wait_s`` is given up; None if it goes on."""
    waits_for, until = status["waits_for"], status["waits_until"]
    if waits_for is None or (until is not None and until - now <= max_wait_s):
        return None
    domain, reason = waits_for["domain"], waits_for["reason"]
    if until is None:
        what = (
            f"every domain is {reason}, {domain} too, and for an unknown time: maybe longer than --max-wait"
        )
    else:
        rest = rest_text(until, now)
        what = f"every domain cools down or is paused, {domain} {rest} ({reason}), longer than --max-wait"
    return f"{what}; go on then with `tlray scrape --resume {status['batch_id']}`, and the same --home"


def _wait_for_others(session: Session, client: Client, stopping: threading.Event) -> None:
    """Stay until commands that joined our own Ray are done: it ends with this process."""
    with suppress(TlrayError):
        while session.owns_ray and client.other_sessions() and not stopping.is_set():
            time.sleep(POLL_S)


def _result(status: Snapshot, home: Home) -> BatchResult:
    counts = status["counts"]
    return BatchResult(
        batch_id=status["batch_id"], state=status["state"], total=status["total"], duplicates=status["duplicates"],
        n_rejected=status["n_rejected"], succeeded=counts["succeeded"], dead=counts["dead"], skipped=counts["skipped"],
        cancelled=counts["cancelled"], tracks=status["tracks"], elapsed_s=status["elapsed_s"], home=str(home.path),
        answered=status["answered"], n_found=status["found"], n_lists=status["lists"],
    )  # fmt: skip
