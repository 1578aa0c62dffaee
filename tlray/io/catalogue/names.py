"""A DJ, an artist, a label or a track of the catalogue: where it occurs, when, and with what; and the facets of a search.

The full-text index finds the sets that have the words of a name, in one pass over a narrow table. The newest `MAX_LOOKED` of them
are read, and what is counted within a set is counted there, by the whole name. With no more sets than that every figure is exact.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tlray.io.catalogue.content import Content, unpack
from tlray.io.catalogue.search import COLUMNS, NoWords, Query, claims_of, summary_of
from tlray.model import Identity

MAX_LOOKED: Final = 200
NEWEST: Final = 20
TOP: Final = 20
MAX_BY_SITE: Final = 10_000
"""Sets of a search whose sites are counted: their rows are wide."""
SEPARATOR: Final = " - "


class NameKind(StrEnum):
    """The kind of a name."""

    DJ = "dj"
    ARTIST = "artist"
    LABEL = "label"
    TRACK = "track"
    """``Artist - Title``."""


class _Row(NamedTuple):
    """One row of a set, of which something is known."""

    artist: str
    title: str
    labels: Sequence[str]
    is_track: bool
    """True if it is named in full: ``Artist - ID`` counts for its artist, and is no track."""

    @property
    def name(self) -> str:
        """The track's name."""
        return f"{self.artist}{SEPARATOR}{self.title}" if self.artist else self.title


def about(db: sqlite3.Connection, kind: NameKind, name: str, *, owner: str | None) -> dict[str, Any] | None:
    """Return what the catalogue knows of a name; None if no set has it."""
    claims, values = claims_of(Query(), owner)
    values |= {"match": _match(kind, name), "limit": MAX_LOOKED}
    found = f"FROM words w CROSS JOIN facets f ON f.id = w.rowid WHERE words MATCH :match AND {' AND '.join(claims)}"
    db.execute("BEGIN")
    try:
        months = db.execute(
            f"SELECT substr(f.date, 1, 7) AS month, count(*), min(f.date), max(f.date) {found} GROUP BY month",
            values,
        ).fetchall()
        looked = db.execute(
            f"SELECT {COLUMNS}, c.content FROM (SELECT w.rowid AS id {found} ORDER BY w.rowid DESC LIMIT :limit) n"
            " JOIN sets s ON s.id = n.id JOIN batches b ON b.number = s.batch JOIN contents c ON c.set_id = s.id",
            values,
        ).fetchall()
    finally:
        db.execute("ROLLBACK")
    total = sum(n for _, n, _, _ in months)
    counts = _Counts(kind, name)
    sets = [summary_of(row[:-1]) for row in looked if counts.count(unpack(row[-1]))]
    if not sets:
        return None
    by_month = [(month, n) for month, n, _, _ in months if month is not None]
    days = [day for _, _, *ends in months for day in ends if day is not None]
    if is_exact := total == len(looked):
        total = len(sets)
        days = [one["date"] for one in sets if one["date"] is not None]
        by_month = sorted(Counter(day[:7] for day in days).items())
    sets.sort(key=lambda one: one["date"] or "", reverse=True)
    return {
        "kind": kind.value, "name": name, "sets": total, "is_exact": is_exact, "looked_at": len(looked),
        "plays": counts.n_plays, "first_day": min(days, default=None), "last_day": max(days, default=None),
        "by_month": [{"month": month, "sets": n} for month, n in by_month], "newest": sets[:NEWEST], **counts.top(),
    }  # fmt: skip


def facets(db: sqlite3.Connection, query: Query, *, owner: str | None) -> dict[str, Any]:
    """Count the sets of a search by year, and by site where they are not too many."""
    match = query.match
    claims, values = claims_of(query, owner)
    source = "facets f" if match is None else "words w CROSS JOIN facets f ON f.id = w.rowid"
    where = " AND ".join(claims if match is None else ["words MATCH :match", *claims])
    db.execute("BEGIN")
    try:
        years = db.execute(
            f"SELECT substr(f.date, 1, 4) AS year, count(*) FROM {source} WHERE {where} GROUP BY year ORDER BY year DESC",
            {**values, "match": match},
        ).fetchall()
        total = sum(n for _, n in years)
        sites = None
        if total <= MAX_BY_SITE:
            sites = db.execute(
                f"SELECT s.site, count(*) AS n FROM {source} CROSS JOIN sets s ON s.id = f.id WHERE {where}"
                " GROUP BY s.site ORDER BY n DESC, s.site",
                {**values, "match": match},
            ).fetchall()
    finally:
        db.execute("ROLLBACK")
    return {
        "total": total,
        "years": [{"year": year, "sets": n} for year, n in years],
        "sites": None if sites is None else [{"site": site, "sets": n} for site, n in sites],
    }


def _match(kind: NameKind, name: str) -> str:
    """Return the expression of the full-text index for the words of a name."""
    if kind is not NameKind.TRACK:
        return f"{kind.value}s : {_phrase(name)}"
    artist, dash, title = name.partition(SEPARATOR)
    if not dash:
        return f"tracks : {_phrase(artist)}"
    parts = [(column, text) for column, text in (("artists", artist), ("tracks", title)) if _has_words(text)]
    return " AND ".join(f"{column} : {_phrase(text)}" for column, text in parts) or _phrase(name)


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _phrase(text: str) -> str:
    if not _has_words(text):
        raise NoWords("name")
    quoted = text.replace('"', " ").replace("\0", " ")
    return f'"{quoted}"'


class _Counts:
    """What is counted in the sets that are read."""

    def __init__(self, kind: NameKind, name: str) -> None:
        self._kind, self._key = kind, name.casefold()
        self.n_plays = 0
        self._djs: Counter[str] = Counter()
        self._artists: Counter[str] = Counter()
        self._labels: Counter[str] = Counter()
        self._tracks: Counter[str] = Counter()
        self._beside: Counter[str] = Counter()

    def count(self, content: Content) -> bool:
        """Count a set, if it has the name; return whether it does."""
        _, _, djs, _, _, artists, titles, identities, _, _, labels, _ = content
        if self._kind is NameKind.DJ and self._key not in map(str.casefold, djs):
            return False
        rows = [
            _Row(artist, title, of, identity == Identity.IDENTIFIED) if identity != Identity.ID else None
            for artist, title, of, identity in zip(artists, titles, labels, identities, strict=True)
        ]
        own = [n for n, row in enumerate(rows) if row is not None and self._is_own(row)]
        if not own and self._kind is not NameKind.DJ:
            return False
        self.n_plays += len(own)
        self._djs.update(_others(djs, self._key if self._kind is NameKind.DJ else None))
        of_own = [row for n in own if (row := rows[n]) is not None]
        self._artists.update({row.artist for row in of_own if row.artist})
        self._labels.update({label for row in of_own for label in row.labels})
        self._tracks.update({row.name for row in of_own if row.is_track})
        if self._kind is not NameKind.DJ:
            self._beside.update(set(_beside(rows, own)))
        return True

    def _is_own(self, row: _Row) -> bool:
        match self._kind:
            case NameKind.DJ:
                return row.is_track
            case NameKind.ARTIST:
                return row.artist.casefold() == self._key
            case NameKind.LABEL:
                return any(label.casefold() == self._key for label in row.labels)
        return row.name.casefold() == self._key

    def top(self) -> dict[str, list[dict[str, Any]]]:
        """Return the most frequent names, by the number of sets."""
        found = {
            "djs": self._djs, "artists": self._artists, "labels": self._labels, "tracks": self._tracks,
            "played_with": self._beside,
        }  # fmt: skip
        own = {NameKind.ARTIST: "artists", NameKind.LABEL: "labels", NameKind.TRACK: "tracks"}.get(self._kind)
        return {
            field: [] if field == own else [{"name": name, "sets": n} for name, n in counter.most_common(TOP)]
            for field, counter in found.items()
        }


def _others(names: Iterable[str], key: str | None) -> set[str]:
    return {name for name in names if name.casefold() != key}


def _beside(rows: Sequence[_Row | None], own: Sequence[int]) -> Iterator[str]:
    """Yield the tracks right before and after some rows, as far as they are known."""
    for n in own:
        for near in (n - 1, n + 1):
            row = rows[near] if 0 <= near < len(rows) and near not in own else None
            if row is not None and row.is_track:
                yield row.name
