"""Search in the catalogue, a page at a time, the set that was catalogued last first.

``owner`` is the user whose batches are looked at; None stands for all users, of whose versions the newest counts.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from tlray.core.model import printable
from tlray.core.model.quality import require_share
from tlray.errors import UsageError

COLUMNS: Final = (
    "s.site, s.source_id, s.url, s.title, s.date, s.djs, s.sources, s.quality, s.issues, s.track_count,"
    " s.identified_count, s.cued_count, s.parser, s.fetched_at, s.n_versions, s.n_changes, b.batch_id, s.item_id"
)
_NAMES: Final = tuple(name.strip().split(".")[1] for name in COLUMNS.split(","))


_PARAMETERS: Final = {"first_day": "from", "last_day": "to"}
MAX_CHARS: Final = 200
"""Of one condition."""
MIN_BEGINNING: Final = 3
"""Fewer letters are the beginning of too many words to look for all of them at once."""


@dataclass(frozen=True, slots=True)
class Query:
    """The conditions of a search; all of them hold for a set that is found. None is no condition."""

    q: str | None = None
    """Words in any text of a set; each is found somewhere. A word that ends with ``*`` is the beginning of one."""
    dj: str | None = None
    """Words that follow each other in a DJ's name; the same for the next ones."""
    artist: str | None = None
    label: str | None = None
    source: str | None = None
    """An event, venue or show, or the name of a site."""
    first_day: str | None = None
    """Played on that day or later; ISO 8601."""
    last_day: str | None = None
    min_quality: float | None = None

    @classmethod
    def of(
        cls, *, q: str | None = None, dj: str | None = None, artist: str | None = None, label: str | None = None,
        source: str | None = None, first_day: str | date | None = None, last_day: str | date | None = None,
        min_quality: float | None = None,
    ) -> Query:  # fmt: skip
        """Return the conditions that a person gives; `UsageError` says which of them nothing can be searched for with."""
        first, last = (None if day is None else _day_of(day) for day in (first_day, last_day))
        require_share(min_quality)
        texts = (_checked(q), _checked(dj), _checked(artist), _checked(label), _checked(source))
        query = cls(*texts, first, last, min_quality)
        query.match  # noqa: B018 - raises
        return query

    def as_parameters(self) -> dict[str, str | float]:
        """Return the conditions as the API names them."""
        found = {_PARAMETERS.get(field.name, field.name): getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def names_sets(self) -> bool:
        """True if there is a condition besides the quality."""
        return replace(self, min_quality=None) != EVERY

    def require_performances(self) -> None:
        """Raise `UsageError` if it cannot be a condition on sets that are merged."""
        if self.names_sets:
            raise UsageError("a search finds sets, not performances: leave out one of the two")

    @property
    def match(self) -> str | None:
        """The expression of the full-text index; None: every set."""
        parts = [_term(word, "q") for word in (self.q or "").split() if _has_word(word)]
        if self.q is not None and not parts:
            raise NoWords("q")
        for name, column in (
            ("dj", "djs"),
            ("artist", "artists"),
            ("label", "labels"),
            ("source", "sources"),
        ):
            if (text := getattr(self, name)) is not None:
                parts.append(f"{column} : {_term(text.strip(), name)}")
        return " AND ".join(parts) or None


EVERY: Final = Query()
"""The search that finds every set."""


def iso_day(text: str) -> date:
    """Read ``2026-11-01``; no other form of ISO 8601 is a day."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError("a day is written as 2026-11-01")
    return day


def _checked(text: str | None) -> str | None:
    """Return words that can be searched for; `UsageError` where they are too many."""
    if text is not None and len(text) > MAX_CHARS:
        raise UsageError(f"at most {MAX_CHARS} characters are searched for, not {len(text):,}")
    return text if text is None else printable.one_line(text.encode(errors="replace").decode())


def _day_of(day: str | date) -> str:
    """Return a day as the catalogue has it; `UsageError` where it is none."""
    if isinstance(day, datetime):
        day = day.date()
    try:
        return (day if isinstance(day, date) else iso_day(day)).isoformat()
    except (TypeError, ValueError):
        raise UsageError(f"{str(day)[:40]!r} is no day, such as 2026-11-01") from None


class NoWords(UsageError):  # noqa: N818 - named for what is wrong
    """A text to search for that has no word in it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def __str__(self) -> str:
        return f"{self.args[0]} has no letter and no digit to search for"


class TooShort(NoWords):
    """A beginning of words that too many words have."""

    def __str__(self) -> str:
        return f"{self.args[0]} has a * after fewer than {MIN_BEGINNING} letters; give more of the word"


def _has_word(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _term(text: str, name: str) -> str:
    """Return words as a phrase of the index."""
    if not _has_word(text):
        raise NoWords(name)
    is_beginning = text.endswith("*")
    if is_beginning and sum(map(str.isalnum, text)) < MIN_BEGINNING:
        raise TooShort(name)
    quoted = text.replace('"', " ").replace("\0", " ")
    return f'"{quoted}"' + (" *" if is_beginning else "")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a search."""

    sets: list[dict[str, Any]]
    total: int
    """Sets that are found, on all pages …"""
    quality: float | None
    """… and their mean quality."""
    next_id: int | None
    """Where the next page begins; None: this was the last."""


def search(
    db: sqlite3.Connection, query: Query, *, owner: str | None, before: int | None, limit: int
) -> Page:
    """Return the sets that are found and come before a place, the last one first."""
    source, where, values = _found(query, owner)
    row_id = "w.rowid" if "match" in values else "f.id"
    db.execute("BEGIN")
    try:
        total, quality = db.execute(
            f"SELECT count(*), avg(f.quality) FROM {source} WHERE {where}", values
        ).fetchone()
        rows = db.execute(
            f"SELECT s.id, {COLUMNS} FROM {source} CROSS JOIN sets s ON s.id = f.id JOIN batches b ON b.number = s.batch"
            f" WHERE {where} AND {row_id} < :before ORDER BY {row_id} DESC LIMIT :limit",
            {**values, "before": 2**63 - 1 if before is None else before, "limit": limit},
        ).fetchall()
    finally:
        db.execute("ROLLBACK")
    mean = None if quality is None else round(quality, 3)
    return Page(
        [summary_of(row[1:]) for row in rows], total, mean, rows[-1][0] if len(rows) == limit else None
    )


def claims_of(query: Query, owner: str | None) -> tuple[list[str], dict[str, Any]]:
    """Return the conditions on facets, and their values."""
    claims = ["f.is_newest"] if owner is None else ["f.owner = :owner"]
    for name, claim in (
        ("first_day", "f.date >= :first_day"),
        ("last_day", "f.date <= :last_day"),
        ("min_quality", "f.quality >= :min_quality"),
    ):
        if getattr(query, name) is not None:
            claims.append(claim)
    return claims, {"owner": owner} | {f.name: getattr(query, f.name) for f in fields(query)}


def narrowing(query: Query, owner: str | None) -> tuple[str, dict[str, Any]]:
    """Return the claim on the ``id`` of a set that a search finds it, and its values; "" where it finds every set."""
    if query == EVERY:
        return "", {}
    source, where, values = _found(query, owner)
    return f"id IN (SELECT f.id FROM {source} WHERE {where})", values


def _found(query: Query, owner: str | None) -> tuple[str, str, dict[str, Any]]:
    """Return the tables of a search, its conditions, and their values."""
    match = query.match
    claims, values = claims_of(query, owner)
    if match is None:
        return "facets f", " AND ".join(claims), values
    where = " AND ".join(["words MATCH :match", *claims])
    return "words w CROSS JOIN facets f ON f.id = w.rowid", where, values | {"match": match}


class Place(NamedTuple):
    """The result that has a set's newest version."""

    number: int
    """Of the set, in this catalogue."""
    batch_id: str
    item_id: int
    set_index: int
    summary: dict[str, Any]

    @property
    def name(self) -> str:
        """The set's site and id in one word."""
        return f"{self.summary['site']}:{self.summary['source_id']}"


_PLACE: Final = (
    f"SELECT s.id, b.batch_id, s.item_id, s.set_index, {COLUMNS}"
    " FROM sets s JOIN batches b ON b.number = s.batch WHERE "
)


def find(db: sqlite3.Connection, site: str, source_id: str, *, owner: str | None) -> Place | None:
    """Return where the newest version of a set is; None if there is no such set."""
    row = db.execute(
        f"{_PLACE} s.site = ? AND s.source_id = ?"
        + (" AND s.is_newest" if owner is None else " AND s.owner = ?"),
        (site, source_id, *(() if owner is None else (owner,))),
    ).fetchone()
    return None if row is None else _place(row)


def find_number(db: sqlite3.Connection, number: int) -> Place:
    """Return where the newest version of a set is, by its number."""
    return _place(db.execute(f"{_PLACE} s.id = ?", (number,)).fetchone())


def _place(row: tuple[Any, ...]) -> Place:
    return Place(row[0], row[1], row[2], row[3], summary_of(row[4:]))


def summary_of(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row of `COLUMNS` as it is shown."""
    found = dict(zip(_NAMES, row, strict=True))
    return found | {
        "djs": json.loads(found["djs"]), "sources": json.loads(found["sources"]), "issues": json.loads(found["issues"]),
        "item_id": str(found["item_id"]), "fetched_at": moment(found["fetched_at"]),
    }  # fmt: skip


def moment(at: float | None) -> str | None:
    """Return a moment as it is written in JSON."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
