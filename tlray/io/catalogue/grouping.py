"""What sets and tracks are summed by: DJ, event, month, …, or several of them together; and the SQL of it.

The tables are those of `tlray.io.catalogue.aggregation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from tlray.errors import UsageError
from tlray.io.results.schema import SECONDS, TEXT

SOURCES: Final = {
    "dj": "djs", "event": "events", "month": "sets", "site": "sets", "label": "labels", "artist": "plays", "track": "plays",
}  # fmt: skip
"""Key → the table that has it."""
_JOINS: Final = {
    "djs": "JOIN djs USING (n)",
    "events": "JOIN events USING (n)",
    "labels": "JOIN labels USING (play)",
}
_SPELT: Final = frozenset(SOURCES) - {"month", "site"}
"""Keys that are names, of which the tables have the hash."""
_COUNT: Final = pa.int64()
MEASURES: Final = (
    *(
        pa.field(name, _COUNT, nullable=False)
        for name in ("sets", "plays", "identified", "positions", "cued", "tracks", "djs", "timed_sets")
    ),
    pa.field("duration_s", SECONDS, nullable=False),
    pa.field("quality", SECONDS),
    pa.field("first_day", pa.date32()),
    pa.field("last_day", pa.date32()),
)
"""The columns behind the keys (docs/catalogue.md)."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """One table: a row for each value of a key, or for each combination of several."""

    keys: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Grouping:
        """Read ``artist+month``; UsageError names what is no key."""
        keys = tuple(dict.fromkeys(key.strip().lower() for key in text.split("+")))
        for key in keys:
            if key not in SOURCES:
                there = f"there is {', '.join(SOURCES)}, and several with +"
                raise UsageError(f"tables by {text.strip()[:40]!r}: {key[:40]!r} is no key; {there}")
        if {"artist", "track"} <= set(keys):
            raise UsageError(f"tables by {text.strip()[:40]!r}: a track has its artist; leave out artist")
        return cls(keys)

    @property
    def name(self) -> str:
        """The table's name, and that of its files."""
        return "+".join(self.keys)

    @property
    def schema(self) -> pa.Schema:
        """The columns; a track has two, its artist and its title."""
        names = (name for key in self.keys for name in (("artist", "title") if key == "track" else (key,)))
        return pa.schema([*(pa.field(name, TEXT, nullable=False) for name in names), *MEASURES])

    def per_set(self) -> str:
        """Return the SQL of a table with a row for each group and set: ``k0, k1, …, n`` and the sums of that set's rows."""
        if any(SOURCES[key] in ("plays", "labels") for key in self.keys):
            sums = "count(*) AS plays, sum(is_identified) AS identified, sum(is_position) AS positions, sum(is_cued) AS cued"
            return f"SELECT {self._named()}, n, {sums} FROM {self._plays()} GROUP BY {self._numbers()}, n"
        joined = " ".join(_JOINS.get(SOURCES[key], "") for key in self.keys)
        return f"SELECT {self._named()}, n, plays, identified, positions, cued FROM sets {joined} WHERE {self._known()}"

    def totals(self) -> str:
        """Return the SQL of the groups, from `per_set`: the keys as they are shown, and the measures but for units."""
        places = ", ".join(f"k{i}" for i in range(len(self.keys)))
        shown = ", ".join(
            f"(SELECT text FROM names WHERE kind = '{key}' AND key = k{i})" if key in _SPELT else f"k{i}"
            for i, key in enumerate(self.keys)
        )
        order = ", ".join(
            [*(f"k{i}" for i, key in enumerate(self.keys) if key == "month"), "plays DESC", places]
        )
        tracks = "1" if "track" in self.keys else "coalesce(tracks, 0)"
        sql = (
            f"SELECT {shown}, sets, plays, identified, positions, cued, {tracks}, coalesce(djs, 0),"
            " timed, length, quality, rated, first_day, last_day"
            f" FROM (SELECT {places}, count(*) AS sets, sum(p.plays) AS plays, sum(p.identified) AS identified,"
            " sum(p.positions) AS positions, sum(p.cued) AS cued, count(length) AS timed, coalesce(sum(length), 0) AS length,"
            " sum(quality) AS quality, count(quality) AS rated, min(day) AS first_day, max(day) AS last_day"
            f" FROM per_set p JOIN sets USING (n) GROUP BY {places})"
        )
        if "track" not in self.keys:
            sql += (
                f" LEFT JOIN (SELECT {self._named()}, count(DISTINCT track) AS tracks FROM {self._plays()}"
                f" GROUP BY {self._numbers()}) USING ({places})"
            )
        sql += (
            f" LEFT JOIN (SELECT {places}, count(DISTINCT dj) AS djs FROM per_set JOIN djs USING (n) GROUP BY {places})"
            f" USING ({places})"
        )
        return f"{sql} ORDER BY {order}"

    def _plays(self) -> str:
        """Return all rows that are in a group, each once a group."""
        tables = dict.fromkeys(SOURCES[key] for key in self.keys)
        joined = " ".join("JOIN sets USING (n)" if of == "sets" else _JOINS.get(of, "") for of in tables)
        return f"plays {joined} WHERE {self._known()}"

    def _named(self) -> str:
        return ", ".join(f"{key} AS k{i}" for i, key in enumerate(self.keys))

    def _numbers(self) -> str:
        return ", ".join(str(i + 1) for i in range(len(self.keys)))

    def _known(self) -> str:
        return " AND ".join(f"{key} IS NOT NULL" for key in self.keys)


def groupings(text: str) -> list[Grouping]:
    """Read ``dj,label,artist+month``; UsageError names what is no key."""
    return list(dict.fromkeys(map(Grouping.of, text.split(","))))
