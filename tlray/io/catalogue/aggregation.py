"""Sums over sets and their tracks: by DJ, label, event, month, …

What is summed is first collected in a temporary SQLite database, whose cache spills to disk, so that memory does not grow with
the number of sets. Every sum is one of whole numbers (milliseconds, thousandths): the order of the parts changes nothing. Names
that differ in case and accents only are one name, shown in its most frequent spelling; the tables have 64 bits of a hash of it.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from hashlib import blake2b
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
CACHE_KB: Final = 8_000
"""Of the database in memory, and of each of its sorters; a larger one was not faster."""
BETWEEN: Final = "\x1f"
"""Between the artist and the title of a track."""
_SCHEMA: Final = (
    (
        "CREATE TABLE sets (n INTEGER PRIMARY KEY, site TEXT, month TEXT, day TEXT, quality INTEGER, length INTEGER,"
        " plays INTEGER, identified INTEGER, positions INTEGER, cued INTEGER)"
    ),
    "CREATE TABLE djs (n INTEGER, dj INTEGER, PRIMARY KEY (n, dj)) WITHOUT ROWID",
    "CREATE TABLE events (n INTEGER, event INTEGER, PRIMARY KEY (n, event)) WITHOUT ROWID",
    (
        "CREATE TABLE plays (play INTEGER PRIMARY KEY, n INTEGER, artist INTEGER, track INTEGER, is_identified INTEGER,"
        " is_position INTEGER, is_cued INTEGER)"
    ),
    "CREATE TABLE labels (play INTEGER, label INTEGER, PRIMARY KEY (play, label)) WITHOUT ROWID",
    "CREATE TABLE spellings (kind TEXT, key INTEGER, text TEXT, times INTEGER)",
)
_NAMES: Final = (
    "CREATE TABLE names (kind TEXT, key INTEGER, text TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID",
    (
        "INSERT INTO names SELECT kind, key, text FROM (SELECT kind, key, text, row_number() OVER (PARTITION BY kind, key"
        " ORDER BY sum(times) DESC, text) AS place FROM spellings GROUP BY kind, key, text) WHERE place = 1 ORDER BY kind, key"
    ),
)
Tables = tuple[pa.Table, pa.Table]


class Aggregation:
    """The facts of all sets for some groupings: `read` once, then asked for the `tables` of each. ``with`` deletes its file."""

    def __init__(self, groupings: Iterable[Grouping]) -> None:
        self._named = {key for grouping in groupings for key in grouping.keys}
        """Keys that are shown: spellings of others are not collected."""
        self._db = sqlite3.connect("", isolation_level=None)  # a temporary file that goes with the connection
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA temp_store = FILE")
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        for statement in _SCHEMA:
            self._db.execute(statement)
        self._n_plays = 0
        self._spellings: Counter[tuple[str, int, str]] = Counter()

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
                columns = zip(_columns(rows, grouping), schema, strict=True)
                arrays = [pa.array(column, field.type) for column, field in columns]
                yield pa.table(arrays, schema=schema)

    def table(self, grouping: Grouping) -> pa.Table:
        """Return the table of a grouping as a whole."""
        return pa.concat_tables([grouping.schema.empty_table(), *self.tables(grouping)])

    def __enter__(self) -> Aggregation:
        return self

    def __exit__(self, *error: object) -> None:
        self._db.close()

    def _add_rows(self, tracks: pa.Table, sums: defaultdict[int, list[int]]) -> None:
        plays, labels, has_artists = [], [], "artist" in self._named
        names = ("kind", "artist", "title", "identity", "cue_s", "labels")
        columns = (set_number(tracks), *(tracks.column(name) for name in names))
        for n, kind, name, title, identity, cue_s, of in zip(*(c.to_pylist() for c in columns), strict=True):
            self._n_plays += 1
            is_identified = identity == Identity.IDENTIFIED
            is_position = kind != TrackKind.MASHUP_PART
            is_cued = is_position and cue_s is not None
            of_set = sums[n]
            of_set[0] += 1
            of_set[1] += is_identified
            of_set[2] += is_position
            of_set[3] += is_cued
            artist = name.replace(BETWEEN, " ")
            by = self._key("artist", artist) if has_artists and identity != Identity.ID else None
            track = self._key("track", f"{artist}{BETWEEN}{title}") if is_identified else None
            plays.append((self._n_plays, n, by, track, is_identified, is_position, is_cued))
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
            sets.append(
                (n, site, month, iso, _thousandths(quality), _thousandths(duration_s) or None, *sums[n])
            )
            djs += [(n, key) for key in self._keys("dj", by)]
            events += [(n, key) for key in self._keys("event", at)]
        self._db.executemany("INSERT INTO sets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", sets)
        self._db.executemany("INSERT INTO djs VALUES (?, ?)", djs)
        self._db.executemany("INSERT INTO events VALUES (?, ?)", events)
        self._flush()

    def _keys(self, kind: str, texts: Iterable[str]) -> list[int]:
        """Return the names of a list, each once."""
        return list(dict.fromkeys(key for text in texts if (key := self._key(kind, text)) is not None))

    def _key(self, kind: str, text: str) -> int | None:
        """Return what all spellings of a name have in common, and count this one; None for a blank."""
        key = _hash_of_track(text) if kind == "track" else _hash_of_name(text)
        if key is not None and kind in self._named:
            self._spellings[kind, key, text] += 1
        return key

    def _flush(self) -> None:
        self._db.executemany(
            "INSERT INTO spellings VALUES (?, ?, ?, ?)",
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


def _hashed(folded_name: str) -> int | None:
    if not folded_name.strip(BETWEEN):
        return None
    return int.from_bytes(blake2b(folded_name.encode(), digest_size=8).digest(), signed=True)


@lru_cache(maxsize=32_768)
def _hash_of_name(text: str) -> int | None:
    return _hashed(folded(text))


def _hash_of_track(text: str) -> int | None:
    artist, _, title = text.partition(BETWEEN)
    return _hashed(f"{folded(artist)}{BETWEEN}{folded(title)}")


def _columns(rows: list[tuple[Any, ...]], grouping: Grouping) -> Iterator[Sequence[Any]]:
    """Yield the columns of `MEASURES` and, before them, of the keys; a track is two."""
    columns = list(zip(*rows, strict=True))
    n = len(grouping.keys)
    for key, names in zip(grouping.keys, columns, strict=False):
        if key == "track":
            yield from zip(*(map(_one_blank, name.split(BETWEEN, 1)) for name in names), strict=True)
        else:
            yield [_one_blank(name) for name in names]
    lengths, qualities, rated, firsts, lasts = columns[-5:]
    yield from columns[n:-5]
    yield [length / 1000 for length in lengths]
    yield [None if q is None else round(q / of / 1000, 3) for q, of in zip(qualities, rated, strict=True)]
    yield [_day(day) for day in firsts]
    yield [_day(day) for day in lasts]


def _one_blank(text: str) -> str:
    return " ".join(text.split())


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
