"""One GET of one URL, within limits of time and size.

A `Fetcher` follows no redirect: the next hop is a fetch of its own, with a permit of its own. Every failure of the network is a
`Fetched`; only a cancellation is raised.

Bodies are requested in the codings of the standard library (gzip, deflate) and stored in the archive as they came, which is far
cheaper than compressing again. No cookies, no proxies from the environment, no retry on another connection: one permit is one
request.

Each fetch has an `AddressPolicy`: neither a public site nor a user of the service may lead us into a private network. Each policy
has its own session, so that no connection and no resolved name is shared between two. A fetch may also have a `Sender`: the
User-Agent and the time limit of its batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any

import aiohttp
from yarl import URL

from tlray.core.model.address_policy import AddressPolicy
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.retry_after import retry_after_s
from tlray.io.http.checked_resolver import CheckedResolver
from tlray.io.http.decompress import DecompressError, EndsEarlyError, ExpandsTooFarError, decompress
from tlray.io.http.errors import NETWORK_ERRORS, translate
from tlray.io.http.limits import FetchLimits, Sender
from tlray.io.http.peer import PeerResponse
from tlray.io.http.resolver import NameLookup
from tlray.io.http.response import (
    PAGE_TYPES,
    Fetched,
    absolute_location,
    is_page,
    kind_of_status,
    parse_content_type,
    printable_reason,
)
from tlray.io.http.response_head import LenientConnector

_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,text/plain;q=0.8",
    "Accept-Encoding": "gzip, deflate",
}


Unpack = Callable[[], Fetched]
"""Decompresses a body and classifies the response; a page is 5 to 10 times larger then."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The body that one request wants."""

    max_wire_bytes: int
    max_body_bytes: int
    types: frozenset[str] = PAGE_TYPES
    any_type: bool = False
    cut: bool = False
    """Bytes beyond the limits are left unread, without an error."""


class Fetcher:
    """One aiohttp session; ``async with Fetcher(...) as fetcher: await fetcher.get(url)``.

    ``on_sent`` is called in the task that fetches, when its request has gone out.
    """

    def __init__(
        self,
        limits: FetchLimits,
        *,
        user_agent: str,
        allow: AddressPolicy,
        on_sent: Callable[[], None] | None = None,
    ) -> None:
        self._limits = limits
        self._on_sent = on_sent
        self._user_agent = user_agent
        self._allow = allow
        self._page = _Wanted(limits.max_wire_bytes, limits.max_body_bytes)
        self._sessions: dict[AddressPolicy, aiohttp.ClientSession] = {}
        """Nearly always one, of the fetcher's own policy."""
        self._names = NameLookup(limits.max_connections)
        self._is_open = False

    async def __aenter__(self) -> Fetcher:
        self._is_open = True
        return self

    def _open_session(self, allow: AddressPolicy) -> aiohttp.ClientSession:
        limits = self._limits
        connector = LenientConnector(
            resolver=CheckedResolver(allow, self._names),
            limit=0,  # counted before a fetch begins (`FetchLimits.max_connections`); a wait here would count as its time
            keepalive_timeout=limits.keep_alive_s,
            ttl_dns_cache=60,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            trace_configs=[] if self._on_sent is None else [_trace_of(self._on_sent)],
            response_class=PeerResponse,
            headers={"User-Agent": self._user_agent, **_HEADERS},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=self._timeout(limits.total_timeout_s),
        )
        # aiohttp repeats a request if a kept connection is dead; the site may have counted the first.
        # There is no public switch; tests/site counts arrivals.
        session._retry_connection = False
        return session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        for session in self._sessions.values():
            await session.close()
        await self._names.close()

    async def get_packed(
        self,
        url: str,
        *,
        types: frozenset[str] = PAGE_TYPES,
        allow: AddressPolicy | None = None,
        sender: Sender | None = None,
    ) -> Unpack:
        """Fetch a page of one of some media types and return the function that unpacks it.

        ``allow`` and ``sender`` default to the fetcher's own.

        A compressed page is a fifth to a tenth of its size: a task that has many of them unpacks one at a time.
        """
        want = self._page if types is PAGE_TYPES else replace(self._page, types=types)
        return await self._fetch(url, want, allow or self._allow, sender)

    async def get(
        self, url: str, *, allow: AddressPolicy | None = None, sender: Sender | None = None
    ) -> Fetched:
        """Fetch a page and unpack it."""
        return (await self.get_packed(url, allow=allow, sender=sender))()

    async def get_start(
        self, url: str, max_bytes: int, *, allow: AddressPolicy | None = None, sender: Sender | None = None
    ) -> Fetched:
        """Fetch the first ``max_bytes`` of a body of any type, as of a robots.txt."""
        want = _Wanted(max_bytes, max_bytes, any_type=True, cut=True)
        return (await self._fetch(url, want, allow or self._allow, sender))()

    def _timeout(self, total_s: float) -> aiohttp.ClientTimeout:
        limits = self._limits
        return aiohttp.ClientTimeout(
            total=total_s, sock_connect=limits.connect_timeout_s, sock_read=limits.read_timeout_s
        )

    def _of(self, sender: Sender | None, types: frozenset[str]) -> dict[str, Any]:
        """Return the options of a request that replace those of its session."""
        given: dict[str, Any] = {"headers": {}}
        if more := sorted(types - PAGE_TYPES):
            given["headers"]["Accept"] = f"{_HEADERS['Accept']},{','.join(more)}"
        if sender is not None:
            given["headers"]["User-Agent"] = sender.user_agent
            given["timeout"] = self._timeout(sender.total_timeout_s)
        return given

    def _session_for(self, allow: AddressPolicy) -> aiohttp.ClientSession:
        if not self._is_open:
            raise RuntimeError("a Fetcher is used inside `async with`")
        session = self._sessions.get(allow)
        if session is None:
            session = self._sessions[allow] = self._open_session(allow)
        return session

    async def _fetch(self, url: str, want: _Wanted, allow: AddressPolicy, sender: Sender | None) -> Unpack:
        """Send the request; a failure is a result, too."""
        session = self._session_for(allow)
        started_at, begun = time.time(), time.perf_counter()
        error: Exception | None = None
        try:
            target = URL(url, encoded=True)  # or yarl would spell it its own way
            if why := allow.refusal_of_host(target.raw_host or ""):
                kind, reason = OutcomeKind.PRIVATE_ADDRESS, why
            else:
                async with session.get(
                    target, allow_redirects=False, **self._of(sender, want.types)
                ) as response:
                    wire = await _read(response, want)
                return partial(_unpack, url, response, wire, want, started_at, time.perf_counter() - begun)
        except NETWORK_ERRORS as caught:
            error = caught
            kind, reason = translate(caught, body_began=False)
        failed = _failed(url, kind, reason, error, started_at, time.perf_counter() - begun)
        return lambda: failed


def _trace_of(on_sent: Callable[[], None]) -> aiohttp.TraceConfig:
    """Return the trace by which aiohttp reports that a request was sent."""

    async def say(*_: object) -> None:
        on_sent()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(say)
    return trace


@dataclass(slots=True)
class _WireBody:
    """A body as it came over the wire, or why it did not."""

    n_bytes: int = 0
    body: bytes = b""
    kind: OutcomeKind | None = None
    reason: str | None = None
    error: Exception | None = None


async def _read(response: aiohttp.ClientResponse, want: _Wanted) -> _WireBody:
    """Read a body up to its limits; unread bytes cost only the connection."""
    wire = _WireBody()
    content_type, _ = parse_content_type(_all_of(response, "Content-Type"))
    if not want.any_type and response.status < 300 and not is_page(content_type, b"", want.types):
        wire.kind, wire.reason = OutcomeKind.WRONG_TYPE, content_type[:60]
        return wire
    chunks: list[bytes] = []
    try:
        while chunk := await response.content.readany():
            chunks.append(chunk)
            wire.n_bytes += len(chunk)
            if wire.n_bytes > want.max_wire_bytes:
                break
    except NETWORK_ERRORS as error:
        wire.error = error
        wire.kind, wire.reason = translate(error, body_began=True)
    if wire.n_bytes > want.max_wire_bytes and not want.cut:
        wire.kind, wire.reason = OutcomeKind.TOO_LARGE, f"more than {want.max_wire_bytes} bytes"
    if wire.kind is None:
        wire.body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    return wire


def _unpack(
    url: str,
    response: aiohttp.ClientResponse,
    wire: _WireBody,
    want: _Wanted,
    started_at: float,
    latency_s: float,
) -> Fetched:
    """Unpack a response; an invalid header is a result, too."""
    try:
        return _classify(url, response, wire, want, started_at, latency_s)
    except NETWORK_ERRORS as error:
        return _failed(url, *translate(error, body_began=False), error, started_at, latency_s)


def _failed(
    url: str, kind: OutcomeKind, reason: str, error: Exception | None, started_at: float, latency_s: float
) -> Fetched:
    return Fetched(
        url=url,
        kind=kind,
        reason=printable_reason(reason),
        error=_text(error),
        started_at=started_at,
        latency_s=latency_s,
    )


def _classify(
    url: str,
    response: aiohttp.ClientResponse,
    wire: _WireBody,
    want: _Wanted,
    started_at: float,
    latency_s: float,
) -> Fetched:
    """Classify a response; the kind that its status gives counts before a bad body."""
    status, headers = response.status, response.headers
    version = response.version or aiohttp.HttpVersion11
    kind, reason = kind_of_status(status), f"{status}"
    location = None
    if 300 <= status < 400 and "Location" in headers:
        location = absolute_location(url, headers["Location"])
        kind = OutcomeKind.REDIRECTED if location else OutcomeKind.BAD_HTTP
        reason = f"{status}" if location else f"{status} to no http URL"
    content_type, charset = parse_content_type(_all_of(response, "Content-Type"))
    body, body_kind, body_reason = wire.body, wire.kind, wire.reason
    if wire.body:
        body, body_kind, body_reason = _undo(wire.body, headers.get("Content-Encoding", ""), want)
    is_good_type = want.any_type or is_page(content_type, body, want.types)
    if body_kind is None and not is_good_type:
        body_kind, body_reason = OutcomeKind.WRONG_TYPE, content_type or "no type"
    if kind is None:
        kind, reason = body_kind, body_reason or ""
    return Fetched(
        url=url,
        kind=kind,
        reason=printable_reason(reason),
        error=_text(wire.error),
        started_at=started_at,
        latency_s=latency_s,
        status=status,
        status_line=f"HTTP/{version.major}.{version.minor} {status} {response.reason or ''}".encode(
            "latin-1", "replace"
        ),
        raw_headers=response.raw_headers,
        wire_body=wire.body,
        body=body,
        content_type=content_type,
        charset=charset,
        has_page=bool(body) and is_good_type,
        location=location,
        peer=response.peer if isinstance(response, PeerResponse) else None,
        retry_after_s=retry_after_s(", ".join(headers.getall("Retry-After", ())), now=started_at + latency_s),
        n_bytes=wire.n_bytes,
    )


def _all_of(response: aiohttp.ClientResponse, name: str) -> str:
    return ", ".join(response.headers.getall(name, ()))


def _undo(body: bytes, coding: str, want: _Wanted) -> tuple[bytes, OutcomeKind | None, str | None]:
    """Decompress a body; on failure no bytes, and the reason."""
    try:
        return decompress(body, coding, max_bytes=want.max_body_bytes, cut=want.cut), None, None
    except ExpandsTooFarError as error:
        return b"", OutcomeKind.TOO_LARGE, str(error)
    except EndsEarlyError as error:
        return b"", OutcomeKind.TRUNCATED, str(error)
    except DecompressError as error:
        return b"", OutcomeKind.BAD_ENCODING, str(error)


def _text(error: Exception | None) -> str | None:
    """One line about an exception, for the log."""
    return None if error is None else f"{type(error).__name__}: {error}"[:300]
