"""The format of spreadsheets. The library that writes them is loaded with the first export, in `xlsx_book`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.interface import Format, NoOptions
from tlray.model import Tracklist


def together(sets: Iterable[Tracklist], _options: NoOptions) -> Iterator[bytes]:
    """Yield one workbook."""
    from tlray.io.export.xlsx_book import book  # noqa: PLC0415

    return book(sets)


FORMAT = Format(
    name="xlsx",
    suffix=".xlsx",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    about="Excel: a sheet of sets and one of tracks; texts are texts, no cell is a formula",
    is_text=False,
    together=together,
)
