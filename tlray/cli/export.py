"""``tlray export`` and ``tlray formats``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.cli.service_options import OrService, service
from tlray.errors import UsageError
from tlray.export.formats import FORMATS, get
from tlray.export.interface import Format, Holds
from tlray.export.options import Options, Over99
from tlray.io.client.download import take_export
from tlray.io.client.http_client import ServiceClient
from tlray.io.disk.atomic_output import os_errors_explained, whole_file
from tlray.io.disk.home import Home
from tlray.io.disk.private_files import private
from tlray.model import CuePrecision
from tlray.settings import read_settings

MAX_TOLD = 5


def export(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    batch_id: Annotated[str, typer.Argument(help="The batch; `tlray list` shows them.")],
    format_: Annotated[str, typer.Option("--format", help="One of `tlray formats`.")],
    out: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A file of the format's own suffix, a folder, or - for stdout."),
    ] = None,
    home: HomeOption = None,
    url: OrService = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="CUE: begin with a byte order mark, for old players on Windows.")
    ] = False,
    over_99: Annotated[Over99, typer.Option(help="CUE: what to do with more than 99 tracks.")] = Over99.SPLIT,
    strict: Annotated[bool, typer.Option("--strict", help="CUE: at most 80 characters in a value.")] = False,
    media: Annotated[str | None, typer.Option(metavar="NAME", help="CUE: the audio file's name.")] = None,
    cue_precision: Annotated[
        list[CuePrecision] | None,
        typer.Option(help="CUE: take cues of this precision too, not only exact ones. Repeatable."),
    ] = None,
) -> None:
    """Write a batch's sets as files of one format; with --url as the one file that a service makes of them (CUE: a ZIP archive).

    Example: tlray export 20261123-120000-a1b2c3 --format cue --out sheets/
    """
    chosen = get(format_)
    options = Options(
        bom=bom, media=media, over_99=over_99, strict=strict, cue_precision=tuple(cue_precision or ())
    )
    if url is not None:
        with service(url, home=home) as client:
            export_from(client, batch_id, chosen, out, options)
        return
    where = read_settings(home=home).home
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
    from tlray.io.export.files import write  # noqa: PLC0415 - Arrow is loaded where it is used
    from tlray.io.results.reader import iter_tracklists, manifest_of  # noqa: PLC0415

    where = Home(home)
    named = manifest_of(where, batch_id)
    named()  # before anything is written, it is known that there is such a batch
    is_ours = out != "-" and Path(out).resolve().is_relative_to(home.resolve())
    with private() if is_ours else nullcontext():
        summary = write(iter_tracklists(where, batch_id, named), format_, out, options or Options())
    talk = sys.stderr
    talk.write(f"{format_.name}: {summary.n_sets} sets in {summary.n_files} files: {out}\n")
    for left_out in summary.left_out[:MAX_TOLD]:
        talk.write(f"  left out: {left_out.title}: {left_out.why}\n")
    if summary.n_left_out > MAX_TOLD:
        talk.write(f"  … and {summary.n_left_out - MAX_TOLD} more\n")


def export_from(
    client: ServiceClient, batch_id: str, format_: Format, out: str | None, options: Options
) -> None:
    """Take a batch's export from a service, into a file here."""
    suffix = ".zip" if format_.holds is Holds.RECORDING else format_.suffix
    target = Path(out or f"{batch_id}{suffix}")
    if target.is_dir() or (out or "").endswith("/"):
        target /= f"{batch_id}{suffix}"
    if out != "-" and target.suffix.lower() != suffix:
        what = (
            "a service's CUE sheets are one ZIP archive: it ends"
            if suffix == ".zip"
            else f"{format_.name} files end"
        )
        raise UsageError(f"{target}: {what} with {suffix}")
    asked: dict[str, object] = {
        "format": format_.name,
        "over_99": options.over_99.value,
        "media": options.media,
        "cue_precision": [precision.value for precision in options.cue_precision],
    }
    asked |= {name: "true" for name in ("bom", "strict") if getattr(options, name)}
    if out == "-":
        with tempfile.TemporaryFile() as kept:
            take_export(client, batch_id, kept, **asked)
            kept.seek(0)
            shutil.copyfileobj(kept, sys.stdout.buffer)
        return
    with os_errors_explained(str(target)), whole_file(target) as staged, staged.open("wb") as file:
        n_bytes = take_export(client, batch_id, file, **asked)
    sys.stderr.write(f"{format_.name}: {n_bytes:,} bytes: {target}\n")
