"""Sums over sets and their tracks: by DJ, label, event, month, …

What is summed is first collected in a temporary SQLite database, whose cache spills to disk, so that memory does not grow with
the number of sets. Every sum is one of whole numbers (milliseconds, thousandths): the order of the parts changes nothing. Names
that differ in case and accents only are one name, shown in its most frequent spelling.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from tempfile import gettempdir
from typing import Any, Final

import pyarrow as pa

from tlray.core.catalogue.names import folded
from tlray.errors import CannotFinish
from tlray.io.catalogue.grouping import Grouping
from tlray.io.results.reader import set_number
from tlray.model import Identity, TrackKind

ROWS_AT_ONCE: Final = 20_000
"""Rows in memory as Python objects."""
BETWEEN: Final = "\x1f"
"""Between the artist and the title of a track."""
_SCHEMA: Final = (
    (
        "CREATE TABLE sets (n INTEGER PRIMARY KEY, site TEXT, month TEXT, day TEXT, quality INTEGER, length INTEGER,"
        " plays INTEGER, identified INTEGER, positions INTEGER, cued INTEGER)"
    ),
    "CREATE TABLE djs (n INTEGER, dj TEXT, PRIMARY KEY (n, dj)) WITHOUT ROWID",
    "CREATE TABLE events (n INTEGER, event TEXT, PRIMARY KEY (n, event)) WITHOUT ROWID",
    (
        "CREATE TABLE plays (play INTEGER PRIMARY KEY, n INTEGER, artist TEXT, track TEXT, is_identified INTEGER,"
        " is_position INTEGER, is_cued INTEGER)"
    ),
    "CREATE TABLE labels (play INTEGER, label TEXT, PRIMARY KEY (play, label)) WITHOUT ROWID",
    "CREATE TABLE spellings (kind TEXT, key TEXT, text TEXT, times INTEGER, PRIMARY KEY (kind, key, text)) WITHOUT ROWID",
)
_NAMES: Final = (
    "CREATE TABLE names (kind TEXT, key TEXT, text TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID",
    (
        "INSERT INTO names SELECT kind, key, text FROM (SELECT *, row_number() OVER (PARTITION BY kind, key"
        " ORDER BY times DESC, text) AS place FROM spellings) WHERE place = 1"
    ),
)
Tables = tuple[pa.Table, pa.Table]


class Aggregation:
    """The facts of all sets: `read` once, then asked for its `tables`, one after the other. ``with`` it: its file goes then."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)  # a temporary file that goes with the connection
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA temp_store = FILE")
        for statement in _SCHEMA:
            self._db.execute(statement)
        self._n_plays = 0
        self._spellings: Counter[tuple[str, str, str]] = Counter()

    def read(self, parts: Iterable[Tables]) -> None:
        """Collect the sets of parts (tracklists, tracks), each of which is there once."""
        with _full_disk_named():
            self._db.execute("BEGIN")
            for tracklists, tracks in parts:
                sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
                for begin in range(0, tracks.num_rows, ROWS_AT_ONCE):
                    self._add_rows(tracks.slice(begin, ROWS_AT_ONCE), sums)
                for begin in range(0, tracklists.num_rows, ROWS_AT_ONCE):
                    self._add_sets(tracklists.slice(begin, ROWS_AT_ONCE), sums)
            for statement in _NAMES:
                self._db.execute(statement)
            self._db.execute("COMMIT")

    def tables(self, grouping: Grouping) -> Iterator[pa.Table]:
        """Yield the table of a grouping in pieces, the most played first, of each month; an empty one if there is nothing."""
        schema = grouping.schema
        with _full_disk_named():
            self._db.execute("DROP TABLE IF EXISTS per_set")
            self._db.execute(f"CREATE TABLE per_set AS {grouping.per_set()}")
            cursor = self._db.execute(grouping.totals())
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                columns = zip(*(_shown(row, grouping) for row in rows), strict=True)
                arrays = [pa.array(column, f.type) for column, f in zip(columns, schema, strict=True)]
                yield pa.table(arrays, schema=schema)

    def table(self, grouping: Grouping) -> pa.Table:
        """Return the table of a grouping as a whole."""
        return pa.concat_tables([grouping.schema.empty_table(), *self.tables(grouping)])

    def __enter__(self) -> Aggregation:
        return self

    def __exit__(self, *error: object) -> None:
        self._db.close()

    def _add_rows(self, tracks: pa.Table, sums: defaultdict[int, list[int]]) -> None:
        plays, labels = [], []
        names = ("kind", "artist", "title", "identity", "cue_s", "labels")
        columns = (set_number(tracks), *(tracks.column(name) for name in names))
        for n, kind, name, title, identity, cue_s, of in zip(*(c.to_pylist() for c in columns), strict=True):
            self._n_plays += 1
            is_identified = identity == Identity.IDENTIFIED
            is_position = kind != TrackKind.MASHUP_PART
            row = (is_identified, is_position, is_position and cue_s is not None)
            for place, value in enumerate((1, *row)):
                sums[n][place] += value
            artist = name.replace(BETWEEN, " ")
            by = None if identity == Identity.ID else self._key("artist", artist)
            track = self._key("track", f"{artist}{BETWEEN}{title}") if is_identified else None
            plays.append((self._n_plays, n, by, track, *row))
            labels += [(self._n_plays, key) for key in self._keys("label", of)]
        self._db.executemany("INSERT INTO plays VALUES (?, ?, ?, ?, ?, ?, ?)", plays)
        self._db.executemany("INSERT INTO labels VALUES (?, ?)", labels)
        self._flush()

    def _add_sets(self, tracklists: pa.Table, sums: defaultdict[int, list[int]]) -> None:
        sets, djs, events = [], [], []
        names = ("site", "date", "quality", "duration_s", "djs", "sources")
        columns = (set_number(tracklists), *(tracklists.column(name) for name in names))
        for n, site, day, quality, duration_s, by, at in zip(*(c.to_pylist() for c in columns), strict=True):
            iso = None if day is None else day.isoformat()
            month = None if iso is None else iso[:7]
            sets.append((n, site, month, iso, _thousandths(quality), _thousandths(duration_s), *sums[n]))
            djs += [(n, key) for key in self._keys("dj", by)]
            events += [(n, key) for key in self._keys("event", at)]
        self._db.executemany("INSERT INTO sets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", sets)
        self._db.executemany("INSERT INTO djs VALUES (?, ?)", djs)
        self._db.executemany("INSERT INTO events VALUES (?, ?)", events)
        self._flush()

    def _keys(self, kind: str, texts: Iterable[str]) -> list[str]:
        """Return the names of a list, each once."""
        return list(dict.fromkeys(key for text in texts if (key := self._key(kind, text)) is not None))

    def _key(self, kind: str, text: str) -> str | None:
        """Return the folded name, and count its spelling; None for one without a letter, a digit or another sign."""
        key = folded(text) if kind != "track" else BETWEEN.join(map(folded, text.split(BETWEEN, 1)))
        if not key.strip(BETWEEN):
            return None
        self._spellings[kind, key, text] += 1
        return key

    def _flush(self) -> None:
        self._db.executemany(
            "INSERT INTO spellings VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET times = times + excluded.times",
            [(*spelling, times) for spelling, times in self._spellings.items()],
        )
        self._spellings.clear()


@contextmanager
def _full_disk_named() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        what = f"what is summed does not fit into {gettempdir()} ({error})"
        raise CannotFinish(f"{what}; make room, or name another folder in TMPDIR") from error


def _thousandths(value: float | None) -> int | None:
    return round(value * 1000) if value is not None and math.isfinite(value) and 0 <= value < 1e9 else None


def _shown(row: tuple[Any, ...], grouping: Grouping) -> tuple[Any, ...]:
    """Return a row of the database with the units of `MEASURES`, and a track in two columns."""
    n = len(grouping.keys)
    keys, counts, (length, quality, n_rated, first, last) = row[:n], row[n:-5], row[-5:]
    texts = [text for key, name in zip(grouping.keys, keys, strict=True) for text in _texts(key, name)]
    mean = None if quality is None else round(quality / n_rated / 1000, 3)
    return *texts, *counts, length / 1000, mean, _day(first), _day(last)


def _texts(key: str, text: str) -> list[str]:
    return [" ".join(part.split()) for part in (text.split(BETWEEN, 1) if key == "track" else [text])]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
