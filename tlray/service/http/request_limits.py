"""The bound on requests in progress, and the time limit for a body to arrive: an ASGI layer around the app.

A request is counted for its user where its token is one that the replica knows, else for its address until it is known whose it
is. So users who share an address, or a proxy, have places of their own, and whoever shows no token has only those of the
address. What is open for long (a socket, an event stream) is counted as a stream instead (`tlray.service.auth.stream_limits`).
Health has places of its own.
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
from tlray.service.http.problems import RETRY_AFTER_S, Refused, answer, refuse_socket, too_often
from tlray.service.http.request_guard import HEALTH
from tlray.settings import Settings

MAX_HEALTH: Final = 50
"""Requests for health in progress, of one address."""
MAX_IN_PROGRESS: Final = 1_500
"""Requests in progress of all users and addresses together. With `tlray.service.auth.stream_limits.MAX_ALL_STREAMS` this is
less than `tlray.service.deployment.MAX_ONGOING`, so that health and refusals are always answered."""
CLOSE: Final = {"Connection": "close"}
"""Who has not sent all of a body cannot ask again on the same connection."""
_PLACE: Final = "tlray.place"

KnownUser = Callable[[Headers], str | None]
"""Says whose a request is, by its headers, where that is known without asking anybody."""


class Limits:
    """What one replica counts."""

    def __init__(self, settings: Settings, known_user: KnownUser) -> None:
        self._known_user = known_user
        self.trusted = networks_of(settings.proxies)
        self.of_addresses = ConcurrencyLimit(settings.max_open_requests_per_address)
        self.of_users = ConcurrencyLimit(settings.max_open_requests_per_user)
        self.of_health = ConcurrencyLimit(MAX_HEALTH)
        self.pace = PaceLimits(settings.body_timeout_s, settings.body_gap_s, settings.body_min_rate)

    def enter(self, scope: Scope) -> Place:
        """Return a place for a request; `Refused` (429, 503) where there is none."""
        headers = Headers(scope=scope)
        peer = scope["client"][0] if scope.get("client") else ""
        address = counted_address(peer, headers.getlist("x-forwarded-for"), self.trusted)
        is_sending = scope["type"] == "http" and _has_body(headers)
        is_health = scope["path"] in HEALTH
        if not is_health and self.of_addresses.n_all + self.of_users.n_all >= MAX_IN_PROGRESS:
            raise Refused(
                503,
                "unavailable",
                f"{MAX_IN_PROGRESS:,} requests are in progress, and this replica takes no more; try again",
                headers={"Retry-After": str(RETRY_AFTER_S), **(CLOSE if is_sending else {})},
            )
        user = None if is_health else self._known_user(headers)
        place = Place(self, address, is_sending=is_sending)
        if user is not None:
            place.give_to(user)
        else:
            place.take(self.of_health if is_health else self.of_addresses, address, "address")
        return place


class Place:
    """The place of one request in the counts."""

    def __init__(self, limits: Limits, address: str, *, is_sending: bool) -> None:
        self.address = address
        """For whom it is counted as long as nobody knows whose it is; for whom a wrong token of it is counted."""
        self.is_sending = is_sending
        """True until the request's body has arrived."""
        self._limits = limits
        self._held: tuple[ConcurrencyLimit, str] | None = None
        self._is_over = False

    def give_to(self, user: str) -> None:
        """Count the request for a user from now on; 429 where they have as many as one may have."""
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
        """Note that the request has sent all of its body."""
        if self.is_sending:
            self.is_sending = False
            if self._held is not None:
                limit, holder = self._held
                limit.body_arrived(holder)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Count the request nowhere for as long as it is counted as a stream."""
        held = self._held
        self.leave()
        try:
            yield
        finally:
            if (
                held is not None and not self._is_over
            ):  # a stream that was broken off may end after its request
                self._enter(held)

    def end(self) -> None:
        """Count the request no longer, whatever of it still goes on."""
        self._is_over = True
        self.leave()

    def leave(self) -> None:
        """Count the request for nobody."""
        if self._held is not None:
            limit, holder = self._held
            limit.leave(holder, is_sending=self.is_sending)
            self._held = None

    def _enter(self, held: tuple[ConcurrencyLimit, str]) -> None:
        limit, holder = self._held = held
        limit.enter(holder, is_sending=self.is_sending)


def place_of(connection: HTTPConnection) -> Place:
    """Return a request's place."""
    place: Place = connection.scope[_PLACE]
    return place


class RequestLimits:
    """The layer."""

    def __init__(self, app: ASGIApp, settings: Settings, known_user: KnownUser) -> None:
        self._app = app
        self._limits = Limits(settings, known_user)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            place = self._limits.enter(scope)
        except Refused as refused:
            if scope["type"] == "websocket":
                await refuse_socket(WebSocket(scope, receive, send), refused)
            else:
                await answer(Request(scope), refused)(scope, receive, send)
            return
        scope[_PLACE] = place
        try:
            await self._app(scope, self._in_time(receive, place), send)
        finally:
            place.end()

    def _in_time(self, receive: Receive, place: Place) -> Receive:
        """Receive a request's body within its time; 408 beyond it."""
        if not place.is_sending:
            return receive
        clock = asyncio.get_running_loop().time
        pace: BodyPace | None = None

        async def in_time() -> Message:
            nonlocal pace
            if not place.is_sending:
                return await receive()  # nothing but a disconnection is waited for
            pace = pace or BodyPace(self._limits.pace, now=clock())  # not before somebody wants it
            try:
                async with asyncio.timeout(pace.wait_s(now=clock())):
                    message = await receive()
            except TimeoutError:
                raise _too_slow(self._limits.pace) from None
            pace.take(len(message.get("body", b"")), now=clock())
            if not message.get("more_body", False):  # its end, or the client's
                place.body_arrived()
            return message

        return in_time


def _has_body(headers: Headers) -> bool:
    length = headers.get("content-length", "0").strip()
    return "transfer-encoding" in headers or length.strip("0") != ""


def _too_many(limit: ConcurrencyLimit, holder: str, *, is_sending: bool) -> Refused:
    most, what = (limit.most_sending, "uploads") if is_sending else (limit.most, "requests")
    told = f"{most:,} {what} of this {holder} are in progress (TLRAY_MAX_OPEN_REQUESTS_PER_{holder.upper()})"
    return too_often(1.0, told, headers=CLOSE if is_sending else {})


def _too_slow(pace: PaceLimits) -> Refused:
    return Refused(
        408,
        "request-timeout",
        f"the body came too slowly: it may take {pace.total_s:g} s in all and pause for {pace.gap_s:g} s, at"
        f" {pace.min_rate:g} bytes a second or more on average; send less at once, or on a faster line",
        headers=CLOSE,
    )
