"""``tlray refresh``: fetch the known sets again that have most likely changed."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from tlray.cli.command_end import say
from tlray.cli.options import HomeOption, asked_options, duration_s
from tlray.cli.scrape import print_end, run_to_end
from tlray.core.model.printable import in_json
from tlray.core.refresh.planner import Pick
from tlray.io.disk.home import Home
from tlray.settings import read_settings

SHOWN = 5
"""Picks that are told of before they are fetched."""


def refresh(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    budget: Annotated[int, typer.Option(min=1, metavar="N", help="Fetch at most so many sets.")],
    within: Annotated[
        str, typer.Option(metavar="24h", help="Of each site no more than its rate allows in this time.")
    ] = "24h",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the sets and why now, as JSON lines; fetch nothing.")
    ] = False,
    home: HomeOption = None,
    rate: Annotated[
        list[str] | None, typer.Option(metavar="DOMAIN=N/s", help="Fetches a second, as for `tlray scrape`.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(help="Your e-mail or web page, for the sites' owners.")
    ] = None,
    name: Annotated[str, typer.Option(help="A name to find the batch by.")] = "refresh",
    priority: Annotated[str, typer.Option(help="immediate, normal or low.")] = "low",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON line.")] = False,
) -> None:
    """Fetch the sets of the catalogue again whose next fetch most likely shows something new; `tlray changes` tells what it was.

    Example: tlray refresh --budget 500 --dry-run
    """
    settings = read_settings(home=home, contact=contact)
    horizon_s = duration_s(within, "--within")
    options = asked_options(rate, None, None, name, priority, [], keep_pages=True, fresh_for="0")
    batch, _ = options.checked(settings)
    from tlray.io.catalogue.refreshing import picks as worth_a_fetch  # noqa: PLC0415 - Arrow is loaded where it is used

    where = Home.of(settings.home, settings.storage)
    picks = worth_a_fetch(
        where, budget=budget, horizon_s=horizon_s, options=batch.politeness, now=time.time()
    )
    if dry_run:
        for pick in picks:
            print(in_json(json.dumps(_told(pick), ensure_ascii=False)))
        return
    if not picks:
        say("no set of the catalogue is worth a fetch now")
        return
    for pick in picks[:SHOWN]:
        say(f"{pick.known.url}: {pick.why}")
    if len(picks) > SHOWN:
        say(f"and {len(picks) - SHOWN} more")
    lines = (pick.known.url for pick in picks)
    overrides = {"contact": contact}
    print_end(
        run_to_end(settings, lines, options, None, None, dashboard=False, overrides=overrides),
        as_json=as_json,
    )


def _told(pick: Pick) -> dict[str, object]:
    known, expected = pick.known, pick.expected
    return {
        "site": known.site,
        "source_id": known.source_id,
        "url": known.url,
        "chance": round(expected.chance, 4),
        "rows": round(expected.n_rows, 2),
        "why": pick.why,
    }
