"""Bodies of requests: content type, charset, JSON."""

from __future__ import annotations

from collections.abc import Collection
from email.message import Message
from typing import Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

from tlray.io.intake.list_text import as_utf8
from tlray.service.http.problems import ProblemError, validation
from tlray.service.http.validation_errors import faults_of

JSON, TEXT, NDJSON = "application/json", "text/plain", "application/x-ndjson"
FORM, BYTES = "multipart/form-data", "application/octet-stream"
LINES: Final = (TEXT, NDJSON)
UTF_8: Final = ("utf-8", "utf8")
UTF_16: Final = ("utf-16", "utf-16le", "utf-16be")

M = TypeVar("M", bound=BaseModel)


def content_type(request: Request, allowed: Collection[str]) -> str:
    """Return the content type of a body; 415 if it is not allowed, compressed, or in a charset other than UTF-8.

    Lines may be in UTF-16, too.
    """
    header = request.headers.get("content-type", "")
    kind = header.partition(";")[0].strip().lower()
    if kind not in allowed:
        what = f"Content-Type {kind!r}" if kind else "no Content-Type"
        raise ProblemError(415, f"{what}; send {' or '.join(allowed)}")
    for charset in _charsets(header):
        if charset.lower() not in (UTF_8 + UTF_16 if kind in LINES else UTF_8):
            raise ProblemError(415, f"charset {charset[:40]!r}; send UTF-8")
    coding = request.headers.get("content-encoding", "identity").strip()
    if coding.lower() not in ("", "identity"):
        raise ProblemError(
            415,
            f"Content-Encoding {coding[:40]!r}; send the body uncompressed",
            headers={"Accept-Encoding": "identity"},
        )
    return kind


def _charsets(content_type: str) -> list[str]:
    header = Message()
    header["content-type"] = content_type
    return [str(value) for name, value in header.get_params([]) if name.lower() == "charset"]


async def read_body(request: Request) -> bytes:
    """Return the whole body; 400 if the client disconnects before its end."""
    try:
        return await request.body()
    except ClientDisconnect:
        raise ProblemError(400, "the body is incomplete") from None


def read_json(body: bytes, model: type[M]) -> M:
    """Return a body as a model; 400 if it is not JSON, 422 if it does not fit. A byte order mark is allowed."""
    try:
        body = as_utf8(body)
    except UnicodeError as error:
        raise ProblemError(400, f"the body is not JSON: {error}") from None
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if found and found[0]["type"] == "json_invalid":
            raise ProblemError(400, f"the body is not JSON: {found[0]['msg']}") from None
        raise validation(faults_of(found, of="body", sent=from_json(body))) from None
