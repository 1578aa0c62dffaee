"""Domains: what is remembered of them, and their manual overrides."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tlray.core.politeness.override import NO_OVERRIDE, DomainOverride
from tlray.core.politeness.site_profile import aliases
from tlray.io.journal.rows import DomainRow, RestRow
from tlray.io.journal.sql.connection import NAMES_AT_ONCE, NO_LIMIT, Connected, Writing, transactional

_COLUMNS = "robots_at, crawl_delay_s, cool_until, cool_reason, n_blocks, last_fetch_at, set_rate, set_concurrency, is_paused"


class DomainReads(Connected):
    """Queries about domains."""

    def domain(self, name: str) -> DomainRow | None:
        row = self._db.execute(
            f"SELECT name, robots_text, {_COLUMNS} FROM domains WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else _domain_row(row)

    def domains(
        self, *, owner: str | None = None, after: str = "", limit: int = -1, name: str | None = None
    ) -> list[DomainRow]:
        numbers = None if owner is None else json.dumps(self._numbers_of(owner))
        rows = self._db.execute(
            f"SELECT name, NULL, {_COLUMNS} FROM domains WHERE name > ?1 AND (?2 IS NULL OR name = ?2)"
            " AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3))) ORDER BY name LIMIT ?4",
            (after, name, numbers, NO_LIMIT if limit < 0 else limit),
        )
        return [_domain_row(row) for row in rows]

    def domains_named(self, names: Sequence[str]) -> list[DomainRow]:
        found: list[DomainRow] = []
        for begin in range(0, len(names), NAMES_AT_ONCE):
            some = names[begin : begin + NAMES_AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._db.execute(
                f"SELECT name, NULL, {_COLUMNS} FROM domains WHERE name IN ({marks})", tuple(some)
            )
            found += [_domain_row(row) for row in rows]
        return found

    def domains_at(self, host: str) -> list[DomainRow]:
        rows = self._db.execute(
            f"SELECT name, NULL, {_COLUMNS} FROM domains WHERE id IN (SELECT value FROM json_each(?)) ORDER BY name",
            (self._numbers_at(host),),
        )
        return [_domain_row(row) for row in rows]

    def count_open_at(self, name: str) -> int:
        (n,) = self._db.execute(
            "SELECT count(*) FROM items WHERE state IN ('queued', 'waiting', 'leased')"
            " AND domain = (SELECT id FROM domains WHERE name = ?)"
            " AND batch IN (SELECT id FROM batches WHERE finished_at IS NULL)",
            (name,),
        ).fetchone()
        return int(n)

    def rests(self, name: str) -> list[RestRow]:
        rows = self._db.execute(
            "SELECT began_at, until, reason FROM rests WHERE domain = (SELECT id FROM domains WHERE name = ?)"
            " ORDER BY id DESC",
            (name,),
        )
        return [RestRow(*row) for row in rows]

    def overrides(self) -> dict[str, DomainOverride]:
        rows = self._db.execute(
            "SELECT name, set_rate, set_concurrency, is_paused FROM domains"
            " WHERE set_rate IS NOT NULL OR set_concurrency IS NOT NULL OR is_paused"
        )
        return {name: DomainOverride(rate, n, bool(is_paused)) for name, rate, n, is_paused in rows}

    def domains_without_items(self, batch_id: str, names: Sequence[str]) -> list[str]:
        sql = (
            "SELECT EXISTS (SELECT 1 FROM json_each(?2) JOIN items INDEXED BY items_lane ON domain = value"
            " WHERE batch = (SELECT id FROM batches WHERE batch_id = ?1))"
        )
        return [
            name
            for name in names
            if not self._db.execute(sql, (batch_id, self._numbers_at(name))).fetchone()[0]
        ]

    def _numbers_at(self, host: str) -> str:
        """Return the numbers of a domain and of those at a host's ports, as a JSON list: two seeks."""
        rows = self._db.execute(
            "SELECT id FROM domains WHERE name = ?1 UNION ALL"
            " SELECT id FROM domains WHERE name > ?1 || ':' AND name < ?1 || ';'",  # the character after the colon
            (host,),
        )
        return json.dumps([number for (number,) in rows])

    def _numbers_of(self, owner: str) -> list[int]:
        """Return the domains at which an owner has items: one seek for each domain of each batch."""
        found: set[int] = set()
        for batch in self._db.execute("SELECT id FROM batches WHERE owner = ?", (owner,)).fetchall():
            rows = self._db.execute(
                "WITH RECURSIVE had (domain) AS (SELECT min(domain) FROM items INDEXED BY items_lane WHERE batch = ?1"
                " UNION ALL SELECT (SELECT min(domain) FROM items INDEXED BY items_lane WHERE batch = ?1"
                " AND domain > had.domain) FROM had WHERE had.domain IS NOT NULL)"
                " SELECT domain FROM had WHERE domain IS NOT NULL",
                batch,
            )
            found.update(number for (number,) in rows)
        return sorted(found)


class DomainWrites(DomainReads, Writing):
    """Changes of domains."""

    @transactional
    def set_domain(
        self, name: str, changes: Mapping[str, object], *, lift_at: float | None = None
    ) -> DomainOverride:
        if lift_at is not None:
            self._end_cool_downs(name, lift_at)
        current = self.domains(name=name)
        override = current[0].override if current else NO_OVERRIDE
        if not changes:
            return override
        fields: dict[str, Any] = {
            "rate": override.rate, "concurrency": override.concurrency, "is_paused": override.is_paused, **changes,
        }  # fmt: skip
        override = DomainOverride(**fields)
        self._db.execute(
            "UPDATE domains SET set_rate = ?, set_concurrency = ?, is_paused = ? WHERE id = ?",
            (override.rate, override.concurrency, override.is_paused, self._domain_number(name)),
        )
        return override

    def _end_cool_downs(self, host: str, wall: float) -> None:
        """End the cool-downs of a domain and of a host's ports; what they have snoozed is due at ``wall``."""
        numbers = self._numbers_at(host)
        self._db.execute(
            "UPDATE domains SET cool_until = NULL, cool_reason = NULL, n_blocks = 0"
            " WHERE id IN (SELECT value FROM json_each(?))",
            (numbers,),
        )
        self._db.execute(
            "UPDATE rests SET until = ?1 WHERE until > ?1 AND domain IN (SELECT value FROM json_each(?2))",
            (wall, numbers),
        )
        self._db.execute(
            "UPDATE items SET due_at = ?, snoozed_since = NULL WHERE state = 'waiting' AND snoozed_since IS NOT NULL"
            " AND batch IN (SELECT id FROM batches WHERE finished_at IS NULL)"
            " AND domain IN (SELECT value FROM json_each(?))",
            (wall, numbers),
        )

    @transactional
    def use_domains(self, names: Sequence[str]) -> dict[str, float | None]:
        ended, ended_at = self._meta("ended"), float(self._meta("ended_at") or 0.0)
        self._number_domains(names)
        numbers = [self._domain_number(name) for name in names]
        moments: dict[str, float | None] = {}
        for name, fetched_at, robots_at, used_in in self._db.execute(
            "SELECT name, last_fetch_at, robots_at, used_in FROM domains WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        ):
            moments[name] = max(filter(None, (fetched_at, robots_at)), default=None)
            if used_in is not None and used_in != self._incarnation:
                in_order = str(used_in) == ended
                moments[name] = max(moments[name] or 0.0, ended_at) if in_order else math.inf
        self._db.executemany(
            "UPDATE domains SET used_in = ? WHERE id = ?", [(self._incarnation, number) for number in numbers]
        )
        return moments

    @transactional
    def normalise_domains(self, *, until: float) -> None:
        self._db.execute("UPDATE domains SET cool_until = ?1 WHERE cool_until > ?1", (until,))
        for alias, site in aliases().items():
            row = self._db.execute("SELECT id FROM domains WHERE name = ?", (alias,)).fetchone()
            if row is None:
                continue
            pair = self._domain_number(site), row[0]
            self._db.execute(
                "UPDATE items SET domain = ? WHERE domain = ?"
                " AND batch IN (SELECT id FROM batches WHERE finished_at IS NULL)",
                pair,
            )
            self._db.execute(
                "UPDATE domains SET cool_until = s.cool_until, cool_reason = s.cool_reason FROM domains s"
                " WHERE domains.id = ? AND s.id = ? AND s.cool_until > coalesce(domains.cool_until, 0)",
                pair,
            )


def _domain_row(row: tuple[Any, ...]) -> DomainRow:
    values: list[Any] = [*row[:8], DomainOverride(row[8], row[9], bool(row[10]))]
    return DomainRow(*values)
