"""The Python API: one call that scrapes a list to its end, and one that opens the result in pandas."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlray.core.model.progress import BatchStatus, Snapshot
from tlray.errors import BacklogFull, CannotFinish, Conflict, Interrupted, RayLost, TlrayError, UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.local_time import rest_text
from tlray.io.intake.url_list import checked as checked_lines
from tlray.io.journal.opening import open_reader, require_readable
from tlray.scrape_options import ScrapeOptions
from tlray.settings import Settings, read_settings

if TYPE_CHECKING:
    import pandas as pd

    from tlray.cluster.driver.client import Client, Submitted
    from tlray.cluster.driver.ray_watchdog import OnLost
    from tlray.cluster.driver.session import Session
    from tlray.core.model.item import Priority
    from tlray.io.journal.rows import BatchOptions

logger = logging.getLogger(__name__)
POLL_S = 0.5
SETTLE_S = 60.0
"""How long a drain waits for what is in flight."""
PAUSE_S = 2.0
"""How long a process that leaves at once waits until its batch is paused."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How a batch ended; the summary of ``tlray scrape --json``. Lines given = total + duplicates + n_rejected."""

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

    @property
    def is_complete(self) -> bool:
        """Whether every line was accepted and every item fetched or skipped."""
        return self.state == "completed" and not self.dead and not self.n_rejected

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


Progress = Callable[[BatchStatus], None]


def scrape(  # noqa: PLR0913 - each argument is one of the call's promises
    urls: Iterable[str],
    *,
    home: str | Path | None = None,
    name: str = "",
    priority: str = "normal",
    rates: Mapping[str, str] | None = None,
    concurrency: Mapping[str, int] | None = None,
    ignore_crawl_delay: Collection[str] = (),
    max_attempts: int | None = None,
    retry: Mapping[str, object] | None = None,
    domains: Mapping[str, object] | None = None,
    domains_file: str | Path | None = None,
    max_wait_s: float | None = None,
    max_workers: int | None = None,
    contact: str | None = None,
    keep_pages: bool = True,
    fresh_for: str | float = "24h",
    on_progress: Progress | None = None,
) -> BatchResult:
    """Scrape a list of URLs to its end and return how it ended; the same as ``tlray scrape``.

    ``rates`` is domain → ``"N/s"``; ``retry`` and ``domains`` are the tables of a ``domains.toml`` (docs/politeness.md), and go
    before it; ``max_wait_s`` bounds how long a domain that cools down is waited for; a page that any batch of the home
    has fetched within ``fresh_for`` (seconds, or such as ``"24h"``; 0 for never) is taken from there. Raises
    `UsageError` for what is wrong with the call, `CannotFinish` where the world is in the way: what is done is kept.
    """
    if isinstance(urls, str):
        raise UsageError("scrape() takes a list of URLs, not one string")
    if max_wait_s is not None and not max_wait_s >= 0:
        raise UsageError(f"max_wait_s={max_wait_s} is no time to wait for")
    settings = read_settings(home=home, contact=contact, max_workers=max_workers, domains_file=domains_file)
    options = ScrapeOptions(
        name=name, priority=priority, rates=rates or {}, concurrency=concurrency or {},
        ignore_crawl_delay=ignore_crawl_delay, max_attempts=max_attempts, retry=retry or {}, domains=domains or {},
        keep_pages=keep_pages, fresh_for=fresh_for,
    )  # fmt: skip
    listeners = Listeners(on_progress=on_progress) if on_progress is not None else Listeners()
    return run_batch(urls, settings=settings, options=options, max_wait_s=max_wait_s, listeners=listeners)


def load(batch_id: str, *, home: str | Path | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a batch's tracklists and tracks as two pandas DataFrames: all that is fetched, each once, also while the batch runs.

    `NoSuchBatch` if there is no such batch.
    """
    from tlray.io.results.reader import load as load_results  # noqa: PLC0415 - pandas is loaded where it is used
    from tlray.io.results.reader import manifest_of  # noqa: PLC0415

    where = Home(read_settings(home=home).home)
    return load_results(where, batch_id, manifest_of(where, batch_id))


def _log_warnings(told: Submitted) -> None:
    for warning in told.warnings:
        logger.warning("batch %s: %s", told.batch_id, warning)


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
    on_progress: Progress = lambda told: None
    on_paused: Callable[[str], None] = lambda batch_id: None
    """A drain has begun: nothing more of the batch begins."""
    on_lost: OnLost | None = None
    """Ray has died."""


def run_batch(  # noqa: PLR0913 - what is asked, and how it is stopped
    urls: Iterable[str],
    *,
    settings: Settings,
    options: ScrapeOptions | None = None,
    resume: str | None = None,
    revive: Mapping[str, Any] | None = None,
    anew: Mapping[str, Any] | None = None,
    max_wait_s: float | None = None,
    dashboard: bool = False,
    detach: bool = False,
    listeners: Listeners = Listeners(),
    stopping: threading.Event | None = None,
) -> BatchResult:
    """Run a new batch, or one to be resumed, to its end.

    ``revive`` (``item_ids`` and ``reason``, both may be None) first queues dead letters of the resumed batch again.
    ``anew`` (``contact`` and ``max_workers``, both may be None) is asked for a resumed batch in the place of its own.
    ``detach`` leaves the batch to the coordinator of a cluster, once it is submitted. ``stopping`` set drains: nothing more
    begins, what is in flight ends, and `Interrupted` is raised.
    """
    options = options or ScrapeOptions()
    # a resumed batch keeps the manners that it was submitted with
    batch, priority = options.checked(settings if resume is None else None)
    home = Home(settings.home)
    require_readable(home)
    if resume is not None:
        with open_reader(home.path) as journal:
            journal.batch(resume)
    else:
        urls = checked_lines(urls, contact=settings.contact)
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
            run.submit(urls, batch, priority, name=options.name, contact=settings.contact)
        else:
            run.resume(revive, anew)
        told = run.client.status(run.batch_id) if detach else run.follow(max_wait_s)
        if not detach:
            _wait_for_others(session, run.client, run.stopping)
    except RayLost as error:
        raise RayLost(error.args[0], go_on_with(run.batch_id)) from None
    except (KeyboardInterrupt, SystemExit):
        at_once = True
        run.leave_paused()
        raise
    finally:
        session.close(at_once=at_once)
    return _result(told, home)


def go_on_with(batch_id: str) -> str:
    """Say how to go on with a batch; "" stands for a list that was not yet one."""
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
        urls: Iterable[str],
        options: BatchOptions,
        priority: Priority,
        *,
        name: str,
        contact: str | None,
    ) -> None:
        """Make a list a batch."""
        told = self.client.submit(
            urls, options=options, name=name, priority=priority, contact=contact,
            on_wait=self._listeners.on_wait, stopping=self.stopping,
        )  # fmt: skip
        self.batch_id = told.batch_id
        self._listeners.on_submitted(told)

    def resume(self, revive: Mapping[str, Any] | None, anew: Mapping[str, Any] | None = None) -> None:
        """Go on with the batch, unless the process is to stop."""
        if self.stopping.is_set():
            raise Interrupted(self.batch_id)
        if revive is not None:
            self.client.call(lambda c: c.retry(self.batch_id, **revive))
        self.client.call(lambda c: c.resume(self.batch_id, **(anew or {})))

    def follow(self, max_wait_s: float | None) -> BatchStatus:
        """Watch the batch to its end, telling of its progress."""
        told = self.client.status(self.batch_id)
        while not _is_over(told):
            self._listeners.on_progress(told)
            if told["trouble"]:
                raise CannotFinish(told["trouble"])
            why = None if max_wait_s is None else _waits_too_long(told, max_wait_s, now=time.time())
            if self.stopping.is_set() or why is not None:
                told = self._drain(told)
                if _is_over(told):
                    break
                if self.stopping.is_set() or why is None:
                    raise Interrupted(self.batch_id)
                raise CannotFinish(why)
            told = self.client.watch(self.batch_id, told["version"], POLL_S)
        self._listeners.on_progress(told)
        return told

    def _drain(self, told: Snapshot) -> BatchStatus:
        """Begin nothing more and wait for what is in flight; return the last snapshot."""
        deadline = time.monotonic() + SETTLE_S
        with suppress(Conflict):  # it has come to its end meanwhile
            told = self.client.control("pause", self.batch_id)
            self._listeners.on_paused(self.batch_id)
        while told["state"] == "paused" and _is_moving(told) and time.monotonic() < deadline:
            told = self.client.watch(self.batch_id, told["version"], POLL_S)
            self._listeners.on_progress(told)
        return self.client.status(self.batch_id)

    def leave_paused(self) -> None:
        """Pause the batch for a process that leaves at once: a coordinator that is not its own would go on with it."""
        if self.batch_id:
            with suppress(TlrayError):
                self.client.control("pause", self.batch_id, timeout_s=PAUSE_S)


def _is_moving(told: Snapshot) -> bool:
    """True if something of a paused batch is in flight, or nothing is open any more: then it is about to be completed."""
    counts = told["counts"]
    return bool(counts["leased"]) or not (counts["queued"] or counts["waiting"])


def _is_over(told: Snapshot) -> bool:
    return told["state"] in ("completed", "cancelled")


def _waits_too_long(told: Snapshot, max_wait_s: float, *, now: float) -> str | None:
    """Return why a batch is given up that can fetch nothing for longer than ``max_wait_s``; None where it goes on."""
    waits_for, until = told["waits_for"], told["waits_until"]
    if waits_for is None or (until is not None and until - now <= max_wait_s):
        return None
    domain, reason = waits_for["domain"], waits_for["reason"]
    if until is None:
        what = f"every domain is {reason}, {domain} too, and nobody knows for how long: maybe longer than --max-wait"
    else:
        rest = rest_text(until, now)
        what = f"every domain cools down or is paused, {domain} {rest} ({reason}), longer than --max-wait"
    return f"{what}; go on then with `tlray scrape --resume {told['batch_id']}`, and the same --home"


def _wait_for_others(session: Session, client: Client, stopping: threading.Event) -> None:
    """Where others joined our own Ray, stay until they are done: it ends with us."""
    with suppress(TlrayError):
        while session.owns_ray and client.other_sessions() and not stopping.is_set():
            time.sleep(POLL_S)


def _result(told: Snapshot, home: Home) -> BatchResult:
    counts = told["counts"]
    return BatchResult(
        batch_id=told["batch_id"], state=told["state"], total=told["total"], duplicates=told["duplicates"],
        n_rejected=told["n_rejected"], succeeded=counts["succeeded"], dead=counts["dead"], skipped=counts["skipped"],
        cancelled=counts["cancelled"], tracks=told["tracks"], elapsed_s=told["elapsed_s"], home=str(home.path),
        answered=told["answered"],
    )  # fmt: skip
