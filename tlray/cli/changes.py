"""``tlray changes``: what changed in sets that were fetched, imported or parsed again."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.core.model.printable import in_json
from tlray.errors import UsageError
from tlray.io.disk.atomic_output import os_errors_explained, whole_file
from tlray.io.disk.home import Home
from tlray.settings import read_settings

JSON_LINES = frozenset({".jsonl", ".ndjson"})


def changes(
    since: Annotated[
        str | None,
        typer.Option(metavar="MOMENT|CURSOR", help="Only later ones: 2026-11-01, or the cursor of a change."),
    ] = None,
    of_set: Annotated[
        str | None, typer.Option("--set", metavar="SITE:ID", help="Only those of one set.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write them to this file: lines of JSON if it ends with .jsonl or .ndjson, else a Parquet table.",
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print what changed in sets that were fetched again, one change a line, as JSON; each with the cursor behind it.

    Example: tlray changes --since 2026-11-01 --set 1001tracklists:1pn8l919
    """
    one = None if of_set is None else _site_and_id(of_set)
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    if out is not None and out.suffix.lower() not in JSON_LINES:
        from tlray.io.catalogue.change_table import table, write  # noqa: PLC0415 - Arrow is loaded where it is used

        found = table(where, since=since, of_set=one)
        with os_errors_explained(str(out)), whole_file(out) as staged:
            write(found, staged)
        sys.stderr.write(f"{found.num_rows} changes: {out}\n")
        return
    lines = _lines(where, since, one)
    if out is None:
        sys.stdout.writelines(lines)
        return
    with os_errors_explained(str(out)), whole_file(out) as staged, staged.open("x", encoding="utf-8") as file:
        n = sum(bool(file.write(line)) for line in lines)
    sys.stderr.write(f"{n} changes: {out}\n")


def _lines(home: Home, since: str | None, of_set: tuple[str, str] | None) -> Iterator[str]:
    """Yield a line of JSON a change."""
    from tlray.io.catalogue.catch_up import catch_up  # noqa: PLC0415
    from tlray.io.catalogue.change_list import changes, start_of  # noqa: PLC0415
    from tlray.io.catalogue.database import opened  # noqa: PLC0415

    after, at = start_of(since)
    catch_up(home)
    with opened(home) as db:
        for change in changes(db, after=after, since=at, of_set=of_set):
            yield in_json(json.dumps(change, ensure_ascii=False)) + "\n"


def _site_and_id(text: str) -> tuple[str, str]:
    site, colon, source_id = text.partition(":")
    if not (colon and site and source_id):
        raise UsageError(f"--set {text[:80]!r} is not SITE:ID, such as 1001tracklists:1pn8l919")
    return site, source_id
