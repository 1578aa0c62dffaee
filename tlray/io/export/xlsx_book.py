"""Sets as an Excel workbook: a sheet of sets and one of tracks, typed, their first row frozen.

Every text is written as a text, so nothing is a formula or a link. Rows go to disk as they come. A sheet has 1,048,576 rows; more
tracks go on in ``tracks 2``. A cell has 32,767 characters; a longer text is cut and ends with ``…``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from tlray.core.model import merged
from tlray.export.safe_text import one_line
from tlray.io.disk.durable import NO_ROOM
from tlray.io.export.file_chunks import chunks_of, temporary_folder_full
from tlray.model import Track, Tracklist

MAX_ROWS = 1_048_576
MAX_CHARS: Final = 32_767
SET_COLUMNS: Final[tuple[str, ...]] = (
    "set_number", "title", "date", "djs", "sources", "genres", "duration_s", "track_count", "identified_count", "cued_count",
    "quality", "quality_issues", "site", "source_id", "url", "published", "licence", "attribution", "fetched_at",
)  # fmt: skip
TRACK_COLUMNS: Final[tuple[str, ...]] = (
    "set_number", "set_title", "index", "number", "kind", "parent", "section", "recording", "cue_s", "cue_precision",
    "cue_text", "played_at", "artist", "title", "labels", "catalogue_number", "identity", "track_id", "track_url",
    "duration_s", "genres", "artwork_url", "media_id", "text",
)  # fmt: skip
_WIDE: Final = frozenset({"title", "set_title", "artist", "djs", "text", "url", "track_url"})
_MADE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook has no zones; a fixed day, so that every run writes the same
_FIRST_DAY: Final = date(1900, 3, 1)
"""Excel counts a 29 February 1900: earlier days are written as text."""


def book(sets: Iterable[Tracklist]) -> Iterator[bytes]:
    """Yield the workbook in chunks."""
    with TemporaryDirectory(prefix="tlray-xlsx-") as folder:
        path = Path(folder) / "book.xlsx"
        workbook = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": folder})
        try:
            workbook.set_properties({"created": _MADE})
            _write(workbook, sets)
            workbook.close()
        except FileCreateError as error:
            raise _explained(error.args[0]) from error
        except OSError as error:
            raise _explained(error) from error
        finally:
            for sheet in workbook.worksheets():
                with suppress(OSError):
                    sheet.row_data_fh.close()  # open still if the workbook could not be closed
        yield from chunks_of(path)


def _explained(error: OSError) -> Exception:
    """Return an error of the folder for temporary files."""
    return temporary_folder_full() if error.errno in NO_ROOM else error


def _write(workbook: Any, sets: Iterable[Tracklist]) -> None:
    formats = {
        "header": workbook.add_format({"bold": True}),
        date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    is_merged, sets = merged.peeked(sets)
    set_columns, track_columns = SET_COLUMNS, TRACK_COLUMNS
    if is_merged:
        set_columns, track_columns = SET_COLUMNS + merged.SET_COLUMNS, TRACK_COLUMNS + merged.ROW_COLUMNS
    of_sets = _Sheet(workbook, formats, "tracklists", set_columns)
    of_tracks = _Sheet(workbook, formats, "tracks", track_columns)
    for number, tracklist in enumerate(sets, 1):
        values = (getattr(tracklist, name) for name in SET_COLUMNS[1:])
        of_sets.add([number, *values, *merged.set_values(tracklist)])
        for track in tracklist.tracks:
            of_tracks.add([number, tracklist.title, *_values(track), *merged.row_values(track)])


def _values(track: Track) -> Iterator[Any]:
    return (getattr(track, name) for name in TRACK_COLUMNS[2:])


class _Sheet:
    """A table that goes on in further sheets when one is full."""

    def __init__(self, workbook: Any, formats: dict[Any, Any], name: str, columns: Sequence[str]) -> None:
        self._workbook, self._formats, self._name, self._columns = workbook, formats, name, columns
        self._n_sheets = 0
        self._open()

    def _open(self) -> None:
        self._n_sheets += 1
        name = self._name if self._n_sheets == 1 else f"{self._name} {self._n_sheets}"
        self._sheet = self._workbook.add_worksheet(name)
        self._sheet.freeze_panes(1, 0)
        for column, title in enumerate(self._columns):
            self._sheet.set_column(column, column, 40 if title in _WIDE else 12)
            self._sheet.write_string(0, column, title, self._formats["header"])
        self._row = 1

    def add(self, values: Iterable[Any]) -> None:
        """Write a row."""
        if self._row == MAX_ROWS:
            self._open()
        for column, value in enumerate(values):
            self._write(column, value)
        self._row += 1

    def _write(self, column: int, value: Any) -> None:
        if isinstance(value, list):
            value = " / ".join(value)
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        if isinstance(value, int | float):
            if math.isfinite(value):
                self._sheet.write_number(self._row, column, value)
        elif isinstance(value, date):
            if (value.date() if isinstance(value, datetime) else value) < _FIRST_DAY:
                self._sheet.write_string(self._row, column, value.isoformat())
            else:
                self._sheet.write_datetime(self._row, column, value, self._formats[type(value)])
        elif value is not None and (text := one_line(value)):
            self._sheet.write_string(self._row, column, _fitting(text))


def _fitting(text: str) -> str:
    """Return a text that a cell holds: Excel counts units of UTF-16, of which an emoji has two."""
    if len(text) <= MAX_CHARS // 2 or len(units := text.encode("utf-16-le")) <= 2 * MAX_CHARS:
        return text
    return units[: 2 * (MAX_CHARS - 1)].decode("utf-16-le", "ignore") + "…"
