"""``tlray find``: the sets that pages list, one URL a line, ready for ``tlray scrape -``."""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import Annotated

import typer

from tlray.cli.command_end import exit_if_incomplete, say
from tlray.cli.options import ApiTermsOption, HomeOption, MaxFoundOption, asked_options, duration_s
from tlray.cli.path_checks import see_that_files_are_there
from tlray.cli.scrape import Urls, run_to_end, say_what_is_found
from tlray.core.model.discovery import DEFAULT_FOUND
from tlray.core.model.lifecycle import ItemState
from tlray.errors import Interrupted, UsageError
from tlray.io.intake.url_list import open_arguments
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import FoundSetRow, ItemRow
from tlray.settings import read_settings

MAX_TOLD = 20
"""Pages without sets that are named; `tlray dead` names all."""


def find(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    urls: Urls = None,
    home: HomeOption = None,
    max_found: MaxFoundOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the sets, and leave no batch of them in the home.")
    ] = False,
    resume: Annotated[
        str | None, typer.Option(metavar="BATCH_ID", help="Go on with a search that was interrupted.")
    ] = None,
    name: Annotated[str, typer.Option(help="A name to find the batch by.")] = "",
    rate: Annotated[
        list[str] | None,
        typer.Option(metavar="DOMAIN=N/s", help="Fetches a second; N/8s, N/m and N/s:BURST too."),
    ] = None,
    api_terms: ApiTermsOption = None,
    max_wait: Annotated[
        str | None,
        typer.Option(metavar="2h", help="Give up (exit 4) when every domain cools down for longer."),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(help="Your e-mail or web page, for the sites' owners; needed for public hosts."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON line a set: url, found_on, line, is_known.")
    ] = False,
) -> None:
    """Print the sets that a category, a search, a show, a DJ's page or a feed lists; only those pages are fetched.

    Example: tlray find https://www.mixesdb.com/w/Category:Ben_UFO --contact you@example.org | tlray scrape -
    """
    settings = read_settings(home=home, contact=contact)
    wait_s = None if max_wait is None else duration_s(max_wait, "--max-wait")
    if resume is not None and (urls or dry_run or max_found is not None):
        raise UsageError("--resume goes on with a search as it is; leave URLs, --dry-run, --max-found out")
    if resume is None and not urls:
        raise UsageError("no URL given; give URLs of pages that list sets, a file of them, or - for stdin")
    options = asked_options(
        rate, None, None, name or ("find --dry-run" if dry_run else "find"), "normal", [], api_terms=api_terms, find=True,
        max_found=DEFAULT_FOUND if max_found is None else max_found, is_only=True, keep_pages=False, fresh_for="0",
    )  # fmt: skip
    options.checked(settings)
    see_that_files_are_there(urls or [])
    found: list[FoundSetRow] = []
    dead: list[ItemRow] = []
    bound = 0

    def keeps(batch_id: str) -> bool:
        nonlocal bound
        with open_reader(settings.home) as journal:
            row = journal.batch(batch_id)
            found.extend(journal.found_sets(row.id))
            failed = (
                item
                for state in (ItemState.DEAD, ItemState.SKIPPED)
                for item in journal.items(batch_id, state)
                if not (item.reason or "").startswith("found")
            )
            dead.extend(islice(failed, MAX_TOLD))
        bound = row.options.terms.max_found if row.options.terms else 0
        return not dry_run

    lines = open_arguments(urls or [])
    try:
        result = run_to_end(
            settings, lines, None if resume else options, resume, wait_s, dashboard=False, keeps=keeps
        )
    except Interrupted as error:
        if error.args[0]:
            say(f"`tlray find --resume {error.args[0]}` goes on, and prints the sets")
        raise
    for one in found:
        sys.stdout.write((json.dumps(one._asdict()) if as_json else one.url) + "\n")
    sys.stdout.flush()
    say_what_is_found(len(found), bound)
    if n_known := sum(one.is_known for one in found):
        say(f"{n_known:,} of them are in this home already")
    for item in dead:
        say(f"nothing found on {item.url}: {item.reason}")
    exit_if_incomplete(result)
