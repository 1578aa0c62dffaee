"""``tlray export`` and ``tlray formats``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.export.formats import FORMATS, get
from tlray.export.interface import Format, Holds
from tlray.export.options import Options, Over99
from tlray.io.home import Home
from tlray.io.journal_reader import JournalReader
from tlray.settings import read_settings

MAX_TOLD = 5


def export(
    batch_id: Annotated[str, typer.Argument(help="The batch; `tlray list` shows them.")],
    format_: Annotated[str, typer.Option("--format", help="One of `tlray formats`.")],
    out: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A file of the format's own suffix, a folder, or - for stdout."),
    ] = None,
    home: HomeOption = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="CUE: begin with a byte order mark, for old players on Windows.")
    ] = False,
    over_99: Annotated[Over99, typer.Option(help="CUE: what to do with more than 99 tracks.")] = Over99.SPLIT,
    strict: Annotated[bool, typer.Option("--strict", help="CUE: at most 80 characters in a value.")] = False,
    media: Annotated[str | None, typer.Option(metavar="NAME", help="CUE: the audio file's name.")] = None,
) -> None:
    """Write a batch's sets as files of one format.

    Example: tlray export 20261123-120000-a1b2c3 --format cue --out sheets/
    """
    chosen = get(format_)
    where = read_settings(home=home).home
    options = Options(bom=bom, media=media, over_99=over_99, strict=strict)
    export_batch(where, batch_id, chosen, out or default_place(where, batch_id, chosen), options)


def formats() -> None:
    """List the formats that sets can be exported as.

    Example: tlray formats
    """
    for format_ in FORMATS:
        sys.stdout.write(f"{format_.name:10} {format_.about}\n")


def default_place(home: Path, batch_id: str, format_: Format) -> str:
    """Return where an export goes when nobody says: a folder for what is one file a recording, else one file."""
    folder = Home(home).exports(batch_id)
    if format_.holds is Holds.RECORDING or format_.is_binary:
        return str(folder / format_.name)
    return str(folder / f"{'tracks' if format_.name == 'csv' else 'tracklists'}{format_.suffix}")


def export_batch(
    home: Path, batch_id: str, format_: Format, out: str, options: Options | None = None
) -> None:
    """Export a batch, and say what was written and what had to be left out."""
    from tlray.io.export_files import write  # noqa: PLC0415 - Arrow is loaded where it is used
    from tlray.io.results import iter_tracklists  # noqa: PLC0415

    with JournalReader.of(home) as journal:
        journal.get(batch_id)
        names = [part.stem for part in journal.manifest(batch_id) if part.has_rows]
        sets = iter_tracklists(Home(home).results(batch_id), names)
        summary = write(sets, format_, out, options or Options())
    talk = sys.stderr
    talk.write(f"{format_.name}: {summary.n_sets} sets in {summary.n_files} files: {out}\n")
    for left_out in summary.left_out[:MAX_TOLD]:
        talk.write(f"  left out: {left_out.title}: {left_out.why}\n")
    if summary.n_left_out > MAX_TOLD:
        talk.write(f"  … and {summary.n_left_out - MAX_TOLD} more\n")
