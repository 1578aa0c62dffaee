"""How is a running service asked? Over one kept connection; a broken one is made anew and the request sent again.

Every call of the service can be repeated: lists go under an Idempotency-Key and in numbered pieces, the rest says how things
are to be. A service that never answered is told of at once; one that did is waited for (it may be starting again). So is one that
somebody else answers for: Ray Serve's proxy says 500 where a replica dies, and 404 where the service ends or begins.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from tlray.errors import ServiceRefuses, ServiceUnavailable, TlrayError, UsageError
from tlray.io.client.answers import (
    RETRY_AFTER_S,
    FileRange,
    NotNow,
    NotOurs,
    one_line,
    read_answer,
    read_range,
)

DEFAULT_URL: Final = "http://127.0.0.1:8000"
TIMEOUT_S: Final = 75.0
"""Of an answer; the service itself gives up after 60 s."""
FILE_TIMEOUT_S: Final = 600.0
"""A file of a long batch is made before its first byte comes."""
PATIENCE_S: Final = 60.0
"""A service that answered before and does not now is asked again for so long."""
MAX_PAUSE_S: Final = 30.0
MAX_ANSWER_BYTES: Final = 64_000_000
JSON, LINES = "application/json", "text/plain; charset=utf-8"
EVENTS: Final = "text/event-stream"
Tell = Callable[[str, str], None]
"""Told what is waited for, and why."""
Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers with their names in small letters, body."""
Read = Callable[[str, int, Mapping[str, str], bytes], Any]
"""What an answer means: `read_answer`, or as that."""


class ServiceClient:
    """A client of one service, for one thread. ``with`` it, or `close` it."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        tell: Tell = lambda what, why: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parts = service_url(url)
        self.url = url.rstrip("/")
        self._headers = {"User-Agent": "tlray", "X-Tlray-Client": "tlray", "Accept-Encoding": "identity"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {checked_token(token)}"
        self._tell, self._sleep, self._clock = tell, sleep, clock
        self._kept: HTTPConnection | None = None
        self.has_answered = False
        """Whether anybody ever did, at this address; one that did is waited for."""
        self.is_tlray = False
        """Whether it ever was tlray; what somebody else answers in its place is waited for, too."""

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def get(self, path: str, **query: object) -> Any:
        """Return what a GET answers; a query's value of None is left out."""
        return self.ask("GET", path, query=query)

    def pages(self, path: str, name: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page[name]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: bytes | dict[str, Any] | None = None,
        key: str | None = None,
        timeout_s: float = TIMEOUT_S,
        max_wait_s: float = PATIENCE_S,
        patience_s: float = PATIENCE_S,
    ) -> Any:
        """Send a request until it is answered, and return the answer's data; a body of bytes is lines of text.

        ``max_wait_s`` is how long a service without room (429) is waited for, ``patience_s`` how long one that does not answer
        any more. `ServiceRefuses` and `ServiceUnavailable` are what else may come of it.
        """
        headers = dict(self._headers)
        if isinstance(body, dict):
            headers["Content-Type"] = JSON
            body = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        elif body is not None:
            headers["Content-Type"] = LINES
        if key is not None:
            headers["Idempotency-Key"] = key
        target = self._target(path, query or {})
        return self._until_answered(
            method, target, body, headers, read_answer, timeout_s=timeout_s, max_wait_s=max_wait_s, patience_s=patience_s
        )  # fmt: skip

    def file_range(self, path: str, *, first: int, etag: str | None, **query: object) -> FileRange | None:
        """Return a file's bytes from ``first`` on, as many as come at once; None where it is not the file any more that has
        this ``etag``."""
        headers = {**self._headers, "Range": f"bytes={first}-"}
        if etag is not None:
            headers["If-Range"] = etag
        found: FileRange | None = self._until_answered(
            "GET", self._target(path, query), None, headers, read_range,
            timeout_s=FILE_TIMEOUT_S, max_wait_s=PATIENCE_S, patience_s=PATIENCE_S,
        )  # fmt: skip
        return found

    def _until_answered(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: dict[str, str],
        read: Read,
        *,
        timeout_s: float,
        max_wait_s: float,
        patience_s: float,
    ) -> Any:
        began = since = self._clock()
        n = 0
        while True:
            try:
                answer = self._exchange(method, target, body, headers, timeout_s)
            except (OSError, HTTPException) as error:
                self.close()
                found = NotNow(min(2.0, 0.1 * 2**n), self._why(error), is_full=False)
                if not self.has_answered:
                    raise ServiceUnavailable(self.url, found.why) from None
            else:
                found = self._meaning(read, answer)
                if not isinstance(found, NotNow):
                    return found
            now = self._clock()
            since = now if found.is_full else since
            if now - began >= max_wait_s if found.is_full else now - since >= patience_s:
                raise ServiceUnavailable(self.url, found.why)
            self._tell("waiting for room" if found.is_full else "asking again", found.why)
            self._sleep(min(found.after_s, MAX_PAUSE_S))
            n += 1

    @contextmanager
    def stream(self, path: str, *, timeout_s: float, **query: object) -> Iterator[HTTPResponse | None]:
        """Open an answer that comes bit by bit, on a connection of its own; None where there is nothing (204).

        It is tried once: `ServiceUnavailable` where nobody answers, or not now.
        """
        connection = self._connection(timeout_s)
        try:
            try:
                connection.request("GET", self._target(path, query), headers=self._headers)
                answer = connection.getresponse()
                headers = _headers(answer)
                is_stream = answer.status == 200 and headers.get("content-type", "").startswith(EVENTS)
                body = b"" if is_stream else answer.read(MAX_ANSWER_BYTES)
            except (OSError, HTTPException) as error:
                raise ServiceUnavailable(self.url, self._why(error)) from None
            if is_stream:
                self.has_answered = self.is_tlray = True
                yield answer
                return
            found = self._meaning(read_answer, (answer.status, headers, body))
            if isinstance(found, NotNow):
                raise ServiceUnavailable(self.url, found.why)
            yield None
        finally:
            connection.close()

    def _meaning(self, read: Read, answer: Answer) -> Any | NotNow:
        """Return what an answer means: of somebody else "not now" where tlray has answered before, and else `ServiceRefuses`."""
        self.has_answered = True
        try:
            found = read(self.url, *answer)
        except TlrayError:  # in tlray's own words
            self.is_tlray = True
            raise
        if not isinstance(found, NotOurs):
            self.is_tlray |= not isinstance(found, NotNow) or found.is_ours
            return found
        if not self.is_tlray:
            raise ServiceRefuses(self.url, f"{found.why}; {found.mend}")
        return NotNow(RETRY_AFTER_S, found.why, is_full=False, is_ours=False)

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], timeout_s: float
    ) -> Answer:
        if self._kept is None:
            self._kept = self._connection(timeout_s)
        connection = self._kept
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        with suppress(BrokenPipeError):  # it refused a long body early, and says why
            connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, _headers(answer), answer.read(MAX_ANSWER_BYTES)

    def _connection(self, timeout_s: float) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            return HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())
        return HTTPConnection(host, port, timeout=timeout_s)

    def _target(self, path: str, query: Mapping[str, object]) -> str:
        told = urlencode({name: value for name, value in query.items() if value is not None}, doseq=True)
        return f"{self._parts.path.rstrip('/')}{path}" + (f"?{told}" if told else "")

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            why = "no answer in time"
        elif isinstance(error, OSError) and error.strerror:
            why = error.strerror
        else:
            why = str(error) or type(error).__name__
        start = "" if self.has_answered else "; start one with `tlray serve`, or name another with --url"
        return f"no service answers ({one_line(why).lower()}){start}"


def _headers(answer: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.getheaders()}


def batch_path(batch_id: str, action: str = "") -> str:
    """Return the path of a batch, whatever the user gave as its id."""
    return f"/api/v1/batch/{quote(batch_id, safe='')}{action}"


def service_url(url: str) -> SplitResult:
    """Read the address of a service; UsageError says what is wrong with it."""
    with suppress(ValueError):
        parts = urlsplit(url.strip())
        is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and is_plain:
            return parts
    raise UsageError(f"--url {url[:200]!r}: give the address of a service, such as {DEFAULT_URL}")


def checked_token(token: str) -> str:
    """Return a token as a header may hold it; UsageError where it is none."""
    token = token.strip()
    if not token or not all(" " < c <= "~" for c in token):
        raise UsageError("TLRAY_TOKEN is no token; `tlray token create` makes one")
    return token
