"""``tlray changes``: what changed in sets that were fetched, imported or parsed again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.core.model.printable import in_json
from tlray.errors import UsageError
from tlray.io.disk.atomic_output import os_errors_explained, whole_file
from tlray.io.disk.home import Home
from tlray.settings import read_settings


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
        typer.Option(metavar="FILE", help="Write a Parquet table, one row a change, to this file."),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print what changed in sets that were fetched again, one change a line, as JSON; each with the cursor behind it.

    Example: tlray changes --since 2026-11-01 --set 1001tracklists:1pn8l919
    """
    one = None if of_set is None else _site_and_id(of_set)
    where = Home(read_settings(home=home).home)
    if out is not None:
        from tlray.io.catalogue.change_table import table, write  # noqa: PLC0415 - Arrow is loaded where it is used

        found = table(where, since=since, of_set=one)
        with os_errors_explained(str(out)), whole_file(out) as staged:
            write(found, staged)
        sys.stderr.write(f"{found.num_rows} changes: {out}\n")
        return
    from tlray.io.catalogue.catch_up import catch_up  # noqa: PLC0415
    from tlray.io.catalogue.change_list import changes as stored  # noqa: PLC0415
    from tlray.io.catalogue.change_list import start_of  # noqa: PLC0415
    from tlray.io.catalogue.database import opened  # noqa: PLC0415

    after, at = start_of(since)
    catch_up(where)
    with opened(where) as db:
        for change in stored(db, after=after, since=at, of_set=one):
            print(in_json(json.dumps(change, ensure_ascii=False)))


def _site_and_id(text: str) -> tuple[str, str]:
    site, colon, source_id = text.partition(":")
    if not (colon and site and source_id):
        raise UsageError(f"--set {text[:80]!r} is not SITE:ID, such as 1001tracklists:1pn8l919")
    return site, source_id
