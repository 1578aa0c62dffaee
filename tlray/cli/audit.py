"""``tlray audit``: compare journal, items and files, and list what does not agree. Needs no Ray."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.core.audit.findings import REMEDIES, Finding, Findings
from tlray.core.model.amounts import plural
from tlray.core.model.lifecycle import ItemState
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.io.audit.audit import Audit

WRONG = 1
MAX_TOLD = 10
"""Findings of a kind that are listed with their place; ``--json`` has a hundred."""


def audit(
    batch_id: Annotated[
        str | None,
        typer.Argument(help="The batch; every one of the home if none is given.", show_default=False),
    ] = None,
    home: HomeOption = None,
    pages: Annotated[bool, typer.Option("--pages", help="Read every archived page, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a batch, one a line.")] = False,
) -> None:
    """Prove that every line is accounted for, and that every set is there once and whole; exit 1 where not.

    Example: tlray audit 20261123-120000-a1b2c3
    """
    from tlray.io.audit.audit import audit_batch, check_journal, unknown_folders  # noqa: PLC0415 - Arrow is loaded where it is used

    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    with open_reader(where.path) as journal:
        ids = [batch_id] if batch_id else [row.batch_id for row, _ in journal.batch_summaries()]
    is_right = True
    for finding in check_journal(where.path):
        is_right = False
        sys.stderr.write(f"the journal is damaged: {finding.what}\n    {REMEDIES[finding.kind]}\n")
    for one in ids:
        found = audit_batch(where, one, reads_pages=pages)
        is_right &= found.is_right
        print(json.dumps(found.to_json()) if as_json else _text(found))
    if batch_id is None and not as_json:
        for folder in unknown_folders(where):
            print(f"note: {folder} is of no batch that the journal knows")
    if not is_right:
        raise typer.Exit(WRONG)


def _text(audit: Audit) -> str:
    books = audit.books
    states = [f"{n:,} {state}" for state in ItemState if (n := books.counts.get(state, 0))]
    lines = [
        f"{audit.batch_id}: {books.state}",
        (
            f"  {plural(books.n_lines, 'line')} = {plural(books.total, 'item')} + {plural(books.n_duplicates, 'duplicate')}"
            f" + {books.n_rejected:,} rejected"
        ),
        f"  {plural(books.total, 'item')} = {' + '.join(states) or '0'}",
        (
            f"  {plural(audit.n_rows, 'set')} and {plural(audit.n_track_rows, 'track')} in {plural(audit.n_parts, 'part')},"
            " read whole"
        ),
        f"  {audit.n_bytes / 1e6:,.1f} MB in all; {plural(audit.n_pages, 'archived page')} read",
        *(f"  note: {note}" for note in audit.notes),
    ]
    return "\n".join([*lines, *_wrong(audit.findings)])


def _wrong(findings: Findings) -> list[str]:
    if not findings.counts:
        return ["  every set is there once, every count agrees"]
    lines = [f"  WRONG, {len(findings):,} findings:"]
    for kind, n in findings.counts.items():
        lines += [f"  {kind}: {n:,}", *(f"    {_line(one)}" for one in findings.examples[kind][:MAX_TOLD])]
        lines += [f"    … and {n - MAX_TOLD:,} more"] * (n > MAX_TOLD)
        lines += [f"    what to do: {REMEDIES[kind]}"]
    return lines


def _line(finding: Finding) -> str:
    return f"{finding.where}: {finding.what}" if finding.where else finding.what
