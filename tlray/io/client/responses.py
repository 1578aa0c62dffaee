"""The meaning of a response to a command: data, one error of ours, or "try again later".

The words of a problem document (RFC 9457) become those of the error. A response that is not tlray's is a `ForeignResponse`: of
a proxy whose service is away, or of another program. The caller knows which: it knows whether tlray answered there before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tlray.core.model import printable
from tlray.errors import ServiceRefuses, ServiceUnavailable

MAX_DETAIL_CHARS = 600
MAX_FAULTS_SHOWN = 3
RETRY_AFTER_S = 2.0
"""The pause where the response names none."""
_CONTENT_RANGE = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)")
NDJSON = "application/x-ndjson"
RETRYABLE = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The same request may succeed later."""

    after_s: float
    why: str
    is_full: bool
    """The service works, and has no room for more (429)."""
    is_tlray: bool = True
    """The response is tlray's, and not that of a proxy before it."""


@dataclass(frozen=True, slots=True)
class ForeignResponse:
    """A response that is not tlray's."""

    why: str
    hint: str
    """What to do if tlray never answered there."""


@dataclass(frozen=True, slots=True)
class FileRange:
    """Some bytes of a file."""

    body: bytes
    n_bytes: int
    """Of the whole file."""
    etag: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """A response of lines of JSON."""

    lines: list[str]
    next_cursor: str


def read_lines(
    url: str, status: int, headers: Mapping[str, str], body: bytes
) -> Lines | RetryLater | ForeignResponse:
    """Return the lines of a response, and the cursor behind them. Other responses are read as by `read_response`."""
    cursor = headers.get("x-next-cursor")
    if status == 200 and cursor is not None and headers.get("content-type", "").startswith(NDJSON):
        return Lines(body.decode("utf-8", "replace").splitlines(), cursor)
    found = read_response(url, status, headers, body)
    if isinstance(found, RetryLater | ForeignResponse):
        return found
    return ForeignResponse(f"it answers {phrase(status)} without lines of JSON", "check --url")


def read_range(
    url: str, status: int, headers: Mapping[str, str], body: bytes
) -> FileRange | RetryLater | ForeignResponse | None:
    """Return the bytes of a response to a range; None if the file has changed.

    Other responses are read as by `read_response`.
    """
    etag = headers.get("etag")
    place = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    if status == 206 and place:
        return FileRange(body, int(place[1]), etag)
    if status == 416 and place and int(place[1]) == 0:
        return FileRange(b"", 0, etag)
    if status in (200, 413, 416):
        return None
    found = read_response(url, status, headers, body)
    if isinstance(found, RetryLater | ForeignResponse):
        return found
    raise ServiceRefuses(url, f"it answers {phrase(status)}, and no file")


def read_response(
    url: str, status: int, headers: Mapping[str, str], body: bytes
) -> Any | RetryLater | ForeignResponse:
    """Return the JSON data of a response; `ServiceRefuses` if tlray found the request at fault, `ServiceUnavailable` if itself.

    ``url`` is the service's; header names are in lower case.
    """
    data = _json(body)
    if status == 204:
        return None
    if 200 <= status < 300 and data is not None:
        return data
    if 300 <= status < 400:
        return ForeignResponse(
            f"it is at {one_line(headers.get('location', 'another place'))}", "use that as --url"
        )
    is_tlray = isinstance(data, dict) and "detail" in data and "status" in data
    if status in RETRYABLE:
        why = _detail(data) if is_tlray else phrase(status)
        return RetryLater(
            _after_s(headers.get("retry-after", "")), why, is_full=status == 429, is_tlray=is_tlray
        )
    if not is_tlray:
        return ForeignResponse(f"it answers {phrase(status)}, not as tlray does", "check --url")
    if status >= 500:
        raise ServiceUnavailable(url, _detail(data))
    hint = {401: "; set TLRAY_TOKEN", 421: "; or use another name of it in --url"}.get(status, "")
    raise ServiceRefuses(url, _detail(data) + hint)


def phrase(status: int) -> str:
    """Return a status with its phrase: ``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def one_line(text: str) -> str:
    """Return foreign text as one line that cannot drive a terminal."""
    return printable.one_line(text)[:MAX_DETAIL_CHARS]


def _detail(problem: dict[str, Any]) -> str:
    """Return the detail of a problem, and the faults that it does not name."""
    words = [str(problem["detail"]) or str(problem.get("title", ""))]
    faults = problem.get("errors")
    for fault in faults[: MAX_FAULTS_SHOWN + 1] if isinstance(faults, list) else []:
        text = f"{fault.get('where')}: {fault.get('what')}" if isinstance(fault, dict) else ""
        if text and text not in words[0]:
            words.append(text)
    more = ["…"] if len(words) > MAX_FAULTS_SHOWN else []
    return one_line("; ".join(words[:MAX_FAULTS_SHOWN] + more))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _after_s(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else RETRY_AFTER_S
