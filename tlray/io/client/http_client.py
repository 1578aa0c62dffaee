"""Requests to a running service, repeated while it is away or has no room.

Every call can be repeated: lists carry an Idempotency-Key and numbered pieces, the other calls state what is to hold. A service
that never answered is an error at once. One that answered before may be restarting, and is waited for; so is a foreign response
in its place, such as Ray Serve's proxy with 500 (a replica died) or 404 (the service is starting or stopping).

httpx is imported when a client is made: most commands need none.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from tlray.errors import ServiceRefuses, ServiceUnavailable, TlrayError, UsageError
from tlray.io.client.responses import (
    RETRY_AFTER_S,
    FileRange,
    ForeignResponse,
    Lines,
    RetryLater,
    one_line,
    read_lines,
    read_range,
    read_response,
)

if TYPE_CHECKING:
    import httpx

DEFAULT_URL: Final = "http://127.0.0.1:8000"
TIMEOUT_S: Final = 75.0
"""Of a response; the service itself gives up after 60 s."""
FILE_TIMEOUT_S: Final = 600.0
"""The service writes the export of a long batch before it sends the first byte."""
PATIENCE_S: Final = 60.0
"""How long a service that answered before is waited for."""
MAX_PAUSE_S: Final = 30.0
MAX_BODY_BYTES: Final = 64_000_000
JSON, LINES, BYTES = "application/json", "text/plain; charset=utf-8", "application/octet-stream"
EVENTS: Final = "text/event-stream"
OnWait = Callable[[str, str], None]
"""Called before a pause with what is waited for, and why."""
Read = Callable[[str, int, Mapping[str, str], bytes], Any]
"""Reads a response: `read_response`, or a function like it."""


class ServiceClient:
    """A client of one service, for one thread. ``with`` it, or `close` it."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        on_wait: OnWait = lambda what, why: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        import httpx  # noqa: PLC0415

        headers = {"User-Agent": "tlray", "X-Tlray-Client": "tlray", "Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {checked_token(token)}"
        self.url = checked_url(url)
        verify = ssl.create_default_context() if self.url.startswith("https:") else False
        # no proxy and no certificate of the environment: the service is where --url says
        self._http = httpx.Client(base_url=self.url, headers=headers, verify=verify, trust_env=False)
        self._on_wait, self._sleep, self._clock = on_wait, sleep, clock
        self.has_answered = False
        """True once anything answered at this address."""
        self.is_tlray = False
        """True once tlray answered there; a foreign response is waited out from then on."""

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, **query: object) -> Any:
        """Return the data of a GET; a query's value of None is left out."""
        return self.request("GET", path, query=query)

    def pages(self, path: str, name: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page[name]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: bytes | dict[str, Any] | list[tuple[str, bytes]] | None = None,
        key: str | None = None,
        timeout_s: float = TIMEOUT_S,
        max_wait_s: float = PATIENCE_S,
        patience_s: float = PATIENCE_S,
    ) -> Any:
        """Send a request until it is answered, and return the data; bytes are lines of text, a list is a form with files.

        ``key`` is the Idempotency-Key. ``max_wait_s`` bounds the wait for a service without room (429), ``patience_s`` the wait
        for one that does not answer any more. Raises `ServiceRefuses` or `ServiceUnavailable`.
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        if isinstance(body, list):
            content, files = None, [("file", (name, data, BYTES)) for name, data in body]
        else:
            content, files = json_bytes(body) if isinstance(body, dict) else body, None
        if content is not None:
            headers["Content-Type"] = JSON if isinstance(body, dict) else LINES
        sent = self._http.build_request(
            method, path, params=_given(query), content=content, headers=headers, timeout=timeout_s,
            files=files,
        )  # fmt: skip
        return self._until_answered(sent, read_response, max_wait_s=max_wait_s, patience_s=patience_s)

    def file_range(self, path: str, *, first: int, etag: str | None, **query: object) -> FileRange | None:
        """Return a file's bytes from ``first`` on, as many as one response holds; None if the file does not have this ``etag``
        any more."""
        headers = {"Range": f"bytes={first}-", **({} if etag is None else {"If-Range": etag})}
        sent = self._http.build_request(
            "GET", path, params=_given(query), headers=headers, timeout=FILE_TIMEOUT_S
        )
        found: FileRange | None = self._until_answered(
            sent, read_range, max_wait_s=PATIENCE_S, patience_s=PATIENCE_S
        )
        return found

    def lines(self, path: str, **query: object) -> Lines:
        """Return the lines of a response of NDJSON, and the cursor behind them."""
        sent = self._http.build_request("GET", path, params=_given(query), timeout=TIMEOUT_S)
        found: Lines = self._until_answered(sent, read_lines, max_wait_s=PATIENCE_S, patience_s=PATIENCE_S)
        return found

    def _until_answered(
        self, sent: httpx.Request, read: Read, *, max_wait_s: float, patience_s: float
    ) -> Any:
        began = since = self._clock()
        n = 0
        while True:
            found = self._answer(sent, read, retry_after_s=min(2.0, 0.1 * 2**n))
            if not isinstance(found, RetryLater):
                return found
            now = self._clock()
            since = now if found.is_full else since
            if now - began >= max_wait_s if found.is_full else now - since >= patience_s:
                raise ServiceUnavailable(self.url, found.why)
            self._on_wait("waiting for room" if found.is_full else "asking again", found.why)
            self._sleep(min(found.after_s, MAX_PAUSE_S))
            n += 1

    def _answer(self, sent: httpx.Request, read: Read, *, retry_after_s: float) -> Any | RetryLater:
        """Send a request once."""
        import httpx  # noqa: PLC0415

        try:
            response = self._http.send(sent, stream=True)
            try:
                body = _bounded_body(response)
            finally:
                response.close()
        except httpx.HTTPError as error:
            reason = self._reason(error)
            if not self.has_answered:
                raise ServiceUnavailable(self.url, reason) from None
            return RetryLater(retry_after_s, reason, is_full=False)
        return self._meaning(read, response, body)

    @contextmanager
    def stream(self, path: str, *, timeout_s: float, **query: object) -> Iterator[httpx.Response | None]:
        """Open an event stream; None if nothing follows (204).

        It is tried once: `ServiceUnavailable` where nothing answers, or not now.
        """
        import httpx  # noqa: PLC0415

        sent = self._http.build_request("GET", path, params=_given(query), timeout=timeout_s)
        try:
            response = self._http.send(sent, stream=True)
        except httpx.HTTPError as error:
            raise ServiceUnavailable(self.url, self._reason(error)) from None
        try:
            if response.status_code == 200 and response.headers.get("content-type", "").startswith(EVENTS):
                self.has_answered = self.is_tlray = True
                yield response
                return
            found = self._meaning(read_response, response, _bounded_body(response))
            if isinstance(found, RetryLater):
                raise ServiceUnavailable(self.url, found.why)
            yield None
        finally:
            response.close()

    def _meaning(self, read: Read, response: httpx.Response, body: bytes) -> Any | RetryLater:
        """Return what a response means; a foreign one is `RetryLater` after tlray has answered, and else `ServiceRefuses`."""
        self.has_answered = True
        try:
            found = read(self.url, response.status_code, response.headers, body)
        except TlrayError:  # tlray's own problem document
            self.is_tlray = True
            raise
        if not isinstance(found, ForeignResponse):
            self.is_tlray |= not isinstance(found, RetryLater) or found.is_tlray
            return found
        if not self.is_tlray:
            raise ServiceRefuses(self.url, f"{found.why}; {found.hint}")
        return RetryLater(RETRY_AFTER_S, found.why, is_full=False, is_tlray=False)

    def _reason(self, error: httpx.HTTPError) -> str:
        """Return why nothing answered, from the system's error if there is one."""
        import httpx  # noqa: PLC0415

        reason = "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error)
        cause: BaseException | None = error
        while cause is not None:
            for found in (cause, *cause.args):  # httpcore's errors have the system's as their argument
                if isinstance(found, OSError) and found.strerror:
                    reason = found.strerror
            cause = cause.__cause__
        start = "" if self.has_answered else "; start one with `tlray serve`, or name another with --url"
        return f"no service answers ({one_line(reason or type(error).__name__).lower()}){start}"


def json_bytes(body: dict[str, Any]) -> bytes:
    """Return a body as JSON; half a surrogate pair, as of a command line, becomes a question mark."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _given(query: Mapping[str, object] | None) -> Any:
    return {name: value for name, value in (query or {}).items() if value is not None} or None


def _bounded_body(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body)


def batch_path(batch_id: str, action: str = "") -> str:
    """Return the path of a batch; the id is quoted, whatever the user has typed."""
    return f"/api/v1/batch/{quote(batch_id, safe='')}{action}"


def checked_url(url: str) -> str:
    """Return the address of a service without its last slash; UsageError if it is not one."""
    import httpx  # noqa: PLC0415

    try:
        parts = urlsplit(url.strip())
        is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and is_plain:
            return str(httpx.URL(url.strip())).rstrip("/")
    except (ValueError, httpx.InvalidURL):
        pass
    raise UsageError(f"--url {url[:200]!r}: give the address of a service, such as {DEFAULT_URL}")


def checked_token(token: str) -> str:
    """Return a token that a header can hold; UsageError if it cannot."""
    token = token.strip()
    if not token or not all(" " < c <= "~" for c in token):
        raise UsageError("TLRAY_TOKEN is not a token; make one with `tlray token create`")
    return token
