"""``tlray search``: the sets of the catalogue that have some words, a DJ, an artist, a label; of some days, of a quality."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from tlray.cli.batch_text import terminal_width
from tlray.cli.command_end import say
from tlray.cli.options import HomeOption
from tlray.cli.progress_panel import fit
from tlray.cli.search_options import Artist, Dj, FirstDay, Label, LastDay, MinQuality, Source
from tlray.cli.service_options import Json, OrService, service
from tlray.core.model.amounts import plural
from tlray.core.model.printable import in_json
from tlray.io.client.responses import one_line
from tlray.io.disk.home import Home
from tlray.settings import read_settings

PAGE = 500
NO_DAY = "no date"


def search(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Words in titles, names, tracks and labels; 'word*': the beginning of one.",
            show_default=False,
        ),
    ] = None,
    dj: Dj = None,
    artist: Artist = None,
    label: Label = None,
    source: Source = None,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    min_quality: MinQuality = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="So many sets at most.")] = 20,
    home: HomeOption = None,
    url: OrService = None,
    as_json: Json = False,
) -> None:
    """Find sets in the catalogue; the set that was catalogued last comes first.

    Example: tlray search harbour nights --dj "Cleo Marchetti" --from 2026-01-01
    """
    from tlray.io.catalogue.search import Query  # noqa: PLC0415 - SQLite is loaded where it is used

    query = Query.of(
        q=" ".join(words) if words else None, dj=dj, artist=artist, label=label, source=source, first_day=first_day,
        last_day=last_day, min_quality=min_quality,
    )  # fmt: skip
    if url is not None:
        with service(url, home=home) as client:
            asked = query.as_parameters()
            first = client.get("/api/v1/catalogue", **asked, limit=1)
            total, n_behind = first["total"], first["behind"]
            found = client.pages("/api/v1/catalogue", "sets", **asked, limit=min(limit, PAGE))
            _print(islice(found, limit), as_json=as_json)
    else:
        from tlray.io.catalogue.catch_up import ask  # noqa: PLC0415 - Arrow is loaded where it is used
        from tlray.io.catalogue.search import search as find  # noqa: PLC0415

        settings = read_settings(home=home)
        where = Home.of(settings.home, settings.storage)
        standing, page = ask(where, lambda db: find(db, query, owner=None, before=None, limit=limit))
        total, n_behind = page.total, standing.n_behind
        _print(iter(page.sets), as_json=as_json)
    say(_how_many(total, limit))
    if n_behind:
        say(f"about {n_behind:,} results are not in the catalogue yet: search again in a moment")


def _how_many(total: int, limit: int) -> str:
    if not total:
        return "no set is found; a star stands for the end of a word: 'north*'"
    if total > limit:
        return f"{limit:,} of {total:,} sets; --limit {total} shows all"
    return plural(total, "set")


def _print(sets: Iterator[dict[str, Any]], *, as_json: bool) -> None:
    width = terminal_width()
    for one in sets:
        if as_json:
            sys.stdout.write(in_json(json.dumps(one, ensure_ascii=False)) + "\n")
        else:
            sys.stdout.writelines(f"{line if width is None else fit(line, width)}\n" for line in _lines(one))
    sys.stdout.flush()


def _lines(one: dict[str, Any]) -> tuple[str, str]:
    """Return a set in words: what is known of it and its title; its site and id, by which it is named."""
    n_rows = one["track_count"]
    known = f"{100 * one['identified_count'] // n_rows:3} %" if n_rows else "  – %"
    quality = "   –" if one["quality"] is None else f"{one['quality']:.2f}"
    figures = f"{one['date'] or NO_DAY:10}  {n_rows:4} rows  {known}  {quality}"
    name = f"{one['site']}:{one['source_id']}"
    return f"{figures}  {one_line(one['title']) or name}", f"{'':12}{one_line(name)}"
