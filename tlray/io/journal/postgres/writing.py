"""Transactions of the one writer of a PostgreSQL journal.

Two things keep a second writer out. A session lock (``pg_try_advisory_lock``) on the connection that writes: the server drops
it with the connection. And the fencing number, the coordinator's life in ``meta``: every transaction begins with a share lock on
that row and compares it. So a coordinator that takes over waits for open transactions, and a coordinator that was thought dead
commits nothing after that.

A verb whose connection is lost is run again as a whole, once the server is back; if it was lost at the COMMIT, the server knows
whether it counts (``txid_status``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from tlray.core.submission.lines import Entry
from tlray.errors import HomeInUse, JournalLost, JournalUnusable
from tlray.io.journal.postgres.connection import PostgresConnection
from tlray.io.journal.sql.connection import Writing
from tlray.io.journal.sql.schema import columns

T = TypeVar("T")
HOLD_S: Final = 15.0
"""Seconds for which a writer waits for one that is dying: so long the server may take to notice that a machine is gone."""
RECONNECT_S: Final = 60.0
"""Seconds for which a verb waits for a server that went away."""
_LOCK: Final = "hashtext('tlray writer'), hashtext('{schema}')"
_HOLDER: Final = """
SELECT a.application_name, coalesce(host(a.client_addr), 'a local socket'), a.backend_start::timestamp(0)::text
FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()
  AND l.classid::bigint = hashtext('tlray writer') & 4294967295 AND l.objid::bigint = hashtext('{schema}') & 4294967295
"""
_BEGIN: Final = "BEGIN; SELECT value, txid_current() FROM meta WHERE key = 'incarnation' FOR SHARE"


def holder_in(db: PostgresConnection) -> str | None:
    """Return who writes a journal now, as its server knows it; None where nobody does."""
    row = db.execute(_HOLDER.format(schema=db.database.schema)).fetchone()
    return None if row is None else f"{row[0]}, at {row[1]} in {db.database.name} since {row[2]}"


class PostgresWriting(Writing):
    """A connection that writes."""

    _db: PostgresConnection
    _is_held: bool
    _seen: str | None = None
    """The fencing number when this writer was opened, for one that begins no life of its own."""
    _txid: int = 0
    _is_unknown = False
    """True where a COMMIT may count or not, because the server did not come back."""

    def _hold(self) -> None:
        """Take the lock of the home's writer on a new connection; wait a while for a writer that is dying."""
        if not self._is_held:
            return
        schema, deadline = self._db.database.schema, time.monotonic() + HOLD_S
        take = f"SELECT pg_try_advisory_lock({_LOCK.format(schema=schema)})"
        while not self._db.execute(take).fetchone()[0]:
            if time.monotonic() >= deadline:
                holder = holder_in(self._db) or "a session that has just ended"
                self._db.close()
                raise HomeInUse(self.place, holder)
            time.sleep(0.2)

    def _begin_here(self, home_id: str) -> None:
        """Begin to write: note the fencing number, and to which home the journal belongs; `JournalUnusable` if to another."""
        if self._is_held:
            self._seen = self._meta("incarnation")
        owner = self._meta("home")
        if owner is None and home_id:
            self._transact(lambda: self._set_meta("home", home_id))
        elif home_id and owner != home_id:
            reason = (
                "it belongs to another home; give this home a schema of its own with ?schema=NAME in the URL"
            )
            raise JournalUnusable(self._db.database.name, reason)
        self._db.wait_s = RECONNECT_S

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        before, self._is_unknown = self._incarnation, False
        try:
            number, self._txid = self._db.begin(_BEGIN) or (None, 0)
            self._require_incarnation(number)
            yield
            self._commit()
        except BaseException:
            self._incarnation = before
            self._forget_numbers()
            self._db.rollback()
            raise
        if self._incarnation is not None:
            self._seen = str(self._incarnation)

    def _require_incarnation(self, now: str | None) -> None:
        super()._require_incarnation(now)
        if self._seen is not None and now != self._seen:
            raise HomeInUse(self.place, f"coordinator life {now}, which took over from this writer")

    def _commit(self) -> None:
        """Commit. Where the connection is lost meanwhile, ask the server what became of it."""
        try:
            self._db.commit()
        except JournalLost:
            self._is_unknown = True
            self._db.connect()  # with the writer's lock: the old session has ended
            self._is_unknown = False
            (status,) = self._db.execute("SELECT txid_status(?)", (self._txid,)).fetchone()
            if status != "committed":
                raise

    def _transact(self, verb: Callable[[], T]) -> T:
        if self._db.in_transaction:
            return verb()
        deadline = time.monotonic() + RECONNECT_S
        while True:
            try:
                with self.transaction():
                    return verb()
            except JournalLost:
                if self._is_unknown or time.monotonic() >= deadline or self._db.has_given_up:
                    raise
                self._db.connect()

    def number_on(self, table: str, last: int) -> None:
        sequence = f"{self._db.database.schema}.{table}_{columns()[table][0]}_seq"
        self._transact(lambda: self._db.execute(f"SELECT setval('{sequence}', ?)", (last,)))

    def _insert_items(self, batch: int, entries: Sequence[Entry]) -> tuple[int, list[tuple[Entry, int]]]:
        self._number_domains(entry.domain for entry in entries)
        lines: dict[str, int] = dict(
            self._db.execute(
                "SELECT fingerprint, line FROM items WHERE batch = ? AND fingerprint = ANY(?)",
                (batch, [entry.fingerprint for entry in entries]),
            ).fetchall()
        )
        new: list[tuple[object, ...]] = []
        known: list[tuple[Entry, int]] = []
        for entry in entries:
            if (first := lines.get(entry.fingerprint)) is not None:
                known.append((entry, first))
            else:
                lines[entry.fingerprint] = entry.line
                number = self._domain_ids[entry.domain]
                new.append((batch, entry.line, number, entry.url, entry.fingerprint, entry.source, "queued"))
        self._db.executemany(
            "INSERT INTO items (batch, line, domain, url, fingerprint, fetch_url, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
            new,
        )
        return len(new), known
