"""Authentication of callers, and the scope that a route requires: ``Depends(Requires("submit"))``.

A service whose home never had a token answers loopback only, without authentication: every caller there is its one local user.
After the first token every caller needs one, on loopback too, because requests of a proxy come from loopback. Sockets take a
ticket in place of a token: a browser sends no headers with them, and a token in a URL would end up in logs. The page's session
cookie (`tlray.service.auth.session`) is a token, too.

A replica caches tokens for `REMEMBER_S`; a revoked one is refused after that time at the latest.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from tlray.core.access.rate_limit import RateLimit
from tlray.core.access.same_origin import SAFE_METHODS, is_loopback
from tlray.core.access.tokens import SCOPES, digest_of, is_token, scopes_with
from tlray.errors import TlrayError
from tlray.io.redis.rates import rate_of
from tlray.service.auth.principal import OPEN, Principal
from tlray.service.auth.session import CSRF_HEADER, require_csrf, session_token
from tlray.service.auth.token_lookup import TokenLookup
from tlray.service.http.problems import ProblemError, rate_limited
from tlray.service.http.query_params import require_known_query_names
from tlray.service.http.request_limits import slot_of

if TYPE_CHECKING:
    from tlray.service.backend.gateway import Gateway
    from tlray.settings import Settings

REMEMBER_S: Final = 5.0
MAX_REMEMBERED: Final = 10_000
BURST_S: Final = 4.0
"""The burst of a user: the requests of so many seconds."""
FAILURES_PER_S, FAILURES_AT_ONCE = 5.0, 20.0
"""Invalid tokens and tickets of one address; more are answered with 429. Valid ones are accepted all the same."""
FORWARDED: Final = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
)  # fmt: skip
"""Headers in which a proxy names its client."""
_PRINCIPAL: Final = "tlray.principal"
"""Who may do what the route does."""
_CALLER: Final = "tlray.caller"
"""Who has asked, whether they may or not."""


_UNKNOWN: Final = (-math.inf, None)


class Authenticator:
    """The tokens that one replica has cached, and the request rates of users."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        self._gateway = gateway
        self._settings = settings
        self._known: OrderedDict[str, tuple[float, Principal]] = OrderedDict()
        self._requires_token: tuple[float, bool] = (-math.inf, True)
        rate = settings.max_requests_per_s
        self._rates = rate_of(gateway.redis, "user", RateLimit(rate, max(1.0, rate * BURST_S)))
        self._failures = rate_of(gateway.redis, "failures", RateLimit(FAILURES_PER_S, FAILURES_AT_ONCE))
        self._tokens = TokenLookup(gateway.token_holders)
        self._tickets = TokenLookup(gateway.coordinator.redeem_tickets, once=True)

    async def principal(self, connection: HTTPConnection, *, takes_ticket: bool) -> Principal:
        """Return the caller; `ProblemError` (401, 403, 429) if there is none, or too many requests."""
        header = connection.headers.get("authorization")
        ticket = connection.query_params.get("ticket") if takes_ticket else None
        if header is not None:
            principal = await self._by_token(connection, _token_in(header))
        elif ticket is not None:
            principal = await self._by_ticket(connection, ticket)
        elif token := await self._session_of(connection):
            principal = await self._by_token(connection, token)
        else:
            return await self._local_user(connection)
        slot_of(connection).assign_to(principal.user)
        wait_s = await self._rates.take(principal.user, now=time.monotonic())
        if wait_s:
            limit = self._settings.max_requests_per_s
            raise rate_limited(wait_s, f"more than {limit:g} requests per second (TLRAY_MAX_REQUESTS_PER_S)")
        return principal

    def known_user(self, headers: Headers) -> str | None:
        """Return the user of a request if the replica knows its token, without checking that the token is still valid."""
        token = _bearer(headers.get("authorization", "")) or session_token(headers)
        _, principal = self._known.get(digest_of(token), _UNKNOWN)
        return None if principal is None else principal.user

    async def holder(self, connection: HTTPConnection, token: str) -> Principal:
        """Return the user of a token that is signed in with; `ProblemError` (401, 429) if it is unknown."""
        return await self._by_token(connection, token)

    async def _session_of(self, connection: HTTPConnection) -> str:
        """Return the token of the session cookie; "" if there is none, or no token is needed here."""
        if connection.scope["type"] != "http" or not (token := session_token(connection.headers)):
            return ""
        if not await self.requires_token():
            return ""  # the cookie of an earlier service at this address
        if connection.scope["method"] not in SAFE_METHODS and connection.url.path.startswith("/api/"):
            require_csrf(connection, connection.headers.get(CSRF_HEADER))
        return token

    async def _by_token(self, connection: HTTPConnection, text: str) -> Principal:
        digest, now = digest_of(text), time.monotonic()
        until, principal = self._known.get(digest, _UNKNOWN)
        if principal is not None and until > now:
            return principal
        row = await self._tokens.row(digest)
        if row is None:
            self._known.pop(digest, None)
            raise await self._failed(connection, "this token is unknown or was revoked")
        principal = Principal(row["user"], scopes_with(row["scopes"]), digest)
        self._known[digest] = now + REMEMBER_S, principal
        self._known.move_to_end(digest)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return principal

    async def _by_ticket(self, connection: HTTPConnection, ticket: str) -> Principal:
        row = await self._tickets.row(digest_of(ticket))
        if row is None:
            raise await self._failed(
                connection, "this ticket is unknown, used or too old: POST /api/v1/tickets for another"
            )
        return Principal(row["user"], frozenset(row["scopes"]))

    async def requires_token(self) -> bool:
        """True if every caller needs a token."""
        until, requires_token = self._requires_token
        if until <= time.monotonic():
            requires_token = await self._gateway.requires_token()
            self._requires_token = time.monotonic() + REMEMBER_S, requires_token
        return requires_token

    async def _local_user(self, connection: HTTPConnection) -> Principal:
        """Return the local user of a service without tokens."""
        if await self.requires_token():
            raise unauthorized("this service needs a token: `tlray token create` makes one")
        is_near = connection.client is not None and is_loopback(connection.client.host)
        if not is_near or any(name in connection.headers for name in FORWARDED):
            raise ProblemError(
                403, "this service has no tokens and answers loopback only; `tlray token create` makes one"
            )
        return OPEN

    async def _failed(self, connection: HTTPConnection, reason: str) -> ProblemError:
        """Count an invalid token or ticket and return its problem: 401, or 429 after too many from one address."""
        wait_s = await self._failures.take(slot_of(connection).address, now=time.monotonic())
        if wait_s:
            return rate_limited(wait_s, f"{reason}, and this address has sent many such")
        return unauthorized(reason)


class Requires:
    """The dependency that authenticates the caller of a route and requires a scope.

    ``takes_ticket``: for routes whose clients send no headers, such as an event stream; a WebSocket always takes one.
    """

    def __init__(self, scope: str, *, takes_ticket: bool = False) -> None:
        assert scope in SCOPES, scope  # noqa: S101 - at import
        self._scope = scope
        self._takes_ticket = takes_ticket

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """Return the caller, or raise a problem; the second call of a request returns the result of the first."""
        if (known := connection.scope.get(_PRINCIPAL)) is not None:
            return cast("Principal", known)
        authenticator: Authenticator = connection.app.state.authenticator
        takes_ticket = self._takes_ticket or connection.scope["type"] == "websocket"
        principal = await authenticator.principal(connection, takes_ticket=takes_ticket)
        connection.scope[_CALLER] = principal
        if self._scope not in principal.scopes:
            raise ProblemError(403, f"this call needs a token with the scope {self._scope!r}")
        await require_known_query_names(connection)  # after the scope: an unauthorized caller learns nothing
        connection.scope[_PRINCIPAL] = principal
        return principal


def caller_of(connection: HTTPConnection) -> Principal | None:
    """Return the caller of a request that has been authenticated, though it may not do what it asks."""
    known: Principal | None = connection.scope.get(_CALLER)
    return known


async def find_caller(connection: HTTPConnection) -> None:
    """Note the caller of a request that no route has taken, if it is known: a page of nowhere has a navigation, too."""
    authenticator: Authenticator = connection.app.state.authenticator
    if caller_of(connection) is None:
        with suppress(ProblemError, TlrayError):
            connection.scope[_CALLER] = await authenticator.principal(connection, takes_ticket=False)


def _token_in(header: str) -> str:
    """Return the token of an Authorization header; a problem (401) if there is none."""
    text = _bearer(header)
    if not text:
        raise unauthorized("the Authorization header has no token: send `Authorization: Bearer tlray_…`")
    if not is_token(text):
        raise unauthorized(
            "the Authorization header is no token of tlray's, or not a whole one:"
            " send `Authorization: Bearer tlray_…` with the output of `tlray token create`"
        )
    return text


def _bearer(authorization: str) -> str:
    """Return the token of an Authorization header; "" if there is none."""
    kind, _, text = authorization.partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def unauthorized(reason: str) -> ProblemError:
    """Return the problem (401) of an unknown caller."""
    return ProblemError(401, reason, headers={"WWW-Authenticate": 'Bearer realm="tlray"'})
