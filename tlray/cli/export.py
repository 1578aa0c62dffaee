"""``tlray export`` and ``tlray formats``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlray.cli.options import HomeOption
from tlray.cli.search_options import Artist, Dj, FirstDay, Label, LastDay, MinQuality, Source
from tlray.cli.service_options import OrService, service
from tlray.core.model.amounts import plural
from tlray.errors import UsageError
from tlray.export.formats import all_formats, get
from tlray.export.interface import Format
from tlray.export.options import Over99
from tlray.io.client.download import download_export
from tlray.io.client.http_client import ServiceClient
from tlray.io.disk.atomic_output import os_errors_explained, whole_file
from tlray.io.disk.home import Home
from tlray.io.disk.private_files import private
from tlray.model import CuePrecision, Tracklist
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.io.catalogue.search import Query

MAX_TOLD = 5


def export(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    format_: Annotated[str, typer.Option("--format", help="One of `tlray formats`.")],
    batch_id: Annotated[
        str | None, typer.Argument(help="The batch; `tlray list` shows them.", show_default=False)
    ] = None,
    is_all: Annotated[
        bool,
        typer.Option("--all", help="In place of a batch: the newest version of every set of all batches."),
    ] = False,
    merged: Annotated[
        bool,
        typer.Option("--merged", help="With --all: one set a performance, of each field the best source."),
    ] = False,
    words: Annotated[
        str | None,
        typer.Option(
            "--search", metavar="WORDS", help="With --all: only sets that have these words; 'word*' too."
        ),
    ] = None,
    dj: Dj = None,
    artist: Artist = None,
    label: Label = None,
    source: Source = None,
    first_day: FirstDay = None,
    last_day: LastDay = None,
    min_quality: MinQuality = None,
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
    media: Annotated[
        str | None, typer.Option(metavar="NAME", help="CUE, playlists: the audio file's name.")
    ] = None,
    cue_precision: Annotated[
        list[CuePrecision] | None,
        typer.Option(help="CUE, chapters: take cues of this precision too, not only exact ones. Repeatable."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the format. Repeatable.")
    ] = None,
) -> None:
    """Write the sets of a batch, or of all, as files of one format; with --url the one file or ZIP that a service makes.

    Example: tlray export --all --dj "Cleo Marchetti" --from 2026-01-01 --format cue --out sheets/
    """
    from tlray.io.catalogue.search import Query  # noqa: PLC0415 - SQLite is loaded where it is used

    if (batch_id is None) != is_all:
        raise UsageError("name one batch, or give --all for the newest version of every set")
    if merged and not is_all:
        raise UsageError("--merged is for the catalogue: give --all in place of a batch")
    search = Query.of(
        q=words, dj=dj, artist=artist, label=label, source=source, first_day=first_day, last_day=last_day,
        min_quality=min_quality,
    )  # fmt: skip
    if search.names_sets and not is_all:
        raise UsageError("a search is for the catalogue: give --all in place of a batch")
    if merged:
        search.require_performances()
    chosen = get(format_)
    named = {
        "bom": bom or None, "over_99": over_99.value, "strict": strict or None, "media": media,
        "cue_precision": ",".join(cue_precision or ()) or None,
    }  # fmt: skip
    values = {
        name: value for name, value in named.items() if value is not None and name in chosen.option_names
    }
    values |= dict(map(_option, option or ()))
    options = chosen.chosen(values)
    if url is not None:
        query: dict[str, object] = {**values, **search.as_parameters()}
        if merged:
            query["merged"] = True
        with service(url, home=home) as client:
            export_from(client, batch_id, chosen, out, query, _name_of(search, merged=merged))
        return
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    export_batch(where, batch_id, chosen, out, options, search=search, merged=merged)


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--option {text!r} has no value; write NAME=VALUE")
    return name, value


def formats() -> None:
    """List the formats that sets can be exported as.

    Example: tlray formats
    """
    for format_ in all_formats():
        sys.stdout.write(f"{format_.name:10} {format_.about}\n")


def _name_of(search: Query, *, merged: bool) -> str:
    """Return what an export of the catalogue is called."""
    return "merged" if merged else "found" if search.names_sets else "all"


def default_place(home: Home, batch_id: str, format_: Format) -> str:
    """Return where an export without a path goes: to one file, or to a folder for a format that makes several."""
    folder = home.exports(batch_id)
    if not format_.fits_one_file or format_.into_folder is not None:
        return str(folder / format_.name)
    return str(folder / f"{format_.stem}{format_.suffix}")


def export_batch(
    home: Home,
    batch_id: str | None,
    format_: Format,
    out: str | None,
    options: Any = None,
    *,
    search: Query | None = None,
    merged: bool = False,
) -> None:
    """Export a batch, or the newest version of every set that is found, or every performance; by default to the home's exports.

    Report what was written and what was left out.
    """
    from tlray.io.catalogue.merging import iter_merged  # noqa: PLC0415 - Arrow is loaded where it is used
    from tlray.io.catalogue.newest import iter_newest  # noqa: PLC0415
    from tlray.io.catalogue.search import EVERY  # noqa: PLC0415
    from tlray.io.export.files import write  # noqa: PLC0415
    from tlray.io.journal.opening import open_reader  # noqa: PLC0415
    from tlray.io.results.open_store import open_store  # noqa: PLC0415
    from tlray.io.results.reader import iter_tracklists, manifest_of  # noqa: PLC0415

    search = search or EVERY
    if batch_id is None:
        with open_reader(home.path):  # before anything is written, it is known that there is a journal
            pass
        sets: Iterator[Tracklist] = (
            iter_merged(home, min_quality=search.min_quality) if merged else iter_newest(home, query=search)
        )
    else:
        named = manifest_of(home, batch_id)
        named()  # before anything is written, it is known that there is such a batch
        sets = iter_tracklists(open_store(home), batch_id, named, min_quality=search.min_quality)
    name = batch_id or _name_of(search, merged=merged)
    if out is None and home.storage is not None and home.has_objects:
        from tlray.io.export.to_storage import upload  # noqa: PLC0415

        with TemporaryDirectory(prefix="tlray-") as folder:
            here = Home(Path(folder))
            summary = write(sets, format_, default_place(here, name, format_), options)
            out = upload(here.exports(name), home.storage, f"exports/{name}")
    else:
        out = out or default_place(home, name, format_)
        is_ours = out != "-" and Path(out).resolve().is_relative_to(home.path.resolve())
        with private() if is_ours else nullcontext():
            summary = write(sets, format_, out, options)
    talk = sys.stderr
    talk.write(
        f"{format_.name}: {plural(summary.n_sets, 'set')} in {plural(summary.n_files, 'file')}: {out}\n"
    )
    for left_out in summary.left_out[:MAX_TOLD]:
        of_site = f" [{left_out.source_id}]" if left_out.source_id else ""
        talk.write(f"  left out: {left_out.title}{of_site}: {left_out.reason}\n")
    if summary.n_left_out > MAX_TOLD:
        talk.write(f"  … and {summary.n_left_out - MAX_TOLD} more\n")


def export_from(
    client: ServiceClient,
    batch_id: str | None,
    format_: Format,
    out: str | None,
    options: Mapping[str, object],
    catalogue_name: str = "all",
) -> None:
    """Take an export of a batch, or of the catalogue, from a service, into a file here."""
    suffix = format_.download_suffix
    name = batch_id or catalogue_name
    target = Path(out or f"{name}{suffix}")
    if target.is_dir() or (out or "").endswith("/"):
        target /= f"{name}{suffix}"
    if out != "-" and not (
        format_.fits_name(str(target)) if format_.fits_one_file else target.suffix.lower() == suffix
    ):
        what = (
            f"a service's {format_.name} files are one ZIP archive: it ends"
            if suffix == ".zip"
            else f"{format_.name} files end"
        )
        raise UsageError(f"{target}: {what} with {suffix}")
    query = {name: "true" if value is True else value for name, value in options.items()} | {
        "format": format_.name
    }
    if out == "-":
        with tempfile.TemporaryFile() as kept:
            download_export(client, batch_id, kept, **query)
            kept.seek(0)
            shutil.copyfileobj(kept, sys.stdout.buffer)
        return
    with os_errors_explained(str(target)), whole_file(target) as staged, staged.open("wb") as file:
        n_bytes = download_export(client, batch_id, file, **query)
    sys.stderr.write(f"{format_.name}: {n_bytes:,} bytes: {target}\n")
