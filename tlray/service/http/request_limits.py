"""The limits of open requests and of the time for a body to arrive: ASGI middleware.

A request counts for its user if the replica knows its token, else for its address until it is authenticated. So users behind one
address or proxy have their own slots, and requests without a token have only those of their address. An open socket or event
stream counts as a stream instead (`tlray.service.auth.stream_limits`). Health checks have slots of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from tlray.core.access.body_timeout import BodyPace, PaceLimits
from tlray.core.access.client_address import counted_address, networks_of
from tlray.core.access.concurrency_limit import ConcurrencyLimit
from tlray.service.http.problems import (
    RETRY_AFTER_S,
    ProblemError,
    close_socket,
    problem_response,
    rate_limited,
)
from tlray.service.http.request_guard import HEALTH
from tlray.settings import Settings

MAX_HEALTH: Final = 50
"""Open health checks per address."""
MAX_OPEN: Final = 1_500
"""Open requests of all users and addresses. With `tlray.service.auth.stream_limits.MAX_ALL_STREAMS` this is less than
`tlray.service.deployment.MAX_ONGOING`, so that health checks and refusals are always answered."""
CLOSE: Final = {"Connection": "close"}
"""A connection with an unfinished body cannot be used again."""
_SLOT: Final = "tlray.slot"

KnownUser = Callable[[Headers], str | None]
"""Returns the user of a request by its headers, if the replica knows the token."""


class OpenRequests:
    """The open requests of one replica."""

    def __init__(self, settings: Settings, known_user: KnownUser) -> None:
        self._known_user = known_user
        self.trusted = networks_of(settings.proxies)
        self.of_addresses = ConcurrencyLimit(settings.max_open_requests_per_address)
        self.of_users = ConcurrencyLimit(settings.max_open_requests_per_user)
        self.of_health = ConcurrencyLimit(MAX_HEALTH)
        self.pace = PaceLimits(settings.body_timeout_s, settings.body_gap_s, settings.body_min_rate)

    def enter(self, scope: Scope) -> RequestSlot:
        """Return a slot for a request; `ProblemError` (429, 503) if none is free."""
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        address = counted_address(peer, headers.getlist("x-forwarded-for"), self.trusted)
        is_sending = scope["type"] == "http" and has_body(headers)
        is_health = scope["path"] in HEALTH
        if not is_health and self.of_addresses.n_all + self.of_users.n_all >= MAX_OPEN:
            raise ProblemError(
                503,
                f"{MAX_OPEN:,} requests are open, and this replica takes no more; try again",
                headers={"Retry-After": str(RETRY_AFTER_S), **(CLOSE if is_sending else {})},
            )
        user = None if is_health else self._known_user(headers)
        slot = RequestSlot(self, address, is_sending=is_sending)
        if user is not None:
            slot.assign_to(user)
        else:
            slot.take(self.of_health if is_health else self.of_addresses, address, "address")
        return slot


class RequestSlot:
    """One open request in the counts."""

    def __init__(self, limits: OpenRequests, address: str, *, is_sending: bool) -> None:
        self.address = address
        """The client address; a wrong token counts for it."""
        self.is_sending = is_sending
        """True until the body has arrived."""
        self._limits = limits
        self._held: tuple[ConcurrencyLimit, str] | None = None
        self._is_over = False

    def assign_to(self, user: str) -> None:
        """Count the request for a user from now on; 429 if the user has too many."""
        self.take(self._limits.of_users, user, "user")

    def take(self, limit: ConcurrencyLimit, holder: str, kind: str) -> None:
        """Count the request for a holder from now on."""
        if self._held == (limit, holder):
            return
        if limit.is_full(holder, is_sending=self.is_sending):
            raise _too_many(limit, kind, is_sending=self.is_sending)
        self.leave()
        self._enter((limit, holder))

    def body_arrived(self) -> None:
        """Record that the body has arrived."""
        if self.is_sending:
            self.is_sending = False
            if self._held is not None:
                limit, holder = self._held
                limit.body_arrived(holder)

    @contextmanager
    def released(self) -> Iterator[None]:
        """Free the slot while the request has a stream open."""
        held = self._held
        self.leave()
        try:
            yield
        finally:
            if held is not None and not self._is_over:  # a broken stream may end after its request
                self._enter(held)

    def end(self) -> None:
        """End the request, even if a part of it is still running."""
        self._is_over = True
        self.leave()

    def leave(self) -> None:
        """Free the slot."""
        if self._held is not None:
            limit, holder = self._held
            limit.leave(holder, is_sending=self.is_sending)
            self._held = None

    def _enter(self, held: tuple[ConcurrencyLimit, str]) -> None:
        limit, holder = self._held = held
        limit.enter(holder, is_sending=self.is_sending)


def slot_of(connection: HTTPConnection) -> RequestSlot:
    """Return the slot of a request."""
    slot: RequestSlot = connection.scope[_SLOT]
    return slot


class RequestLimits:
    """The middleware."""

    def __init__(self, app: ASGIApp, settings: Settings, known_user: KnownUser) -> None:
        self._app = app
        self._limits = OpenRequests(settings, known_user)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            slot = self._limits.enter(scope)
        except ProblemError as refused:
            if scope["type"] == "websocket":
                await close_socket(WebSocket(scope, receive, send), refused)
            else:
                await problem_response(Request(scope), refused)(scope, receive, send)
            return
        scope[_SLOT] = slot
        try:
            await self._app(scope, self._in_time(receive, slot), send)
        finally:
            slot.end()

    def _in_time(self, receive: Receive, slot: RequestSlot) -> Receive:
        """Receive a body within its time limit; 408 beyond it."""
        if not slot.is_sending:
            return receive
        clock = asyncio.get_running_loop().time
        pace: BodyPace | None = None

        async def in_time() -> Message:
            nonlocal pace
            if not slot.is_sending:
                return await receive()  # only a disconnection can come
            pace = pace or BodyPace(self._limits.pace, now=clock())  # the time begins with the first read
            try:
                async with asyncio.timeout(pace.wait_s(now=clock())):
                    message = await receive()
            except TimeoutError:
                raise _too_slow(self._limits.pace) from None
            pace.take(len(message.get("body", b"")), now=clock())
            if not message.get("more_body", False):  # the end of the body, or of the client
                slot.body_arrived()
            return message

        return in_time


def has_body(headers: Headers) -> bool:
    """True if a request has a body, by its headers."""
    length = headers.get("content-length", "0").strip()
    return "transfer-encoding" in headers or length.strip("0") != ""


def _too_many(limit: ConcurrencyLimit, holder: str, *, is_sending: bool) -> ProblemError:
    most, what = (limit.most_sending, "uploads") if is_sending else (limit.most, "requests")
    reason = f"{most:,} {what} of this {holder} are open (TLRAY_MAX_OPEN_REQUESTS_PER_{holder.upper()})"
    return rate_limited(1.0, reason, headers=CLOSE if is_sending else {})


def _too_slow(pace: PaceLimits) -> ProblemError:
    return ProblemError(
        408,
        f"the body came too slowly: it may take {pace.total_s:g} s in all, pause for {pace.gap_s:g} s, and needs"
        f" {pace.min_rate:g} bytes per second on average; send smaller bodies",
        headers=CLOSE,
    )
