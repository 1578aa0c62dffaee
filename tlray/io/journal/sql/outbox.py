"""The outbox: notices, their deliveries, and the secrets that sign webhooks.

A notice is written in the same transaction as the change that it reports, for each channel of the batch. A notifier claims it
for a while and settles it; one that nobody has settled is claimed again: it may arrive twice, with one id, and is never lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import OutcomeKind
from tlray.core.notify.notification import (
    MAX_OF_ONE,
    MAX_TO_ONE,
    Channel,
    Delivery,
    NotificationKind,
    NotificationState,
    Underway,
)
from tlray.core.scheduling.changeset import Changeset
from tlray.io.journal.reader import NOTHING_UNDERWAY
from tlray.io.journal.service_rows import OLD_SECRET_S, DeliveryAttempt, DeliveryRow, Notice
from tlray.io.journal.sql.connection import Connected, Connection, Writing, transactional

_DUE = """
FROM notices n JOIN batches b ON b.id = n.batch
WHERE n.due_at <= :wall AND coalesce((SELECT value FROM json_each(:to) WHERE key = n.target), 0) < :max_to
  AND coalesce((SELECT value FROM json_each(:of) WHERE key = b.owner), 0) < :max_of
"""
_CLAIM = f"""
WITH due AS (
  SELECT n.id, n.notice_id, b.batch_id, b.owner, n.kind, n.channel, n.target, n.about, n.made_at, n.n_attempts, n.body, n.due_at
  {_DUE} ORDER BY n.due_at LIMIT 1000
), ranked AS (
  SELECT *,
    row_number() OVER (PARTITION BY target ORDER BY due_at, id)
      + coalesce((SELECT value FROM json_each(:to) WHERE key = target), 0) AS nth_to,
    row_number() OVER (PARTITION BY owner ORDER BY due_at, id)
      + coalesce((SELECT value FROM json_each(:of) WHERE key = owner), 0) AS nth_of
  FROM due
)
SELECT * FROM ranked WHERE nth_to <= :max_to AND nth_of <= :max_of ORDER BY due_at, id LIMIT :limit
"""


class OutboxReads(Connected):
    """Queries about notices."""

    def has_due_notices(self, wall: float, underway: Underway = NOTHING_UNDERWAY) -> bool:
        return self._db.execute(f"SELECT 1 {_DUE} LIMIT 1", _limits(wall, underway)).fetchone() is not None

    def deliveries(self, batch: int, limit: int = 1_000) -> list[DeliveryRow]:
        rows = self._db.execute(
            "SELECT id, notice_id, kind, channel, target, state, made_at, due_at, about FROM notices WHERE batch = ?"
            " ORDER BY id LIMIT ?",
            (batch, limit),
        ).fetchall()
        return [_delivery(r, self._attempts_of(r[0])) for r in rows]

    def deliveries_of(
        self, owner: str | None, *, before: int | None = None, limit: int
    ) -> list[tuple[int, str, DeliveryRow]]:
        rows = self._db.execute(
            "SELECT n.id, n.notice_id, n.kind, n.channel, n.target, n.state, n.made_at, n.due_at, n.about, b.batch_id"
            " FROM notices n CROSS JOIN batches b ON b.id = n.batch WHERE (?1 IS NULL OR b.owner = ?1)"
            " AND (?2 IS NULL OR n.id < ?2) ORDER BY n.id DESC LIMIT ?3",
            (owner, before, limit),
        ).fetchall()
        return [(r[0], r[9], _delivery(r[:9], self._attempts_of(r[0]))) for r in rows]

    def delivery(self, owner: str | None, notice_id: str) -> tuple[str, DeliveryRow] | None:
        r = self._db.execute(
            "SELECT n.id, n.notice_id, n.kind, n.channel, n.target, n.state, n.made_at, n.due_at, n.about, b.batch_id"
            " FROM notices n JOIN batches b ON b.id = n.batch WHERE n.notice_id = ?1 AND (?2 IS NULL OR b.owner = ?2)",
            (notice_id, owner),
        ).fetchone()
        return None if r is None else (r[9], _delivery(r[:9], self._attempts_of(r[0])))

    def _attempts_of(self, notice: int) -> tuple[DeliveryAttempt, ...]:
        rows = self._db.execute(
            "SELECT at, took_s, status, why FROM deliveries WHERE notice = ? ORDER BY id", (notice,)
        )
        return tuple(DeliveryAttempt(*row) for row in rows)


class OutboxWrites(OutboxReads, Writing):
    """The way of a notice to its receiver, and the secrets that sign webhooks."""

    @transactional
    def claim_notices(
        self, *, wall: float, hold_s: float, limit: int, underway: Underway = NOTHING_UNDERWAY
    ) -> list[Notice]:
        rows = self._db.execute(_CLAIM, {**_limits(wall, underway), "limit": limit}).fetchall()
        until = wall + hold_s
        self._db.executemany("UPDATE notices SET due_at = ? WHERE id = ?", [(until, row[0]) for row in rows])
        return [
            Notice(
                r[1],
                r[2],
                r[3],
                NotificationKind(r[4]),
                Channel(r[5]),
                r[6],
                json.loads(r[7]),
                r[8],
                r[9],
                r[10],
            )
            for r in rows
        ]

    @transactional
    def add_notice(self, batch: int, kind: NotificationKind, subject: str, about: Mapping[str, Any]) -> None:
        _note(self._db, batch, kind, subject, about)

    @transactional
    def set_notice_body(self, notice_id: str, body: str) -> None:
        self._db.execute(
            "UPDATE notices SET body = ? WHERE notice_id = ? AND body IS NULL", (body, notice_id)
        )

    @transactional
    def drop_notice(self, notice_id: str) -> None:
        self._db.execute("DELETE FROM notices WHERE notice_id = ? AND n_attempts = 0", (notice_id,))

    @transactional
    def settle_notice(
        self, notice_id: str, delivery: Delivery, *, at: float, took_s: float, next_at: float | None
    ) -> None:
        state = NotificationState.DUE if next_at is not None else NotificationState.GIVEN_UP
        state = NotificationState.DELIVERED if delivery.is_delivered else state
        self._db.execute(
            "UPDATE notices SET state = ?, due_at = ?, n_attempts = n_attempts + 1 WHERE notice_id = ? AND state = 'due'",
            (state.value, next_at, notice_id),
        )  # two may have carried it, and the other has settled it
        self._db.execute(
            "INSERT INTO deliveries (notice, at, took_s, status, why) SELECT id, ?, ?, ?, ? FROM notices WHERE notice_id = ?",
            (at, took_s, delivery.status, delivery.reason[:200], notice_id),
        )

    @transactional
    def resend_notice(self, notice_id: str, *, wall: float) -> None:
        self._db.execute(
            "UPDATE notices SET state = 'due', due_at = ? WHERE notice_id = ? AND state = 'given_up'",
            (wall, notice_id),
        )

    @transactional
    def webhook_secrets(self, owner: str, fresh: str, wall: float) -> list[str]:
        self._db.execute(
            "INSERT INTO webhook_secrets (owner, secret, changed_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (owner, fresh, wall),
        )
        secret, older, changed_at = self._db.execute(
            "SELECT secret, older, changed_at FROM webhook_secrets WHERE owner = ?", (owner,)
        ).fetchone()
        return [secret, older] if older is not None and wall - changed_at < OLD_SECRET_S else [secret]

    @transactional
    def rotate_webhook_secret(self, owner: str, fresh: str, wall: float) -> None:
        self._db.execute(
            "INSERT INTO webhook_secrets (owner, secret, changed_at) VALUES (?, ?, ?) ON CONFLICT (owner) DO UPDATE"
            " SET older = webhook_secrets.secret, secret = excluded.secret, changed_at = excluded.changed_at"
            " WHERE webhook_secrets.secret != excluded.secret",
            (owner, fresh, wall),
        )


def _delivery(r: tuple[Any, ...], attempts: tuple[DeliveryAttempt, ...]) -> DeliveryRow:
    values: list[Any] = [*r[1:8], json.loads(r[8]).get("domain"), attempts]
    return DeliveryRow(*values)


def note_ended(db: Connection, batch: int, state: BatchState, finished_at: float) -> None:
    """Note the end of a batch."""
    kind = NotificationKind.COMPLETED if state is BatchState.COMPLETED else NotificationKind.CANCELLED
    _note(db, batch, kind, repr(finished_at), {})


def note_dead(db: Connection, batches: Iterable[int]) -> None:
    """Note that batches have dead letters, once for each batch."""
    for batch in batches:
        _note(db, batch, NotificationKind.DEAD_LETTERS, "", {})


def note_changes(db: Connection, changeset: Changeset, since: float) -> None:
    """Note a changeset's dead letters, and the domains that block batches; ``since``: epoch seconds at monotonic 0."""
    note_dead(db, {c.item.batch for c in changeset.changes if c.after is ItemState.DEAD})
    blocking = {
        c.item.domain for c in changeset.changes if c.outcome and c.outcome.kind is OutcomeKind.BLOCKED
    }
    for cool in changeset.cool_downs:
        if cool.domain in blocking:
            about = {"domain": cool.domain, "reason": cool.reason, "until": since + cool.until}
            waiting = db.execute(
                "SELECT b.id FROM batches b WHERE b.state IN ('running', 'paused') AND EXISTS (SELECT 1 FROM items i"
                " WHERE i.batch = b.id AND i.domain = (SELECT id FROM domains WHERE name = ?)"
                " AND i.state IN ('queued', 'waiting', 'leased'))",
                (cool.domain,),
            )
            for (batch,) in waiting.fetchall():
                _note(db, batch, NotificationKind.BLOCKED, cool.domain, about)


def _note(db: Connection, batch: int, kind: NotificationKind, subject: str, about: Mapping[str, Any]) -> None:
    """Write a notice for each channel of a batch, once for each subject."""
    (text,) = db.execute("SELECT options FROM batches WHERE id = ?", (batch,)).fetchone() or ("{}",)
    options, wall = json.loads(text), time.time()
    for channel in Channel if kind is not NotificationKind.CHANGED else (Channel.WEBHOOK,):
        if (target := options.get(channel.value)) is not None:
            db.execute(
                "INSERT INTO notices (notice_id, batch, kind, subject, channel, target, about, state, made_at, due_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (batch, kind, subject, channel) DO NOTHING",
                (
                    f"msg_{token_hex(12)}", batch, kind.value, subject, channel.value, target, json.dumps(about),
                    NotificationState.DUE.value, wall, wall,
                ),
            )  # fmt: skip


def _limits(wall: float, underway: Underway) -> dict[str, Any]:
    return {
        "wall": wall, "to": json.dumps(dict(underway.to)), "of": json.dumps(dict(underway.of)),
        "max_to": MAX_TO_ONE, "max_of": MAX_OF_ONE,
    }  # fmt: skip
