"""How is a request's body read? Within a bound, refused early beyond it, as one of the content types that a call takes.

A body that says how long it is (Content-Length) is refused before a byte of it is read; one that does not, as soon as it has
gone beyond. What a client has not sent whole is never acted upon.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from tlray.service.problems import Refused, faults_of, not_valid

MAX_BYTES = 1_000_000
"""Of any body."""
JSON, TEXT, NDJSON = "application/json", "text/plain", "application/x-ndjson"
LINES = (TEXT, NDJSON)

M = TypeVar("M", bound=BaseModel)


def content_type(request: Request, allowed: Collection[str]) -> str:
    """Return the body's content type; 415 where it is none that the call takes."""
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told not in allowed:
        what = f"Content-Type {told!r}" if told else "no Content-Type"
        raise Refused(415, "content-type", f"{what}; send {' or '.join(allowed)}")
    return told


async def read_body(request: Request, *, max_bytes: int = MAX_BYTES, mend: str = "") -> bytes:
    """Return the body; 413 beyond ``max_bytes``, 400 where the client left in the middle."""
    too_long = Refused(
        413,
        "body-too-long",
        f"a body may have {max_bytes:,} bytes" + (f"; {mend}" if mend else ""),
        headers={"Connection": "close"},
    )
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > max_bytes:
        raise too_long
    read, n_bytes = [], 0
    try:
        async for piece in request.stream():
            n_bytes += len(piece)
            if n_bytes > max_bytes:
                raise too_long
            read.append(piece)
    except ClientDisconnect:
        raise Refused(400, "not-readable", "the body ended before it was whole") from None
    return b"".join(read)


def read_json(body: bytes, model: type[M]) -> M:
    """Return a body as a model; 400 for what is no JSON, 422 for what does not fit."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if found and found[0]["type"] == "json_invalid":
            raise Refused(400, "not-readable", f"the body is no JSON: {found[0]['msg']}") from None
        raise not_valid(faults_of(found, of="body")) from None


def read_lines(body: bytes, kind: str) -> Iterator[str]:
    """Yield the lines of a body; 400 names the one that is no UTF-8 text."""
    for number, raw in enumerate(body.removesuffix(b"\n").split(b"\n") if body else (), 1):
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise Refused(400, "not-readable", f"line {number} is not UTF-8 text; send one URL a line")
        yield _url_of(text) if kind == NDJSON else text


def _url_of(line: str) -> str:
    """Return the URL of a line of JSON: a string, or an object with a ``url``; any other line as it is."""
    if not line.lstrip().startswith(('"', "{")):
        return line
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return line
    url = found.get("url") if isinstance(found, dict) else found
    return url if isinstance(url, str) else line
