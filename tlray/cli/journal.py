"""``tlray journal``: move a home's journal to another database."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tlray.core.model.amounts import plural
from tlray.io.offline.journal_copy import copy_between, name_of, place_of
from tlray.settings import read_settings

journal = typer.Typer(no_args_is_help=True, help="Move the journal of a home to another database.")


@journal.callback()
def _journal() -> None: ...


@journal.command()
def copy(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM", help="A home, or a database; TLRAY_JOURNAL is the one of the setting."
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same, for the copy. It must be empty.")],
) -> None:
    """Copy a journal from the file of a home into PostgreSQL, or back. Nothing may work in either meanwhile.

    Write TLRAY_JOURNAL for the URL of that setting, so that its password is not on the command line.

    Example: tlray journal copy ~/.tlray TLRAY_JOURNAL
    """
    setting = read_settings().journal
    places = place_of(source, setting), place_of(target, setting)
    counts = copy_between(*places)
    sys.stderr.write(
        f"copied: {plural(counts['batches'], 'batch', 'batches')}, {plural(counts['items'], 'item')}"
        f" and {plural(counts['attempts'], 'attempt')},"
        f" from {name_of(places[0])} to {name_of(places[1])}\n"
        "check it: `tlray audit`, with the --home and the TLRAY_JOURNAL of the copy\n"
    )
