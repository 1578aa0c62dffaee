"""The format of a SQLite database; it is written in `sqlite_file`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.interface import Format, NoOptions
from tlray.model import Tracklist


def together(sets: Iterable[Tracklist], _options: NoOptions) -> Iterator[bytes]:
    """Yield one database."""
    from tlray.io.export.sqlite_file import database  # noqa: PLC0415

    return database(sets)


FORMAT = Format(
    name="sqlite",
    suffix=".sqlite",
    media_type="application/vnd.sqlite3",
    about="SQLite: one file with the tables tracklists and tracks, indexed; lists are JSON",
    is_text=False,
    together=together,
)
