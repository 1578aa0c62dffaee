"""The files of a request: received to disk, then opened, as the lines of a list.

A body is one file, or a form with files. Nothing of it is held in memory as a whole.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from tlray.core.access.concurrency_limit import ConcurrencyLimit
from tlray.core.submission.lines import Chunk, Entry, RefusedLine
from tlray.io.intake.file_list import file_lines
from tlray.io.intake.uploads import Upload, batches_with_uploads, kept_bytes
from tlray.service.auth.principal import OPEN, Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.bodies import BYTES, FORM, content_type
from tlray.service.http.problems import ProblemError, rate_limited, validation

MOST_PER_USER: Final = 4
"""Requests with files at once, of one user …"""
MOST: Final = 16
"""… and of all, at one replica: each may hold a member of an archive."""
MAX_FORM_FILES: Final = 1_000
MAX_FILES: Final = 20_000
"""Files in a request, members of archives included."""
OPEN_TIMEOUT_S: Final = 30.0
IN_MEMORY_BYTES: Final = 64 * 1024

BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "minItems": 1,
                        }
                    },
                    "required": ["file"],
                },
                "example": {"file": ['TITLE "A set"\n…']},
            },
            BYTES: {"schema": {"type": "string", "format": "binary"}, "example": 'TITLE "A set"\n…'},
        },
    }
}
"""The OpenAPI description of a request with files."""


def places() -> ConcurrencyLimit:
    """Return the places of a replica for requests with files."""
    return ConcurrencyLimit(MOST_PER_USER)


@contextmanager
def place_for(principal: Principal, limit: ConcurrencyLimit) -> Iterator[None]:
    """Take one of the places for requests with files; 429 if there is none."""
    if limit.n_all >= MOST or limit.is_full(principal.user, is_sending=False):
        raise rate_limited(
            1.0,
            f"{MOST_PER_USER} imports of a user, or {MOST} of all users, are being received",
            headers={"Connection": "close"},
        )
    limit.enter(principal.user, is_sending=False)
    try:
        yield
    finally:
        limit.leave(principal.user, is_sending=False)


async def require_disk_quota(gateway: Gateway, principal: Principal) -> None:
    """Raise a problem (429) if too many bytes of a user's files are kept."""
    if principal is OPEN:
        return
    most = gateway.settings.max_upload_bytes_per_user
    names = [name for name, _ in await asyncio.to_thread(lambda: list(batches_with_uploads(gateway.home)))]
    own = [
        row["batch_id"] for row in await gateway.coordinator.uploads(names) if row["owner"] == principal.user
    ]
    if await asyncio.to_thread(kept_bytes, gateway.home, own) >= most:
        raise rate_limited(
            60.0,
            f"{most:,} bytes of files of this user are not read yet, or hold no set (TLRAY_MAX_UPLOAD_BYTES_PER_USER)",
            headers={"Connection": "close"},
        )


async def receive(request: Request, upload: Upload, name: str) -> None:
    """Write the files of a request to disk; a problem (400, 415, 422) if there are none."""
    kind = content_type(request, (FORM, BYTES))
    try:
        if kind == BYTES:
            with SpooledTemporaryFile(IN_MEMORY_BYTES) as body:
                async for block in request.stream():
                    await _write(body, block)
                body.seek(0)
                await asyncio.to_thread(upload.add, name, cast(BinaryIO, body))
        else:
            await _receive_form(request, upload)
    except ClientDisconnect:
        raise ProblemError(400, "the body is incomplete") from None
    except MultiPartException as error:
        raise ProblemError(400, f"the body is not a form with files: {error.message}") from None
    if not upload.files:
        raise validation([("body", "no file; send a form with one or more")])


async def _write(body: SpooledTemporaryFile[bytes], block: bytes) -> None:
    """Write a block of a body: in a thread once it is on disk."""
    if body.tell() + len(block) > IN_MEMORY_BYTES:
        await asyncio.to_thread(body.write, block)
    else:
        body.write(block)


async def _receive_form(request: Request, upload: Upload) -> None:
    parser = _FormParser(
        request.headers,
        request.stream(),
        max_files=MAX_FORM_FILES,
        max_fields=0,
    )
    form = await parser.parse()
    try:
        if not parser.has_ended:
            raise ProblemError(400, "the body is incomplete: the form has no end")
        for _, file in form.multi_items():
            if isinstance(file, UploadFile):
                await asyncio.to_thread(upload.add, file.filename or "", file.file)
    finally:
        await form.close()


class _FormParser(MultiPartParser):
    """A parser of forms that says if the form was whole."""

    spool_max_size = IN_MEMORY_BYTES
    has_ended = False

    def on_end(self) -> None:
        """Record the end of the last part."""
        self.has_ended = True


async def opened(upload: Upload, *, kind: str, encoding: str, first_line: int = 1) -> Chunk:
    """Return what is in the files of a request, as lines; 413 if it is too much."""
    return await asyncio.to_thread(_opened, upload, kind, encoding, first_line)


def _opened(upload: Upload, kind: str, encoding: str, first_line: int) -> Chunk:
    deadline = time.monotonic() + OPEN_TIMEOUT_S
    lines: list[Entry | RefusedLine] = []
    for line in file_lines(upload.files, kind=kind, encoding=encoding, first_line=first_line):
        lines.append(line)
        if len(lines) > MAX_FILES:
            raise ProblemError(413, f"more than {MAX_FILES:,} files; send them in pieces")
        if time.monotonic() > deadline:
            raise ProblemError(
                413, f"the files take more than {OPEN_TIMEOUT_S:g} s to open; send them in pieces"
            )
    return Chunk.of(lines)
