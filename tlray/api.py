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

from tlray.errors import BacklogFull, CannotFinish, Interrupted, TlrayError, UsageError
from tlray.io.home import Home
from tlray.io.intake import checked as checked_lines
from tlray.io.journal_reader import JournalReader
from tlray.io.wall_clock import rest_text
from tlray.scrape_options import ScrapeOptions
from tlray.settings import Settings, read_settings

if TYPE_CHECKING:
    import pandas as pd

    from tlray.cluster.client import Client, Submitted
    from tlray.cluster.runtime import Session

logger = logging.getLogger(__name__)
POLL_S = 0.5
SETTLE_S = 60.0
"""How long a drain waits for what is in flight."""


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


Progress = Callable[[dict[str, Any]], None]


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
    settings = read_settings(home=home, contact=contact, max_workers=max_workers, domains_file=domains_file)
    options = ScrapeOptions(
        name=name, priority=priority, rates=rates or {}, concurrency=concurrency or {},
        ignore_crawl_delay=ignore_crawl_delay, max_attempts=max_attempts, retry=retry or {}, domains=domains or {},
        keep_pages=keep_pages, fresh_for=fresh_for,
    )  # fmt: skip
    return run_batch(urls, settings=settings, options=options, max_wait_s=max_wait_s, on_progress=on_progress)


def load(batch_id: str, *, home: str | Path | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a batch's tracklists and tracks as two pandas DataFrames: all that is fetched, each once, also while the batch runs.

    `NoSuchBatch` if there is no such batch.
    """
    from tlray.io.results import load as load_results  # noqa: PLC0415 - pandas is loaded where it is used
    from tlray.io.results import manifest_of  # noqa: PLC0415

    where = Home(read_settings(home=home).home)
    return load_results(where, batch_id, manifest_of(where, batch_id))


def run_batch(  # noqa: PLR0913 - what is asked, what it is told, and how it is stopped
    urls: Iterable[str],
    *,
    settings: Settings,
    options: ScrapeOptions | None = None,
    resume: str | None = None,
    revive: Mapping[str, Any] | None = None,
    anew: Mapping[str, Any] | None = None,
    max_wait_s: float | None = None,
    dashboard: bool = False,
    on_submitted: Callable[[Submitted], None] | None = None,
    on_wait: Callable[[BacklogFull], None] | None = None,
    on_progress: Progress | None = None,
    stopping: threading.Event | None = None,
) -> BatchResult:
    """Run a new batch, or one to be resumed, to its end.

    ``revive`` (``item_ids`` and ``reason``, both may be None) first queues dead letters of the resumed batch again.
    ``anew`` (``contact`` and ``max_workers``, both may be None) is asked for a resumed batch in the place of its own.
    ``on_wait`` is told when the list waits for room. ``stopping`` set drains: nothing more begins, what is in flight
    ends, and `Interrupted` is raised.
    """
    options = options or ScrapeOptions()
    # a resumed batch keeps the manners that it was submitted with
    batch, priority = options.checked(settings if resume is None else None)
    home = Home(settings.home)
    if resume is not None:
        with JournalReader.of(home.path) as journal:
            journal.get(resume)
    else:
        urls = checked_lines(urls, contact=settings.contact)
    from tlray.cluster.client import Client  # noqa: PLC0415 - Ray is loaded where it is used
    from tlray.cluster.runtime import open_session  # noqa: PLC0415

    session = open_session(home, settings, dashboard=dashboard)
    try:
        client = Client(session.coordinator)
        if resume is not None:
            batch_id = resume
            if revive is not None:
                client.retry(resume, **revive)
            client.resume(resume, **(anew or {}))
        else:
            submitted = client.submit(
                urls,
                options=batch,
                name=options.name,
                priority=priority,
                contact=settings.contact,
                on_wait=on_wait or _log_waiting,
                stopping=stopping,
            )
            batch_id = submitted.batch_id
            if on_submitted is not None:
                on_submitted(submitted)
        told = _follow(client, batch_id, max_wait_s=max_wait_s, on_progress=on_progress, stopping=stopping)
        _wait_for_others(session, client, stopping)
    finally:
        session.close()
    return _result(told, home)


def _log_waiting(full: BacklogFull) -> None:
    logger.warning("submission waits for room: %s", full)


def _follow(
    client: Client,
    batch_id: str,
    *,
    max_wait_s: float | None,
    on_progress: Progress | None,
    stopping: threading.Event | None,
) -> dict[str, Any]:
    """Watch a batch to its end, telling of its progress."""
    version, told = 0, client.status(batch_id)
    while told["state"] not in ("completed", "cancelled"):
        if on_progress is not None:
            on_progress(told)
        if told["trouble"]:
            raise CannotFinish(told["trouble"])
        if stopping is not None and stopping.is_set():
            _drain(client, batch_id, on_progress)
            raise Interrupted(batch_id)
        if (
            max_wait_s is not None
            and (until := _all_wait_until(told)) is not None
            and until - time.time() > max_wait_s
        ):
            _drain(client, batch_id, on_progress)
            raise CannotFinish(_waits_too_long(told, until, batch_id))
        version = told["version"]
        told = client.watch(batch_id, version, POLL_S)
    if on_progress is not None:
        on_progress(told)
    return told


def _drain(client: Client, batch_id: str, on_progress: Progress | None) -> None:
    """Begin nothing more and wait for what is in flight."""
    deadline = time.monotonic() + SETTLE_S
    told = client.control("pause", batch_id)
    while told["counts"]["leased"] and told["state"] == "paused" and time.monotonic() < deadline:
        told = client.watch(batch_id, told["version"], POLL_S)
        if on_progress is not None:
            on_progress(told)


def _all_wait_until(told: dict[str, Any]) -> float | None:
    """Return the moment until which nothing of a batch can be fetched; None while something can."""
    # a domain without open items is done, not at work
    moments = [domain.get("cooling_until") for domain in told["domains"].values() if domain["open"] > 0]
    if told["counts"]["leased"] or not moments:
        return None
    return None if None in moments else float(min(m for m in moments if m is not None))


def _waits_too_long(told: dict[str, Any], until: float, batch_id: str) -> str:
    open_ones = [(name, state) for name, state in told["domains"].items() if state["open"] > 0]
    domain, state = min(open_ones, key=lambda kv: kv[1]["cooling_until"])
    return (
        f"every domain cools down, {domain} {rest_text(until, time.time())} ({state['reason']}), longer than --max-wait;"
        f" go on then with `tlray scrape --resume {batch_id}`, and the same --home"
    )


def _wait_for_others(session: Session, client: Client, stopping: threading.Event | None) -> None:
    """Where others joined our own Ray, stay until they are done: it ends with us."""
    with suppress(TlrayError):
        while session.owns_ray and client.other_sessions() and not (stopping and stopping.is_set()):
            time.sleep(POLL_S)


def _result(told: dict[str, Any], home: Home) -> BatchResult:
    counts = told["counts"]
    return BatchResult(
        batch_id=told["batch_id"], state=told["state"], total=told["total"], duplicates=told["duplicates"],
        n_rejected=told["n_rejected"], succeeded=counts["succeeded"], dead=counts["dead"], skipped=counts["skipped"],
        cancelled=counts["cancelled"], tracks=told["tracks"], elapsed_s=told["elapsed_s"], home=str(home.path),
        answered=told["answered"],
    )  # fmt: skip
