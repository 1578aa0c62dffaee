"""What does an answer of the service mean to a command? Data, an error of ours in one line, or "not now".

A problem document (RFC 9457) says what was wrong, where and how to mend it; its words become the error's. What is no answer of
tlray is told apart: a proxy's whose service is away, or another program's. Who asks knows which: has tlray answered there before?
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

MAX_WORDS_CHARS = 600
MAX_FAULTS_TOLD = 3
RETRY_AFTER_S = 2.0
"""When to come back where the answer does not say."""
_CONTENT_RANGE = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)")
NOT_NOW = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class NotNow:
    """The same request may be answered later."""

    after_s: float
    why: str
    is_full: bool
    """The service works, and has no room for more (429)."""
    is_ours: bool = True
    """It is tlray that says so, and not a proxy before it."""


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Somebody else has answered."""

    why: str
    mend: str
    """What to do where it is not tlray that is to be found there."""


@dataclass(frozen=True, slots=True)
class FileRange:
    """Some bytes of a file."""

    body: bytes
    n_bytes: int
    """Of the whole file."""
    etag: str | None


def read_range(
    url: str, status: int, headers: Mapping[str, str], body: bytes
) -> FileRange | NotNow | NotOurs | None:
    """Return the bytes that an answer to a range has; None where the file is another by now. Other answers are read as
    `read_answer` does."""
    etag = headers.get("etag")
    place = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    if status == 206 and place:
        return FileRange(body, int(place[1]), etag)
    if status == 416 and place and int(place[1]) == 0:
        return FileRange(b"", 0, etag)
    if status in (200, 413, 416):
        return None
    found = read_answer(url, status, headers, body)
    if isinstance(found, NotNow | NotOurs):
        return found
    raise ServiceRefuses(url, f"it answers {phrase(status)}, and no file")


def read_answer(url: str, status: int, headers: Mapping[str, str], body: bytes) -> Any | NotNow | NotOurs:
    """Return an answer's JSON data; `ServiceRefuses` for what tlray says is wrong with the request, `ServiceUnavailable` for what
    it says is wrong with itself. ``url`` is the service's; names of headers are in small letters."""
    told = _json(body)
    if status == 204:
        return None
    if 200 <= status < 300 and told is not None:
        return told
    if 300 <= status < 400:
        return NotOurs(f"it is at {one_line(headers.get('location', 'another place'))}", "give that as --url")
    is_ours = isinstance(told, dict) and "detail" in told and "status" in told
    if status in NOT_NOW:
        why = _words(told) if is_ours else phrase(status)
        return NotNow(_after_s(headers.get("retry-after", "")), why, is_full=status == 429, is_ours=is_ours)
    if not is_ours:
        return NotOurs(f"it answers {phrase(status)}, not as tlray does", "see that --url is right")
    if status >= 500:
        raise ServiceUnavailable(url, _words(told))
    mend = {401: "; set TLRAY_TOKEN", 421: "; or give another name of it as --url"}.get(status, "")
    raise ServiceRefuses(url, _words(told) + mend)


def phrase(status: int) -> str:
    """Return a status as it is written: ``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def one_line(text: str) -> str:
    """Return words of somebody else so that they stay one line, and cannot drive a terminal."""
    return printable.one_line(text)[:MAX_WORDS_CHARS]


def _words(told: dict[str, Any]) -> str:
    """Return the detail, and the faults that it does not name."""
    words = [str(told["detail"]) or str(told.get("title", ""))]
    faults = told.get("errors")
    for fault in faults[: MAX_FAULTS_TOLD + 1] if isinstance(faults, list) else []:
        text = f"{fault.get('where')}: {fault.get('what')}" if isinstance(fault, dict) else ""
        if text and text not in words[0]:
            words.append(text)
    more = ["…"] if len(words) > MAX_FAULTS_TOLD else []
    return one_line("; ".join(words[:MAX_FAULTS_TOLD] + more))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _after_s(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else RETRY_AFTER_S
