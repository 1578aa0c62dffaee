"""How is a request's body read? Within a bound, refused early beyond it, as one of the content types that a call takes.

A body that says how long it is (Content-Length) is refused before a byte of it is read; one that does not, as soon as it has
gone beyond. What a client has not sent whole is never acted upon.
"""

from __future__ import annotations

from collections.abc import Collection
from email.message import Message
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

from tlray.io.intake.list_text import as_utf8
from tlray.service.http.problems import Refused, not_valid
from tlray.service.http.validation_errors import faults_of

MAX_BYTES = 1_000_000
"""Of any body."""
MAX_DIGITS = 18
JSON, TEXT, NDJSON = "application/json", "text/plain", "application/x-ndjson"
LINES = (TEXT, NDJSON)
UTF_8 = ("utf-8", "utf8")
UTF_16 = ("utf-16", "utf-16le", "utf-16be")

M = TypeVar("M", bound=BaseModel)


def content_type(request: Request, allowed: Collection[str]) -> str:
    """Return the body's content type; 415 where it is none that the call takes, or it is compressed, or in another charset."""
    told = request.headers.get("content-type", "")
    kind = told.partition(";")[0].strip().lower()
    if kind not in allowed:
        what = f"Content-Type {kind!r}" if kind else "no Content-Type"
        raise Refused(415, "content-type", f"{what}; send {' or '.join(allowed)}")
    for charset in _charsets(told):
        if charset.lower() not in (UTF_8 + UTF_16 if kind in LINES else UTF_8):
            raise Refused(415, "content-type", f"charset {charset[:40]!r}; send UTF-8")
    coding = request.headers.get("content-encoding", "identity").strip()
    if coding.lower() not in ("", "identity"):
        raise Refused(
            415,
            "content-type",
            f"Content-Encoding {coding[:40]!r}; send the body as it is, not compressed",
            headers={"Accept-Encoding": "identity"},
        )
    return kind


def _charsets(content_type: str) -> list[str]:
    header = Message()
    header["content-type"] = content_type
    return [str(value) for name, value in header.get_params([]) if name.lower() == "charset"]


async def read_body(request: Request, *, max_bytes: int = MAX_BYTES, mend: str = "") -> bytes:
    """Return the body; 413 beyond ``max_bytes``, 400 where the client left in the middle."""
    too_long = Refused(
        413,
        "body-too-long",
        f"a body may have {max_bytes:,} bytes" + (f"; {mend}" if mend else ""),
        headers={"Connection": "close"},
    )
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > MAX_DIGITS or int(length) > max_bytes):
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
    """Return a body as a model; 400 for what is no JSON, 422 for what does not fit. A byte order mark before it is no fault."""
    try:
        body = as_utf8(body)
    except UnicodeError as error:
        raise Refused(400, "not-readable", f"the body is no JSON: {error}") from None
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if found and found[0]["type"] == "json_invalid":
            raise Refused(400, "not-readable", f"the body is no JSON: {found[0]['msg']}") from None
        raise not_valid(faults_of(found, of="body", sent=from_json(body))) from None
