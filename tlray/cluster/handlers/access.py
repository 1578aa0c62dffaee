"""Tokens of the service, tickets that stand for a token at a socket, and the quota of batches a minute.

Tickets and quotas are in memory only: a ticket lives for seconds, and a client whose ticket is lost asks for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tlray.cluster.handlers.handlers import Handlers, Parts, command, read
from tlray.core.access.rate_limit import RateLimit
from tlray.core.access.tokens import SCOPES
from tlray.core.model.receipts import TokenHolder
from tlray.core.submission.permissions import QuotaExceeded

TICKET_S = 30.0
MAX_TICKETS = 10_000
NOTE_USE_EVERY_S = 60.0


class TokenHandlers(Handlers):
    """Methods for tokens, tickets and quotas."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._used_at: dict[str, float] = {}
        self._tickets: dict[str, tuple[float, str]] = {}
        self._batch_rates: RateLimit | None = None

    # -- tokens ------------------------------------------------------------------------------------

    @read
    async def requires_token(self) -> bool:
        """Return True from the first token on: everybody needs one then."""
        return await self._reader.ask(lambda journal: journal.requires_tokens())

    async def token_holders(self, digests: Sequence[str]) -> dict[str, TokenHolder]:
        """Return whose tokens are and what their holders may do, by digest; nothing of those that are unknown or revoked."""
        found = await self._reader.ask(lambda journal: journal.find_tokens(digests))
        now = self._state.now()
        for row in found.values():
            if now - self._used_at.get(row.name, -NOTE_USE_EVERY_S) >= NOTE_USE_EVERY_S:
                self._used_at[row.name] = now
                self._state.background(self._note_use(row.name))
        return {
            digest: {"user": row.user, "scopes": tuple(sorted(row.held))} for digest, row in found.items()
        }

    async def _note_use(self, name: str) -> None:
        await self._state.write(self._state.journal.record_token_use, name, now=self._state.wall())

    @read
    async def list_tokens(self) -> list[dict[str, Any]]:
        """Return every token, without its secret, which nobody has."""
        rows = await self._reader.ask(lambda journal: journal.tokens())
        return [{**asdict(row), "scopes": list(row.scopes)} for row in rows]

    @command
    async def create_token(self, name: str, digest: str, user: str, scopes: tuple[str, ...]) -> None:
        """Keep a new token."""
        state = self._state
        await state.write(
            state.journal.create_token, name=name, digest=digest, user=user, scopes=scopes, now=state.wall()
        )

    @command
    async def revoke_token(self, name: str) -> bool:
        """Revoke a token; False where there is none of that name."""
        return await self._state.write(self._state.journal.revoke_token, name, now=self._state.wall())

    # -- tickets -----------------------------------------------------------------------------------

    async def issue_ticket(self, digest: str, token: str) -> float:
        """Keep a ticket, by its hash and that of the token for which it stands ("": nobody was asked for one); return for how
        long it is good, in seconds."""
        now = self._state.now()
        for old in [key for key, (until, _) in self._tickets.items() if until <= now]:
            del self._tickets[old]
        while len(self._tickets) >= MAX_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        self._tickets[digest] = now + TICKET_S, token
        return TICKET_S

    async def redeem_tickets(self, digests: Sequence[str]) -> dict[str, TokenHolder]:
        """Return whose tickets are, once, by digest; nothing of those that are unknown, used or too old, or whose token was
        revoked."""
        now = self._state.now()
        popped = {digest: self._tickets.pop(digest, (0.0, "")) for digest in digests}
        good = {digest: token for digest, (until, token) in popped.items() if until > now}
        rows = await self.token_holders([token for token in good.values() if token])
        if "" in good.values() and not await self.requires_token():
            rows[""] = {"user": "", "scopes": SCOPES}
        return {digest: rows[token] for digest, token in good.items() if token in rows}

    # -- quotas ------------------------------------------------------------------------------------

    async def take_batch_quota(self, user: str, per_minute: int, setting: str) -> None:
        """Count one batch of a user; `QuotaExceeded` names the setting, and counts nothing."""
        if self._batch_rates is None or self._batch_rates.burst != per_minute:
            self._batch_rates = RateLimit(per_minute / 60.0, per_minute)
        if wait_s := self._batch_rates.take(user, now=self._state.now()):
            raise QuotaExceeded(per_minute, wait_s, f" ({setting})")
