"""Batches: their rows, counts, states and manifests, and the lives of coordinators."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.urls import BadUrl, canonicalise
from tlray.core.politeness.dead_kind import kind_of
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.schedules.schedule import runs_key
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.errors import NoSuchItem
from tlray.io.journal.clock import ClockReading
from tlray.io.journal.rows import BatchOptions, BatchRow, Counts, DoneRow, OpenRow, PartRow, Pause, SeenGroup
from tlray.io.journal.sql.connection import NO_LIMIT, Connected, Writing, transactional
from tlray.io.journal.sql.outbox import note_ended
from tlray.io.journal.sql.submission import forget

_DEAD = "id, url, CASE WHEN substr(fetch_url, 1, 5) = 'file:' THEN fetch_url END"

_BATCHES = (
    "SELECT id, batch_id, name, state, priority, options, created_at, finished_at, n_duplicates, n_rejected, n_sets,"
    " n_tracks, n_retries, n_blocked, elapsed_s, is_dormant, n_answered, n_found, n_lists, owner, counts,"
    " version FROM batches"
)


class BatchReads(Connected):
    """Queries about batches."""

    def find_batch(self, batch_id: str) -> BatchRow | None:
        row = self._db.execute(f"{_BATCHES} WHERE batch_id = ?", (batch_id,)).fetchone()
        return None if row is None else _batch_row(row)

    def batches(
        self,
        *,
        owner: str | None = None,
        state: str | None = None,
        before: int | None = None,
        limit: int = -1,
        schedule_id: str | None = None,
    ) -> list[BatchRow]:
        key = None if schedule_id is None else runs_key(schedule_id)
        rows = self._db.execute(
            f"{_BATCHES} WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR state = ?2)"
            " AND (?3 IS NULL OR id < ?3) AND (?5 IS NULL OR substr(request_key, length(owner) + 2, ?6) = ?5)"
            " ORDER BY id DESC LIMIT ?4",
            (owner, state, before, NO_LIMIT if limit < 0 else limit, key, len(key or "")),
        )
        return [_batch_row(row) for row in rows]

    def counts(self, batch: int) -> Counts:
        counts: Counts = {}
        for domain, state, n in self._db.execute(
            "SELECT d.name, i.state, i.n FROM (SELECT domain, state, count(*) AS n FROM items WHERE batch = ?"
            " GROUP BY domain, state) i JOIN domains d ON d.id = i.domain",
            (batch,),
        ):
            counts.setdefault(domain, {})[ItemState(state)] = n
        return counts

    def count_batches(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT state, count(*) FROM batches GROUP BY state").fetchall())

    def count_items(self, batch: int) -> int:
        return int(self._db.execute("SELECT count(*) FROM items WHERE batch = ?", (batch,)).fetchone()[0])

    def open_batches(self) -> list[tuple[str, bool]]:
        rows = self._db.execute(
            "SELECT batch_id, is_dormant FROM batches"
            " WHERE state NOT IN ('completed', 'cancelled', 'receiving') ORDER BY id"
        )
        return [(batch_id, bool(is_dormant)) for batch_id, is_dormant in rows]

    def count_open_items(self) -> list[OpenRow]:
        rows = self._db.execute(
            "SELECT b.batch_id, b.owner, b.state = 'receiving', (SELECT count(*) FROM items i WHERE i.batch = b.id"
            " AND i.state IN ('queued', 'waiting', 'leased')) FROM batches b"
            " WHERE b.state NOT IN ('completed', 'cancelled') ORDER BY b.id"
        )
        return [OpenRow(r[0], r[1], bool(r[2]), r[3]) for r in rows]

    def batch_domains(self, batch: int, *, limit: int) -> list[str]:
        """Return the first domains of a batch's items, each by a seek in the index of the lanes."""
        rows = self._db.execute(
            "WITH RECURSIVE had (domain, n) AS (SELECT min(domain), 1 FROM items WHERE batch = ?1 UNION ALL"
            " SELECT (SELECT min(domain) FROM items WHERE batch = ?1 AND domain > had.domain), n + 1 FROM had"
            " WHERE had.domain IS NOT NULL AND n < ?2)"
            " SELECT d.name FROM had JOIN domains d ON d.id = had.domain ORDER BY d.id",
            (batch, limit),
        )
        return [name for (name,) in rows]

    def parts(self, batch_id: str) -> list[PartRow]:
        rows = self._db.execute(
            "SELECT p.stem, b.batch_id, p.n_sets, p.n_tracks, p.n_bytes, p.has_rows, p.has_pages"
            " FROM parts p JOIN batches b ON b.id = p.batch WHERE b.batch_id = ? ORDER BY p.stem",
            (batch_id,),
        )
        return [PartRow(r[0], r[1], r[2], r[3], r[4], bool(r[5]), bool(r[6])) for r in rows]

    def results_after(self, batch: int, *, after: int, limit: int) -> list[DoneRow]:
        rows = self._db.execute(
            "SELECT done_seq, id, part FROM items WHERE batch = ? AND done_seq > ? ORDER BY done_seq LIMIT ?",
            (batch, after, limit),
        )
        return [DoneRow(*row) for row in rows]

    def newest_result(self) -> int:
        return int(self._meta("done_seq") or 0)


class BatchWrites(BatchReads, Writing):
    """Changes of whole batches."""

    @transactional
    def begin_incarnation(self, *, is_restart: bool) -> int:
        clock, before = self._meta("clock"), self._meta("incarnation")
        self._read_at = None if clock is None else ClockReading(**json.loads(clock))
        self._note_clock()
        number = int(before or 0) + 1
        self._set_meta("incarnation", str(number))
        if not is_restart:
            self._db.execute(
                "UPDATE batches SET is_dormant = TRUE WHERE state NOT IN ('completed', 'cancelled')"
            )
        for (batch,) in self._db.execute(
            "SELECT id FROM batches WHERE state NOT IN ('completed', 'cancelled')"
        ).fetchall():
            self._db.execute(
                "UPDATE items SET state = 'queued' WHERE batch = ? AND state = 'leased'", (batch,)
            )
        self._db.execute(
            "UPDATE items SET state = 'cancelled' WHERE state IN ('queued', 'waiting')"
            " AND batch IN (SELECT id FROM batches WHERE state = 'cancelling')"
        )
        if not is_restart:
            for (batch,) in self._db.execute("SELECT id FROM batches WHERE state = 'receiving'").fetchall():
                forget(self._db, batch)
        self._incarnation = number
        return number

    @transactional
    def end_incarnation(self) -> None:
        self._note_clock()
        self._set_meta("ended", str(self._incarnation))
        self._set_meta("ended_at", str(self._clock().wall))

    @transactional
    def set_batch_state(
        self,
        batch: int,
        state: BatchState,
        *,
        finished_at: float | None = None,
        elapsed_s: float | None = None,
        is_dormant: bool = False,
        by: str | None = None,
    ) -> None:
        self._db.execute(
            "UPDATE batches SET state = ?, finished_at = ?, is_dormant = ?, elapsed_s = coalesce(?, elapsed_s)"
            " WHERE id = ?",
            (state.value, finished_at, is_dormant, elapsed_s, batch),
        )
        if state is BatchState.PAUSED and by is not None:
            self._note(batch, "paused", asdict(Pause(by, self._clock().wall)))

    @transactional
    def change_batch(self, batch: int, *, name: str | None, priority: Priority | None) -> None:
        self._db.execute(
            "UPDATE batches SET name = coalesce(?, name), priority = coalesce(?, priority) WHERE id = ?",
            (name, None if priority is None else int(priority), batch),
        )

    @transactional
    def set_terms(self, batch: int, terms: BatchConfig) -> None:
        self._note(batch, "terms", asdict(terms))

    def _note(self, batch: int, name: str, value: Any) -> None:
        """Write one of a batch's options."""
        (options,) = self._db.execute("SELECT options FROM batches WHERE id = ?", (batch,)).fetchone()
        text = json.dumps({**json.loads(options), name: value}, allow_nan=False)
        self._db.execute("UPDATE batches SET options = ? WHERE id = ?", (text, batch))

    @transactional
    def finish_batch(
        self,
        batch: int,
        *,
        state: BatchState,
        finished_at: float,
        elapsed_s: float,
        counts: Mapping[ItemState, int],
        version: int,
        half_way: tuple[float | None, float] | None = None,
    ) -> None:
        """Write the end of a batch, so that nobody counts its items again, and the notices of it."""
        by_state = json.dumps({state.value: n for state, n in counts.items()})
        self._db.execute(
            "UPDATE batches SET state = ?, finished_at = ?, elapsed_s = ?, counts = ?, version = ?, is_dormant = FALSE"
            " WHERE id = ?",
            (state.value, finished_at, elapsed_s, by_state, version, batch),
        )
        self._note(batch, "half_way", half_way)
        note_ended(self._db, batch, state, finished_at)

    @transactional
    def cancel_open(self, batch: int) -> int:
        return self._db.execute(
            "UPDATE items SET state = 'cancelled' WHERE batch = ? AND state IN ('queued', 'waiting')",
            (batch,),
        ).rowcount

    @transactional
    def revive(
        self,
        batch: int,
        *,
        ids: Sequence[int] | None = None,
        reason: str | None = None,
        seen: SeenGroup | None = None,
    ) -> dict[str, int]:
        if ids is not None and (unknown := self._not_of(batch, ids)):
            (batch_id,) = self._db.execute("SELECT batch_id FROM batches WHERE id = ?", (batch,)).fetchone()
            raise NoSuchItem(batch_id, unknown)
        revived: dict[str, int] = {}
        for item, url, source in self._dead(batch, ids, reason, seen):
            # redirects may have led it to another domain: it starts again at its own
            found = None if source else canonicalise(url)
            if not isinstance(found, BadUrl):
                unit = FILE_DOMAIN if found is None else politeness_key(found.domain)
                self._db.execute(
                    "UPDATE items SET state = 'queued', attempt = 1, n_lost = 0, n_hops = 0, fetch_url = ?,"
                    " from_public = FALSE, due_at = NULL, snoozed_since = NULL, dead_at = NULL, domain = ? WHERE id = ?",
                    (source, self._domain_number(unit), item),
                )
                revived[unit] = revived.get(unit, 0) + 1
        if revived:
            self._db.execute(
                "UPDATE batches SET state = 'running', finished_at = NULL, is_dormant = FALSE"
                " WHERE id = ? AND state = 'completed'",
                (batch,),
            )
        return revived

    def _dead(
        self, batch: int, ids: Sequence[int] | None, reason: str | None, seen: SeenGroup | None
    ) -> Iterator[tuple[int, str, str | None]]:
        """Yield (id, URL, where a file is opened) of dead letters: of some ids, whose reason contains a text, or of a group as
        far as it was seen."""
        if seen is not None:
            rows = self._db.execute(
                f"SELECT {_DEAD}, reason FROM items INDEXED BY items_dead_by WHERE batch = ?1 AND state = 'dead'"
                " AND domain = (SELECT id FROM domains WHERE name = ?2) AND coalesce(dead_at, 0) <= coalesce(?3, 9e18)",
                (batch, seen.domain, seen.until),
            ).fetchall()
            yield from (tuple(row[:3]) for row in rows if kind_of(row[3]) == seen.kind)
            return
        if ids is None:
            rows = self._db.execute(
                f"SELECT {_DEAD}, reason FROM items WHERE batch = ? AND state = 'dead'", (batch,)
            ).fetchall()
            yield from (tuple(row[:3]) for row in rows if reason is None or reason in (row[3] or ""))
            return
        for item in ids:  # one that is named twice is not dead any more the second time
            yield from self._db.execute(
                f"SELECT {_DEAD} FROM items WHERE id = ? AND batch = ? AND state = 'dead'", (item, batch)
            ).fetchall()

    def _not_of(self, batch: int, ids: Sequence[int]) -> tuple[int, ...]:
        """Return those of some ids that are no item of a batch."""
        rows = self._db.execute(
            "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM items WHERE id = value AND batch = ?)",
            (json.dumps(list(ids)), batch),
        )
        return tuple(row[0] for row in rows)

    @transactional
    def replace_parts(self, batch_id: str, old: Mapping[str, int], new: PartRow) -> None:
        """Name one part in the place of several, in the manifest and wherever they are pointed to."""
        db, batch = self._db, self._batch_number(batch_id)
        db.execute(
            "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
            (new.stem, batch, new.n_sets, new.n_tracks, new.n_bytes, new.has_rows, new.has_pages),
        )
        db.execute("CREATE TEMP TABLE IF NOT EXISTS moved (stem TEXT PRIMARY KEY, base BIGINT)")
        db.execute("DELETE FROM moved")
        db.executemany("INSERT INTO moved (stem, base) VALUES (?, ?)", old.items())
        db.execute(
            "UPDATE items SET part = ? WHERE batch = ? AND part IN (SELECT stem FROM moved)",
            (new.stem, batch),
        )
        db.execute(
            "UPDATE attempts SET part = ?, raw_offset = raw_offset + (SELECT base FROM moved WHERE stem = part)"
            " WHERE part IN (SELECT stem FROM moved) AND item BETWEEN (SELECT first_item FROM batches WHERE id = ?)"
            " AND (SELECT last_item FROM batches WHERE id = ?)",
            (new.stem, batch, batch),
        )
        db.execute(  # a merge has as many rows as before; pages that were read again may not
            "UPDATE batches SET"
            " n_sets = n_sets + ? - (SELECT sum(n_sets) FROM parts WHERE stem IN (SELECT stem FROM moved)),"
            " n_tracks = n_tracks + ? - (SELECT sum(n_tracks) FROM parts WHERE stem IN (SELECT stem FROM moved))"
            " WHERE id = ?",
            (new.n_sets, new.n_tracks, batch),
        )
        db.execute("DELETE FROM parts WHERE stem IN (SELECT stem FROM moved)")


def _batch_row(r: tuple[Any, ...]) -> BatchRow:
    counts = None if r[20] is None else {ItemState(state): n for state, n in json.loads(r[20]).items()}
    values: list[Any] = [
        *r[:3], BatchState(r[3]), Priority(r[4]), BatchOptions.from_json(json.loads(r[5])), *r[6:15], bool(r[15]), *r[16:20],
        counts, r[21],
    ]  # fmt: skip
    return BatchRow(*values)
