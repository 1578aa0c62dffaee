"""The Python API: one call that scrapes a list to its end, and calls that open what was found in pandas."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tlray.batch_run import BatchResult, Listeners, Progress, run_batch
from tlray.core.model.quality import require_share
from tlray.errors import UsageError
from tlray.io.disk.home import Home
from tlray.scrape_options import ScrapeOptions
from tlray.settings import read_settings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BatchResult", "aggregate", "changes", "load", "scrape"]


def scrape(  # noqa: PLR0913 - each argument is one of the call's promises
    urls: Iterable[str],
    *,
    home: str | Path | None = None,
    name: str = "",
    priority: str = "normal",
    rates: Mapping[str, str] | None = None,
    concurrency: Mapping[str, int] | None = None,
    ignore_crawl_delay: Collection[str] = (),
    api_terms: Collection[str] = (),
    find: bool | Mapping[str, object] = False,
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
    before it; ``find`` (true, or ``{"max_found": N}``) lets pages that list sets add them; ``max_wait_s`` bounds how long a
    domain that cools down is waited for; a page that any batch of the home has fetched within ``fresh_for`` (seconds, or such as
    ``"24h"``; 0 for never) is taken from there. Raises `UsageError` for a wrong argument, `CannotFinish`
    if disk, Ray or a site stops the batch: results so far stay.
    """
    if isinstance(urls, str):
        raise UsageError("scrape() takes a list of URLs, not one string")
    if max_wait_s is not None and not max_wait_s >= 0:
        raise UsageError(f"max_wait_s={max_wait_s} is no time to wait for")
    settings = read_settings(home=home, contact=contact, max_workers=max_workers, domains_file=domains_file)
    options = ScrapeOptions(
        name=name, priority=priority, rates=rates or {}, concurrency=concurrency or {},
        ignore_crawl_delay=ignore_crawl_delay, max_attempts=max_attempts, retry=retry or {}, domains=domains or {},
        api_terms=api_terms, find=find, keep_pages=keep_pages, fresh_for=fresh_for,
    )  # fmt: skip
    listeners = Listeners(on_progress=on_progress) if on_progress is not None else Listeners()
    return run_batch(urls, settings=settings, options=options, max_wait_s=max_wait_s, listeners=listeners)


def load(  # noqa: PLR0913 - each argument is a condition
    batch_id: str | None = None,
    *,
    home: str | Path | None = None,
    min_quality: float | None = None,
    merged: bool = False,
    q: str | None = None,
    dj: str | None = None,
    artist: str | None = None,
    label: str | None = None,
    source: str | None = None,
    first_day: str | date | None = None,
    last_day: str | date | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a batch's tracklists and tracks as two pandas DataFrames: all that is fetched, each once, also while the batch runs.

    Without a batch: the newest version of every set, over all batches of the home, or of those that a search finds: ``q`` is
    words, ``dj``, ``artist``, ``label`` and ``source`` (an event or a site) are words of a name, ``first_day`` and ``last_day``
    bound the day on which it was played. ``min_quality``: only sets of that quality or a better one; ``merged``: a row a
    performance (docs/catalogue.md). `NoSuchBatch` if there is no such batch.
    """
    from tlray.io.catalogue.search import Query  # noqa: PLC0415

    if merged and batch_id is not None:
        raise UsageError("merged=True is for the catalogue; leave out the batch")
    query = Query.of(
        q=q, dj=dj, artist=artist, label=label, source=source, first_day=first_day, last_day=last_day,
        min_quality=min_quality,
    )  # fmt: skip
    if query.names_sets and batch_id is not None:
        raise UsageError("a search is for the catalogue; leave out the batch")
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    if batch_id is None:
        from tlray.io.catalogue.merging import load as load_newest  # noqa: PLC0415

        return load_newest(where, query, merged=merged)
    from tlray.io.results import reader  # noqa: PLC0415 - pandas is loaded where it is used
    from tlray.io.results.open_store import open_store  # noqa: PLC0415

    manifest = reader.manifest_of(where, batch_id)
    return reader.load(open_store(where), batch_id, manifest, min_quality=min_quality)


def changes(
    *,
    since: str | date | None = None,
    of_set: str | tuple[str, str] | None = None,
    home: str | Path | None = None,
) -> pd.DataFrame:
    """Return the changes of sets between their versions as a pandas DataFrame, a row a change; the same as ``tlray changes``.

    ``since`` is a moment (ISO 8601, or a `datetime` or `date`; UTC without a zone) or a cursor; ``of_set`` a site and the id of a
    set there, or both as ``SITE:ID``.
    """
    from tlray.io.catalogue.change_list import set_named  # noqa: PLC0415 - pandas is loaded where it is used
    from tlray.io.catalogue.change_table import table  # noqa: PLC0415

    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    begin = since.isoformat() if isinstance(since, date) else since
    one = set_named(of_set) if isinstance(of_set, str) else of_set
    frame: pd.DataFrame = table(where, since=begin, of_set=one).to_pandas()
    return frame


def aggregate(
    by: str,
    batch_id: str | None = None,
    *,
    home: str | Path | None = None,
    min_quality: float | None = None,
    merged: bool = False,
) -> pd.DataFrame:
    """Return sums over the newest version of every set, or over a batch, as a pandas DataFrame; one table of ``tlray aggregate``.

    ``by`` is ``dj``, ``label``, ``event``, ``month``, ``site``, ``artist`` or ``track``, or several with ``+``: ``label+month``.
    ``merged``: a performance that several sites have counts once.
    """
    from tlray.io.catalogue.aggregation import Aggregation  # noqa: PLC0415 - pandas is loaded where it is used
    from tlray.io.catalogue.grouping import Grouping  # noqa: PLC0415
    from tlray.io.catalogue.merging import tables_of  # noqa: PLC0415

    if merged and batch_id is not None:
        raise UsageError("merged=True is for the catalogue; leave out the batch")
    require_share(min_quality)
    grouping = Grouping.of(by)
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    with Aggregation([grouping]) as sums:
        sums.read(tables_of(where, batch_id, min_quality=min_quality, merged=merged))
        frame: pd.DataFrame = sums.table(grouping).to_pandas()
    return frame
