"""Answers that are files: whole, as a range (RFC 9110, 14), or a 304 for a client that has the file.

Ray Serve keeps what a slow reader has not read yet in memory, so one answer has `MAX_SENT` bytes at most: a larger file is taken
in ranges.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import FileResponse, Response

from tlray.service.http.problems import ProblemError

MAX_SENT: Final = 32_000_000
_RANGE: Final = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


def file_answer(request: Request, path: Path, *, media_type: str, filename: str) -> Response:
    """Answer a request with a file whose name stands for its content, which never changes."""
    answer = FileResponse(path, media_type=media_type, filename=filename, headers={"ETag": f'"{path.stem}"'})
    if is_known(request.headers.getlist("if-none-match"), answer.headers["etag"]):
        return Response(status_code=304, headers={"ETag": answer.headers["etag"]})
    answer.set_stat_headers(stat := path.stat())
    text = request.headers.get("range")
    if request.headers.get("if-range", answer.headers["etag"]) != answer.headers["etag"]:
        text = None  # the file has changed
    bounded = bounded_range(text, stat.st_size)
    if bounded is None and stat.st_size > MAX_SENT and request.method != "HEAD":
        raise ProblemError(
            413,
            f"the file has {stat.st_size:,} bytes, and one response at most {MAX_SENT:,}: request it in ranges,"
            f" such as `Range: bytes=0-{MAX_SENT - 1}`",
            kind="range-required",
            headers={"Accept-Ranges": "bytes"},
        )
    others = [pair for pair in request.scope["headers"] if pair[0] not in (b"range", b"if-range")]
    request.scope["headers"] = [*others, (b"range", bounded.encode())] if bounded else others
    return answer


def is_known(if_none_match: list[str], etag: str) -> bool:
    """True if the client has the file, by its ``If-None-Match`` headers."""
    named = [name.strip().removeprefix("W/") for text in if_none_match for name in text.split(",")]
    return etag in named or named == ["*"]


def bounded_range(text: str | None, n_bytes: int) -> str | None:
    """Return the range of a file to send, no longer than one response; None if no range was requested.

    Anything but a single range of bytes is ignored (RFC 9110, 14.1.1 and 14.2); a range beyond the end is a 416.
    """
    match = _RANGE.fullmatch(text) if text is not None else None
    if match is None or not (match[1] or match[2]):
        return None
    if match[1] and match[2] and int(match[2]) < int(match[1]):
        return None
    first = int(match[1]) if match[1] else max(0, n_bytes - int(match[2]))
    last = int(match[2]) if match[1] and match[2] else n_bytes - 1
    if first >= n_bytes:
        beyond = {"Content-Range": f"bytes */{n_bytes}"}
        raise ProblemError(416, f"the file has {n_bytes:,} bytes", headers=beyond)
    return f"bytes={first}-{min(last, n_bytes - 1, first + MAX_SENT - 1)}"
