"""Who asks, and what may they do? Every route names the scope that it needs: ``Depends(requires("submit"))``.

A service whose home never had a token asks nobody, but answers loopback only: whoever can reach it there is its one local user.
From the first token on everybody needs one, on loopback too: a proxy before the service would look like loopback. Sockets
take a ticket in the place of a token, because a browser sends no headers with them and a token does not belong into a URL.

What a token may do is remembered by a replica for `REMEMBER_S`; so long it may take until a revoked one is refused.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from tlray.core.access.rate_limit import RateLimit
from tlray.core.access.same_origin import is_loopback
from tlray.core.access.tokens import SCOPES, digest_of, is_token, scopes_with
from tlray.service.auth.principal import OPEN, Principal
from tlray.service.auth.token_lookup import Lookups
from tlray.service.http.problems import ProblemError, rate_limited
from tlray.service.http.query_params import require_known_query_names
from tlray.service.http.request_limits import slot_of

if TYPE_CHECKING:
    from tlray.service.backend.gateway import Gateway
    from tlray.settings import Settings

REMEMBER_S: Final = 5.0
MAX_REMEMBERED: Final = 10_000
BURST_S: Final = 4.0
"""A user may ask so many seconds' requests at once."""
FAILURES_PER_S, FAILURES_AT_ONCE = 5.0, 20.0
"""Tokens and tickets that are none, from one address; more are answered by 429. One that is good is let in all the same."""
FORWARDED: Final = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
)  # fmt: skip
"""Headers by which a proxy tells for whom it asks."""


_NOBODY: Final = (-math.inf, None)


class Access:
    """What one replica knows of tokens."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        self._gateway = gateway
        self._settings = settings
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        self._asks_nobody: tuple[float, bool] = (-math.inf, False)
        rate = settings.max_requests_per_s
        self._rates = RateLimit(rate, max(1.0, rate * BURST_S))
        self._failures = RateLimit(FAILURES_PER_S, FAILURES_AT_ONCE)
        self._tokens = Lookups(gateway.coordinator.token_holders)
        self._tickets = Lookups(gateway.coordinator.redeem_tickets, once=True)

    async def principal(self, connection: HTTPConnection, *, takes_ticket: bool) -> Principal:
        """Return who asks; `ProblemError` (401, 403, 429) where that is nobody who may."""
        told = connection.headers.get("authorization")
        ticket = connection.query_params.get("ticket") if takes_ticket else None
        if told is not None:
            found = await self._by_token(connection, told)
        elif ticket is not None:
            found = await self._by_ticket(connection, ticket)
        else:
            return await self._by_place(connection)
        slot_of(connection).assign_to(found.user)
        wait_s = self._rates.take(found.user, now=time.monotonic())
        if wait_s:
            raise rate_limited(
                wait_s,
                f"more than {self._settings.max_requests_per_s:g} requests a second (TLRAY_MAX_REQUESTS_PER_S)",
            )
        return found

    def known_user(self, headers: Headers) -> str | None:
        """Return the user whose token a request shows, where this replica knows it; without asking anybody, and without saying
        that it is still good."""
        _, found = self._known.get(digest_of(_bearer(headers.get("authorization", ""))), _NOBODY)
        return None if found is None else found.user

    async def _by_token(self, connection: HTTPConnection, told: str) -> Principal:
        text = _bearer(told)
        if not text:
            raise unknown("the Authorization header has no token: send `Authorization: Bearer tlray_…`")
        if not is_token(text):
            raise unknown(
                "what the Authorization header has is no token of tlray's, or not the whole of one:"
                " send `Authorization: Bearer tlray_…`, all of what `tlray token create` has printed"
            )
        digest, now = digest_of(text), time.monotonic()
        until, found = self._known.get(digest, _NOBODY)
        if found is not None and until > now:
            return found
        row = await self._tokens.row(digest)
        if row is None:
            self._known.pop(digest, None)
            raise self._failed(connection, "this token is unknown or was revoked")
        found = Principal(row["user"], scopes_with(row["scopes"]), digest)
        self._known[digest] = now + REMEMBER_S, found
        self._known.move_to_end(digest)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def _by_ticket(self, connection: HTTPConnection, ticket: str) -> Principal:
        row = await self._tickets.row(digest_of(ticket))
        if row is None:
            raise self._failed(
                connection,
                "this ticket is unknown, was used, or is too old: POST /api/v1/tickets gives another",
            )
        return Principal(row["user"], frozenset(row["scopes"]))

    async def _by_place(self, connection: HTTPConnection) -> Principal:
        """Return the one local user of a service that asks nobody."""
        until, asks_nobody = self._asks_nobody
        if until <= time.monotonic():
            asks_nobody = not await self._gateway.coordinator.requires_token()
            self._asks_nobody = time.monotonic() + REMEMBER_S, asks_nobody
        if not asks_nobody:
            raise unknown("this service needs a token: `tlray token create` makes one")
        is_near = connection.client is not None and is_loopback(connection.client.host)
        if not is_near or any(name in connection.headers for name in FORWARDED):
            raise ProblemError(
                403, "this service has no tokens and answers loopback only; `tlray token create` makes one"
            )  # fmt: skip
        return OPEN

    def _failed(self, connection: HTTPConnection, why: str) -> ProblemError:
        """Count a wrong token or ticket, and return its refusal: 429 where too many have come from the address."""
        wait_s = self._failures.take(slot_of(connection).address, now=time.monotonic())
        return (
            rate_limited(wait_s, f"{why}, and many have come from this address") if wait_s else unknown(why)
        )


def requires(scope: str, *, takes_ticket: bool = False) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """Return the dependency that finds who asks, and refuses whoever has not the scope.

    ``takes_ticket``: a route whose clients can send no headers, such as an event stream; a WebSocket always takes one.
    """
    assert scope in SCOPES, scope  # noqa: S101 - a slip of ours, at import

    async def principal(connection: HTTPConnection) -> Principal:
        access: Access = connection.app.state.access
        is_socket = takes_ticket or connection.scope["type"] == "websocket"
        found = await access.principal(connection, takes_ticket=is_socket)
        if scope not in found.scopes:
            raise ProblemError(403, f"this call needs a token with the scope {scope!r}")
        await require_known_query_names(
            connection
        )  # not before: whoever may not ask is told no more than that
        return found

    return principal


def _bearer(authorization: str) -> str:
    """Return what an Authorization header has as a token; "" where it has none."""
    kind, _, text = authorization.partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def unknown(why: str) -> ProblemError:
    """Return the refusal of somebody that we do not know."""
    return ProblemError(401, why, headers={"WWW-Authenticate": 'Bearer realm="tlray"'})
