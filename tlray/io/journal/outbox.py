"""Who is to be told what, and what came of it? The outbox: notices and their deliveries.

A notice is written in the same transaction as the change that it tells of, for batches that want to tell somebody; whoever
delivers takes it for a while (`claim`), and says what came of it (`settle`). One that nobody has settled is taken again: it may
arrive twice, with one id, and is never lost.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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

OLD_SECRET_S = 86_400.0
"""How long the secret before the present one signs, too."""
NOTHING = Underway()


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, taken for delivery."""

    notice_id: str
    """``msg_…``, the same at every attempt."""
    batch_id: str
    owner: str
    kind: NotificationKind
    channel: Channel
    target: str
    about: dict[str, Any]
    made_at: float
    n_attempts: int
    body: str | None
    """What it says; None until it is first tried."""


# -- what happens to batches -----------------------------------------------------------------------


def note_ended(db: sqlite3.Connection, batch: int, state: BatchState, finished_at: float) -> None:
    """Note that a batch is finished."""
    kind = NotificationKind.COMPLETED if state is BatchState.COMPLETED else NotificationKind.CANCELLED
    _note(db, batch, kind, repr(finished_at), {})


def note_dead(db: sqlite3.Connection, batches: Iterable[int]) -> None:
    """Note that batches have dead letters; of each the first time counts."""
    for batch in batches:
        _note(db, batch, NotificationKind.DEAD_LETTERS, "", {})


def note_verdict(db: sqlite3.Connection, changeset: Changeset, wall: float, now: float) -> None:
    """Note what a verdict tells of: dead letters, and domains that block the batches that wait for them."""
    note_dead(db, {c.item.batch for c in changeset.changes if c.after is ItemState.DEAD})
    blocking = {
        c.item.domain for c in changeset.changes if c.outcome and c.outcome.kind is OutcomeKind.BLOCKED
    }
    for cool in changeset.cool_downs:
        if cool.domain in blocking:
            about = {"domain": cool.domain, "reason": cool.reason, "until": wall + (cool.until - now)}
            waiting = db.execute(
                "SELECT b.id FROM batches b WHERE b.state IN ('running', 'paused') AND EXISTS (SELECT 1 FROM items i"
                " WHERE i.batch = b.id AND i.domain = (SELECT id FROM domains WHERE name = ?)"
                " AND i.state IN ('queued', 'waiting', 'leased'))",
                (cool.domain,),
            )
            for (batch,) in waiting.fetchall():
                _note(db, batch, NotificationKind.BLOCKED, cool.domain, about)


def _note(
    db: sqlite3.Connection, batch: int, kind: NotificationKind, subject: str, about: Mapping[str, Any]
) -> None:
    """Write a notice for each way that a batch wants; one of the same subject is there once."""
    for channel in Channel:
        db.execute(
            "INSERT INTO notices (notice_id, batch, kind, subject, channel, target, about, state, made_at, due_at)"
            " SELECT 'msg_' || lower(hex(randomblob(12))), id, ?2, ?3, ?4, json_extract(options, '$.' || ?4), ?5, ?6, ?7, ?7"
            " FROM batches WHERE id = ?1 AND json_extract(options, '$.' || ?4) IS NOT NULL ON CONFLICT DO NOTHING",
            (
                batch,
                kind.value,
                subject,
                channel.value,
                json.dumps(about),
                NotificationState.DUE.value,
                time.time(),
            ),
        )


# -- delivery --------------------------------------------------------------------------------------


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
"""  # noqa: S608 - of our own words


def has_due(db: sqlite3.Connection, wall: float, underway: Underway = NOTHING) -> bool:
    """Whether anything is to be delivered for which whoever delivers that much already has room."""
    return db.execute(f"SELECT 1 {_DUE} LIMIT 1", _asked(wall, underway)).fetchone() is not None


def claim(
    db: sqlite3.Connection, *, wall: float, hold_s: float, limit: int, underway: Underway = NOTHING
) -> list[Notice]:
    """Take notices that are due, and no more of one receiver or user than they have room for beside what is ``underway``;
    nobody else takes them within ``hold_s``."""
    rows = db.execute(_CLAIM, {**_asked(wall, underway), "limit": limit}).fetchall()
    db.executemany("UPDATE notices SET due_at = ? WHERE id = ?", [(wall + hold_s, row[0]) for row in rows])
    return [
        Notice(
            r[1], r[2], r[3], NotificationKind(r[4]), Channel(r[5]), r[6], json.loads(r[7]), r[8], r[9], r[10]
        )
        for r in rows
    ]


def _asked(wall: float, underway: Underway) -> dict[str, Any]:
    return {
        "wall": wall, "to": json.dumps(dict(underway.to)), "of": json.dumps(dict(underway.of)),
        "max_to": MAX_TO_ONE, "max_of": MAX_OF_ONE,
    }  # fmt: skip


def keep_body(db: sqlite3.Connection, notice_id: str, body: str) -> None:
    """Keep what a notice says: every attempt says the same."""
    db.execute("UPDATE notices SET body = ? WHERE notice_id = ? AND body IS NULL", (body, notice_id))


def drop(db: sqlite3.Connection, notice_id: str) -> None:
    """Forget a notice that is not true any more, and that nobody has been told."""
    db.execute("DELETE FROM notices WHERE notice_id = ? AND n_attempts = 0", (notice_id,))


def settle(
    db: sqlite3.Connection,
    notice_id: str,
    delivery: Delivery,
    *,
    at: float,
    took_s: float,
    next_at: float | None,
) -> None:
    """Write down what came of an attempt; ``next_at`` is when it is tried again, None where it is not."""
    state = NotificationState.DUE if next_at is not None else NotificationState.GIVEN_UP
    state = NotificationState.DELIVERED if delivery.is_delivered else state
    db.execute(
        "UPDATE notices SET state = ?, due_at = ?, n_attempts = n_attempts + 1 WHERE notice_id = ? AND state = 'due'",
        (state.value, next_at, notice_id),
    )  # two may have carried it, and the other has settled it
    db.execute(
        "INSERT INTO deliveries (notice, at, took_s, status, why) SELECT id, ?, ?, ?, ? FROM notices WHERE notice_id = ?",
        (at, took_s, delivery.status, delivery.reason[:200], notice_id),
    )


def deliveries_of(db: sqlite3.Connection, batch: int, limit: int = 1_000) -> list[dict[str, Any]]:
    """Return a batch's notices, the oldest first, each with its attempts."""
    found = []
    for r in db.execute(
        "SELECT id, notice_id, kind, channel, target, state, made_at, due_at, about FROM notices WHERE batch = ?"
        " ORDER BY id LIMIT ?",
        (batch, limit),
    ).fetchall():
        tried = db.execute(
            "SELECT at, took_s, status, why FROM deliveries WHERE notice = ? ORDER BY id", (r[0],)
        )
        found.append(
            {
                "id": r[1],
                "event": r[2],
                "channel": r[3],
                "target": r[4],
                "state": r[5],
                "made_at": r[6],
                "next_attempt_at": r[7],
                "domain": json.loads(r[8]).get("domain"),
                "attempts": [{"at": t[0], "took_s": t[1], "status": t[2], "why": t[3]} for t in tried],
            }
        )
    return found


# -- what signs them -------------------------------------------------------------------------------


def secrets_of(db: sqlite3.Connection, owner: str, fresh: str, wall: float) -> list[str]:
    """Return the secrets that sign an owner's webhooks, the present one first; ``fresh`` becomes it where there is none."""
    db.execute(
        "INSERT INTO webhook_secrets (owner, secret, changed_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (owner, fresh, wall),
    )
    secret, older, changed_at = db.execute(
        "SELECT secret, older, changed_at FROM webhook_secrets WHERE owner = ?", (owner,)
    ).fetchone()
    return [secret, older] if older is not None and wall - changed_at < OLD_SECRET_S else [secret]


def change_secret(db: sqlite3.Connection, owner: str, fresh: str, wall: float) -> None:
    """Put another secret in the place of an owner's; the old one signs beside it for a day."""
    db.execute(
        "INSERT INTO webhook_secrets (owner, secret, changed_at) VALUES (?, ?, ?) ON CONFLICT (owner) DO UPDATE"
        " SET older = secret, secret = excluded.secret, changed_at = excluded.changed_at WHERE secret != excluded.secret",
        (owner, fresh, wall),
    )
