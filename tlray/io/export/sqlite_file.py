"""Sets as a SQLite database: the tables ``tracklists`` and ``tracks``, with the fields of `model.py`.

``set_number`` (1.., in the order of the export) joins them. Lists are JSON arrays (``json_each``), days and moments ISO 8601,
booleans 0 and 1. The same sets make the same bytes with one version of SQLite.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tlray.core.model import merged
from tlray.export.json_shape import plain
from tlray.export.safe_text import NO_CHARACTERS
from tlray.io.export.file_chunks import chunks_of, temporary_folder_full
from tlray.model import Track, Tracklist

_NUMBERS: Final = frozenset({"duration_s", "quality", "cue_s"})
_COUNTS: Final = frozenset(
    {"is_live", "track_count", "identified_count", "cued_count", "index", "number", "parent", "recording"}
)
_SETS: Final = tuple(f.name for f in fields(Tracklist) if f.name != "tracks")
_ROWS: Final = tuple(f.name for f in fields(Track))
_INDICES: Final = (
    ("tracklists", "site, source_id"), ("tracklists", "date"), ("tracks", "set_number"),
    ("tracks", "artist, title"), ("tracks", "title"), ("tracks", "track_id"),
)  # fmt: skip


def database(sets: Iterable[Tracklist]) -> Iterator[bytes]:
    """Yield the database in chunks."""
    with TemporaryDirectory(prefix="tlray-sqlite-") as folder:
        path = Path(folder) / "export.sqlite"
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as db:
                _write(db, sets)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise temporary_folder_full() from error
            raise
        yield from chunks_of(path)


def _write(db: sqlite3.Connection, sets: Iterable[Tracklist]) -> None:
    db.execute("PRAGMA page_size = 4096")
    db.execute("PRAGMA journal_mode = OFF")  # the file is thrown away if it is not whole
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    is_merged, sets = merged.peeked(sets)
    names_of_sets, names_of_rows = _SETS, _ROWS
    if is_merged:
        names_of_sets, names_of_rows = _SETS + merged.SET_COLUMNS, _ROWS + merged.ROW_COLUMNS
    db.execute(f"CREATE TABLE tracklists (set_number INTEGER PRIMARY KEY, {_columns(names_of_sets)})")
    db.execute(
        f"CREATE TABLE tracks (set_number INTEGER NOT NULL REFERENCES tracklists, {_columns(names_of_rows)})"
    )
    of_set, of_rows = (
        f"INSERT INTO {table} VALUES ({', '.join('?' * (1 + len(names)))})"
        for table, names in (("tracklists", names_of_sets), ("tracks", names_of_rows))
    )
    for number, tracklist in enumerate(sets, 1):
        shape = plain(tracklist)
        values = [*(shape[name] for name in _SETS), *merged.set_values(tracklist)]
        db.execute(of_set, (number, *map(_value, values)))
        rows = (
            [*(row[name] for name in _ROWS), *merged.row_values(track)]
            for row, track in zip(shape["tracks"], tracklist.tracks, strict=True)
        )
        db.executemany(of_rows, ((number, *map(_value, row)) for row in rows))
    for table, names in _INDICES:
        db.execute(f"CREATE INDEX {table}_{names.replace(', ', '_')} ON {table} ({names})")
    db.execute("COMMIT")


def _columns(names: Iterable[str]) -> str:
    types = {**dict.fromkeys(_NUMBERS, "REAL"), **dict.fromkeys(_COUNTS, "INTEGER")}
    return ", ".join(f'"{name}" {types.get(name, "TEXT")}' for name in names)


def _value(value: Any) -> Any:
    if isinstance(value, list):
        value = json.dumps(value, ensure_ascii=False)
    return NO_CHARACTERS.sub("\ufffd", value.replace("\0", "\ufffd")) if isinstance(value, str) else value
