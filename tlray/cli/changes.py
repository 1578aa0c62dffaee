"""``tlray changes``: what changed in sets that were fetched, imported or parsed again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.cli.service_options import OrService, service
from tlray.core.model.printable import in_json
from tlray.errors import UsageError
from tlray.io.client.http_client import ServiceClient
from tlray.io.disk.atomic_output import os_errors_explained, whole_file
from tlray.io.disk.home import Home
from tlray.settings import read_settings

if TYPE_CHECKING:
    import pyarrow as pa

SiteAndId = tuple[str, str]
LOOK_EVERY_S = 1.0
"""Between two looks at a home that is followed."""
JSON_LINES = frozenset({".jsonl", ".ndjson"})
TABLES = frozenset({"", ".parquet", ".pq"})


def changes(
    since: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT|CURSOR", help="Only later ones: 2026-11-01, 7d (ago), or the cursor of a change."
        ),
    ] = None,
    of_set: Annotated[
        str | None, typer.Option("--set", metavar="SITE:ID", help="Only those of one set.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on, and print each change as it comes; Ctrl-C ends it.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write them to this file: lines of JSON (.jsonl, .ndjson) or a Parquet table (.parquet).",
        ),
    ] = None,
    home: HomeOption = None,
    url: OrService = None,
) -> None:
    """Print what changed in sets that were fetched again, one change a line, as JSON; each with the cursor behind it.

    Example: tlray changes --since 2026-11-01 --set 1001tracklists:1pn8l919
    """
    from tlray.io.catalogue.change_list import set_named  # noqa: PLC0415 - Arrow is loaded where it is used

    one = None if of_set is None else set_named(of_set)
    if follow and out is not None:
        raise UsageError("--follow never ends, and --out is written at the end; leave one of them out")
    if out is not None and out.suffix.lower() not in JSON_LINES | TABLES:
        raise UsageError(f"--out {out}: changes are lines of JSON (.jsonl, .ndjson) or a table (.parquet)")
    if url is None:
        settings = read_settings(home=home)
        where = Home.of(settings.home, settings.storage)
        if out is None or out.suffix.lower() in JSON_LINES:
            _write_lines(_stored(where, since, one, follow=follow), out)
        else:
            from tlray.io.catalogue.change_table import table  # noqa: PLC0415 - Arrow is loaded where it is used

            _write_table(lambda: table(where, since=since, of_set=one), out)
        return
    with service(url, home=home) as client:
        lines = _served(client, since, one, follow=follow)
        if out is None or out.suffix.lower() in JSON_LINES:
            _write_lines(lines, out)
        else:
            from tlray.io.catalogue.change_table import table_of  # noqa: PLC0415

            _write_table(lambda: table_of(map(json.loads, lines)), out)


def _write_lines(lines: Iterator[str], out: Path | None) -> None:
    """Write a line of JSON a change, to a file or to stdout as they come."""
    if out is None:
        for line in lines:
            sys.stdout.write(f"{in_json(line)}\n")
            sys.stdout.flush()
        return
    with os_errors_explained(str(out)), whole_file(out) as staged, staged.open("x", encoding="utf-8") as file:
        n = sum(bool(file.write(f"{in_json(line)}\n")) for line in lines)
    sys.stderr.write(f"{n} changes: {out}\n")


def _write_table(find: Callable[[], pa.Table], out: Path) -> None:
    from tlray.io.catalogue.change_table import write  # noqa: PLC0415

    with os_errors_explained(str(out)), whole_file(out) as staged:
        found = find()
        write(found, staged)
    sys.stderr.write(f"{found.num_rows} changes: {out}\n")


def _stored(home: Home, since: str | None, of_set: SiteAndId | None, *, follow: bool) -> Iterator[str]:
    """Yield the changes of a home as lines."""
    from tlray.io.catalogue.catch_up import catch_up  # noqa: PLC0415
    from tlray.io.catalogue.change_list import changes as stored  # noqa: PLC0415
    from tlray.io.catalogue.change_list import start_of  # noqa: PLC0415
    from tlray.io.catalogue.database import opened  # noqa: PLC0415

    after, at = start_of(since)
    while True:
        catch_up(home)
        with opened(home) as db:
            for change in stored(db, after=after, since=at, of_set=of_set):
                after, at = int(change["seq"]), None
                yield json.dumps(change, ensure_ascii=False)
        if not follow:
            return
        time.sleep(LOOK_EVERY_S)


def _served(
    client: ServiceClient, since: str | None, of_set: SiteAndId | None, *, follow: bool
) -> Iterator[str]:
    """Yield the changes of a service as lines; it answers with some at a time, and holds a request that follows for a while."""
    site, source_id = of_set or (None, None)
    while True:
        page = client.lines(
            "/api/v1/changes", since=since, site=site, source_id=source_id, follow="true" if follow else None
        )
        yield from page.lines
        if not page.lines and not follow:
            return
        since = page.next_cursor
