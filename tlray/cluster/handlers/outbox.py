"""Notices: the replicas of the service deliver them; these methods hand them out and record what came of it.

A notice that is not settled within `HOLD_S` is handed out again: twice is better than never.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tlray.cluster.handlers.handlers import Handlers, command, read
from tlray.core.notify.notification import (
    DAY_S,
    Channel,
    Delivery,
    NotificationKind,
    NotificationState,
    Underway,
    next_attempt_at,
    why_not_again,
)
from tlray.core.notify.webhook_signature import secret_text
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.errors import Conflict
from tlray.io.journal.service_rows import Notice

HOLD_S = 90.0
LOOK_EVERY_S = 0.5
MAX_DEAD_LETTERS = 10
_OF_SNAPSHOT = (
    "batch_id", "name", "state", "total", "counts", "duplicates", "n_rejected", "tracks", "retries", "blocked", "elapsed_s",
)  # fmt: skip
"""Of a batch's snapshot."""


class OutboxHandlers(Handlers):
    """Methods for notices."""

    async def take_notices(
        self, limit: int, wait_s: float, underway: Underway, terms: BatchConfig | None = None
    ) -> list[dict[str, Any]]:
        """Hand out notices that are due, as soon as there is one for which there is room beside those that are ``underway``; at
        the latest after ``wait_s`` none. ``terms`` are those under which the service submits now."""
        deadline = self._state.now() + wait_s
        self._scheduler.note_service(terms)
        while not await self._reader.ask(
            lambda journal: journal.has_due_notices(self._state.wall(), underway)
        ):
            if self._state.now() > deadline or self._state.is_stopping:
                return []
            await asyncio.sleep(LOOK_EVERY_S)
        state = self._state
        taken = await state.write(
            state.journal.claim_notices, wall=state.wall(), hold_s=HOLD_S, limit=limit, underway=underway
        )
        return [letter for notice in taken if (letter := await self._letter(notice)) is not None]

    async def settle_notice(
        self, notice_id: str, n_attempts: int, made_at: float, delivery: Delivery, took_s: float
    ) -> None:
        """Take in what came of an attempt; ``n_attempts`` counts it."""
        now = self._state.wall()
        next_at = next_attempt_at(delivery, n_attempts, made_at=made_at, now=now, jitter=random.random())  # noqa: S311
        result = "delivered" if delivery.is_delivered else "given up" if next_at is None else "tried again"
        settle = self._state.journal.settle_notice
        await self._state.write(settle, notice_id, delivery, at=now - took_s, took_s=took_s, next_at=next_at)
        self._state.ports.meters.delivered(result)

    @command
    async def announce_changes(self, batch_id: str, subject: str, sets: list[dict[str, Any]]) -> None:
        """Note that sets of a batch have changed, and publish it; its webhook hears once of each subject, and not if the batch
        ended more than a day ago."""
        row = await self._row(batch_id)
        about, kind = {"sets": sets}, NotificationKind.CHANGED
        wall = self._state.wall()
        await self._state.write(self._state.journal.add_event, row.id, kind.value, about, wall=wall)
        is_old = row.finished_at is not None and wall - row.finished_at > DAY_S
        if row.options.webhook is not None and not is_old:
            add = self._state.journal.add_notice
            await self._state.write(add, row.id, kind, subject, about)

    @read
    async def list_all_deliveries(
        self, *, owner: str | None, before: int | None, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return the notices of an owner's batches with their attempts, the newest first."""
        rows = await self._reader.ask(
            lambda journal: journal.deliveries_of(owner, before=before, limit=limit)
        )
        found = [{"batch_id": batch_id, **asdict(row)} for _, batch_id, row in rows]
        return found, rows[-1][0] if len(rows) == limit else None

    @read
    async def list_deliveries(self, batch_id: str) -> list[dict[str, Any]]:
        """Return a batch's notices with all their attempts."""
        rows = await self._reader.ask(lambda journal: journal.deliveries(journal.batch(batch_id).id))
        return [asdict(row) for row in rows]

    @command
    async def resend_notice(self, owner: str | None, notice_id: str) -> dict[str, Any] | None:
        """Let a notice that was given up be tried once more; None where there is none, `Conflict` where it was delivered or tried
        too often."""
        found = await self._reader.ask(lambda journal: journal.delivery(owner, notice_id))
        if found is None:
            return None
        if why := why_not_again(NotificationState(found[1].state), len(found[1].attempts)):
            raise Conflict(why)
        await self._state.write(self._state.journal.resend_notice, notice_id, wall=self._state.wall())
        found = await self._reader.ask(lambda journal: journal.delivery(owner, notice_id))
        return None if found is None else {"batch_id": found[0], **asdict(found[1])}

    async def webhook_secrets(self, owner: str) -> list[str]:
        """Return what signs an owner's webhooks, the present secret first."""
        state = self._state
        return await state.write(state.journal.webhook_secrets, owner, fresh_secret(), state.wall())

    @command
    async def change_webhook_secret(self, owner: str, fresh: str) -> list[str]:
        """Put a new secret in the place of the old one, which signs beside it for a day. Said again it changes nothing."""
        state = self._state
        await state.write(state.journal.rotate_webhook_secret, owner, fresh, state.wall())
        return await self.webhook_secrets(owner)

    async def _letter(self, notice: Notice) -> dict[str, Any] | None:
        """Return a notice with all that its delivery needs; None for one that is not true any more."""
        body = notice.body
        if body is None:
            body = await self._compose(notice)
            if body is None:
                await self._state.write(self._state.journal.drop_notice, notice.notice_id)
                return None
            await self._state.write(self._state.journal.set_notice_body, notice.notice_id, body)
        is_signed = notice.channel is Channel.WEBHOOK
        return {
            "notice_id": notice.notice_id,
            "channel": notice.channel,
            "target": notice.target,
            "owner": notice.owner,
            "body": body,
            "made_at": notice.made_at,
            "n_attempts": notice.n_attempts,
            "secrets": await self.webhook_secrets(notice.owner) if is_signed else [],
        }

    async def _compose(self, notice: Notice) -> str | None:
        told = await self._batches.status(notice.batch_id)
        data: dict[str, Any] = {
            key: value for key, value in told.items() if key in _OF_SNAPSHOT
        } | notice.about
        is_end = notice.kind in (NotificationKind.COMPLETED, NotificationKind.CANCELLED)
        if is_end and told["state"] != notice.kind.value.rpartition(".")[2]:
            return None  # it was opened again before anybody was told; its next end is told
        has_letters = notice.kind not in (NotificationKind.BLOCKED, NotificationKind.CHANGED)
        if has_letters and told["counts"].get("dead"):
            first, _ = await self._reader.ask(
                lambda journal: journal.dead_letters(batch_id=notice.batch_id, limit=MAX_DEAD_LETTERS)
            )
            data["dead_letters"] = [
                {"item_id": str(letter.item_id), "url": letter.url, "reason": letter.reason}
                for letter in first
            ]
        when = datetime.fromtimestamp(notice.made_at, UTC).isoformat(timespec="milliseconds")
        said = {"type": notice.kind.value, "timestamp": when.replace("+00:00", "Z"), "data": data}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def fresh_secret() -> str:
    """Return a secret that nobody has."""
    return secret_text(secrets.token_bytes(32))
