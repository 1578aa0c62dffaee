"""``tlray aggregate``: tables by DJ, label, event, month, …, of the catalogue or of one batch."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.errors import UsageError
from tlray.io.disk.atomic_output import os_errors_explained, whole_folder
from tlray.io.disk.home import Home
from tlray.io.disk.private_files import private
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.io.catalogue.grouping import Grouping

USUAL = "dj,label,event,month"


def aggregate(
    batch_id: Annotated[
        str | None,
        typer.Argument(help="One batch, in place of the newest version of every set.", show_default=False),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            metavar="KEYS",
            help="Tables to make: of dj, label, event, month, site, artist, track; artist+month is one by both.",
        ),
    ] = USUAL,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder to write to; by default below exports/ in the home."),
    ] = None,
    merged: Annotated[
        bool,
        typer.Option(
            "--merged", help="Without a batch: what several sites have of one performance counts once."
        ),
    ] = False,
    min_quality: Annotated[
        float | None, typer.Option(min=0, max=1, help="Only sets of this quality, or a better one.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Write tables of sums, each as Parquet and as CSV: how often and by whom labels and tracks were played, and so on.

    Example: tlray aggregate --by dj,label+month --out tables/
    """
    from tlray.io.catalogue.grouping import groupings  # noqa: PLC0415 - Arrow is loaded where it is used

    if merged and batch_id is not None:
        raise UsageError("--merged is for the catalogue; leave out the batch")
    wanted = groupings(by)
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    name = batch_id or ("merged" if merged else "all")
    if out is None and where.storage is not None and where.has_objects:
        from tlray.io.export.to_storage import upload  # noqa: PLC0415

        with TemporaryDirectory(prefix="tlray-") as folder:
            counts = _write(where, batch_id, wanted, Path(folder), min_quality, merged=merged)
            place = upload(Path(folder), where.storage, f"exports/{name}/aggregate")
    else:
        target = out or where.exports(name) / "aggregate"
        is_ours = target.resolve().is_relative_to(where.path.resolve())
        with private() if is_ours else nullcontext():
            counts = _write(where, batch_id, wanted, target, min_quality, merged=merged)
        place = str(target)
    rows = ", ".join(f"{table} {n:,}" for table, n in counts.items())
    sys.stderr.write(f"rows: {rows}\ntables in {place}\n")


def _write(
    home: Home,
    batch_id: str | None,
    wanted: list[Grouping],
    folder: Path,
    min_quality: float | None,
    *,
    merged: bool,
) -> dict[str, int]:
    """Write the tables into a folder; return the number of rows of each."""
    from tlray.io.catalogue.aggregation import Aggregation  # noqa: PLC0415
    from tlray.io.catalogue.merging import tables_of  # noqa: PLC0415
    from tlray.io.export.aggregates import write_table  # noqa: PLC0415
    from tlray.io.export.files import readable  # noqa: PLC0415

    tables = tables_of(home, batch_id, min_quality=min_quality, merged=merged)
    with os_errors_explained(str(folder)), whole_folder(folder) as staged, Aggregation(wanted) as sums:
        sums.read(readable(tables))
        return {one.name: write_table(sums.tables(one), one.schema, staged, one.name) for one in wanted}
