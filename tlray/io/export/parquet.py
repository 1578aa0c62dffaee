"""The Parquet format. Arrow is loaded with the first export, in `parquet_tables`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tlray.export.interface import Format, NoOptions
from tlray.model import Tracklist


def together(sets: Iterable[Tracklist], _options: NoOptions) -> Iterator[bytes]:
    """Yield one file with a row a set."""
    from tlray.io.export.parquet_tables import file_chunks  # noqa: PLC0415

    return file_chunks(sets)


def into_folder(sets: Iterable[Tracklist], folder: Path, _options: NoOptions) -> list[Path]:
    """Write a table of the sets and one of their tracks."""
    from tlray.io.export.parquet_tables import write_folder  # noqa: PLC0415

    return write_folder(sets, folder)


FORMAT = Format(
    name="parquet",
    suffix=".parquet",
    media_type="application/vnd.apache.parquet",
    about="Parquet: a folder of tracklists and tracks, or one file with a row a set",
    is_text=False,
    together=together,
    into_folder=into_folder,
)
