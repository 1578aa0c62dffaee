"""``/api/v1/import``: files become a batch, in one request or in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from tlray.core.submission.lines import Chunk
from tlray.errors import BacklogFull, Conflict, ListTooLong, StorageFull, UsageError
from tlray.io.intake.uploads import Upload
from tlray.readers.decoding import is_encoding
from tlray.readers.registry import KINDS
from tlray.scrape_options import ScrapeOptions
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway, new_batch_id
from tlray.service.http.problems import ProblemError, problems, validation
from tlray.service.http.request_guard import IMPORT
from tlray.service.http.request_limits import has_body
from tlray.service.http.validation_errors import MAX_FAULTS_SHOWN
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.batches import Key
from tlray.service.routes.dependencies import BatchId, Submitter, TheGateway
from tlray.service.schemas.batches import NAME, ImportPreview, PieceReceipt, Priority, Receipt
from tlray.service.submission.import_preview import preview_import
from tlray.service.submission.permissions import options_for, require_quota
from tlray.service.submission.uploaded_files import BODY, opened, place_for, receive, require_disk_quota
from tlray.settings import Settings

router = APIRouter(prefix=IMPORT, tags=["batches"], route_class=ApiRoute)
SUBMIT_TIMEOUT_S: Final = 300.0
REFUSALS: Final = (BacklogFull, Conflict, ListTooLong, UsageError, StorageFull)
"""Errors after which the coordinator has taken in nothing."""


class Reading:
    """How the files of a request are read."""

    def __init__(
        self,
        kind: Annotated[
            str,
            Query(alias="as", description="Read all files as this kind.", examples=["cue"], max_length=40),
        ] = "",
        encoding: Annotated[
            str, Query(description="The encoding of text without one of its own.", max_length=40)
        ] = "",
        filename: Annotated[
            str,
            Query(
                description="The name of the file, if it is the whole body.",
                max_length=255,
                examples=["set.cue"],
            ),
        ] = "",
    ) -> None:
        if kind and kind not in KINDS:
            raise validation([("query.as", f"no such kind; choose one of {' '.join(sorted(KINDS))}")])
        if encoding and not is_encoding(encoding):
            raise validation(
                [("query.encoding", "no such encoding; give one like cp1251, gb18030, shift_jis")]
            )
        self.kind, self.encoding, self.filename = kind, encoding, filename

    @property
    def digest(self) -> str:
        """How they are read, as text."""
        return f"{self.kind} {self.encoding}"


class NewImport:
    """The batch that files become."""

    def __init__(
        self,
        state: Annotated[
            Literal["receiving"] | None,
            Query(description="Open a batch for files in pieces; the request has no body then."),
        ] = None,
        name: Annotated[str, Query(max_length=200, pattern=NAME)] = "",
        priority: Annotated[Priority, Query()] = "normal",
        keep_pages: Annotated[bool, Query(description="Keep a copy of each file in the archive.")] = True,
    ) -> None:
        self.is_in_pieces = state is not None
        self.options = ScrapeOptions(name=name, priority=priority, keep_pages=keep_pages, fresh_for=0)

    def given(self, principal: Principal, settings: Settings, key: str | None) -> dict[str, Any]:
        """Return what the coordinator needs to know of a batch."""
        options, level = options_for(principal, self.options, settings)
        return {
            "batch_id": new_batch_id(), "name": self.options.name, "priority": int(level), "options": options,
            "owner": principal.user, "key": key,
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """What another request under the same key must have in common with this one, besides the files."""
        said = self.options
        return f"files {self.is_in_pieces} {said.priority} {said.keep_pages} {said.name}"


@router.post(
    "",
    status_code=202,
    response_model=Receipt,
    openapi_extra=BODY,
    responses={
        200: {"model": ImportPreview, "description": "With `dry_run`."},
        **problems(400, 408, 409, 507),
    },
)
async def import_files(
    request: Request,
    gateway: TheGateway,
    principal: Submitter,
    reading: Annotated[Reading, Depends()],
    new: Annotated[NewImport, Depends()],
    key: Key = None,
    *,
    dry_run: Annotated[
        bool,
        Query(description="Make no batch; the answer (200) has the kinds of the files and what is refused."),
    ] = False,
) -> JSONResponse:
    """Import files, all of them or nothing. The answer names those that add no item."""
    if dry_run:
        return await _previewed(request, gateway, principal, reading, new)
    given = new.given(principal, gateway.settings, key)
    await require_quota(gateway, principal)
    if new.is_in_pieces:
        if has_body(request.headers):
            raise validation([("body", "files in pieces are appended; open the batch without a body")])
        async with gateway.submission_keys.claimed(principal.user, key, given["batch_id"]):
            return _accepted(await gateway.coordinator.open_upload(**given, digest=new.digest))
    with place_for(principal, request.app.state.imports):
        await require_disk_quota(gateway, principal)
        upload = Upload(gateway.home, given["batch_id"])
        with _discarding(upload, Exception, asyncio.CancelledError):
            await receive(request, upload, reading.filename)
            chunk = await opened(upload, kind=reading.kind, encoding=reading.encoding)
            _require_some_file(chunk)
        digest = f"{upload.digest} {reading.digest} {new.digest}"
        with _discarding(upload, *REFUSALS):
            submitting = gateway.within(SUBMIT_TIMEOUT_S)
            async with gateway.submission_keys.claimed(principal.user, key, given["batch_id"]):
                receipt = await submitting.submit(chunk=chunk, digest=digest, **given)
        if receipt["batch_id"] != given["batch_id"]:  # it was imported before, under the same key
            upload.discard()
    return _accepted(receipt)


@router.post(
    "/{batch_id}/append",
    response_model=PieceReceipt,
    openapi_extra=BODY,
    responses=problems(400, 404, 408, 409, 507),
)
async def append_files(
    request: Request,
    batch_id: BatchId,
    gateway: TheGateway,
    principal: Submitter,
    reading: Annotated[Reading, Depends()],
    piece: Annotated[int, Query(ge=1, le=1_000_000, description="Counts from 1.", examples=[1])],
) -> JSONResponse:
    """Add files to a batch that was opened with `?state=receiving`. `POST /api/v1/batch/{batch_id}/commit` starts it."""
    await gateway.see(principal, batch_id)
    with place_for(principal, request.app.state.imports):
        await require_disk_quota(gateway, principal)
        upload = Upload(gateway.home, batch_id)
        with _discarding(upload, Exception, asyncio.CancelledError):
            await receive(request, upload, reading.filename)
            digest = f"{upload.digest} {reading.digest}"
            first_line, receipt = await gateway.coordinator.chunk_position(batch_id, piece, digest)
            chunk = Chunk()
            if receipt is None:
                chunk = await opened(
                    upload, kind=reading.kind, encoding=reading.encoding, first_line=first_line
                )
        if receipt is not None:
            upload.discard()
        else:
            with _discarding(upload, *REFUSALS):
                receipt = await gateway.coordinator.append_chunk(
                    batch_id, piece, digest=digest,
                    first_line=first_line, n_lines=len(chunk.entries) + len(chunk.refused), chunk=chunk,
                )  # fmt: skip
    return JSONResponse(receipt)


async def _previewed(
    request: Request, gateway: Gateway, principal: Principal, reading: Reading, new: NewImport
) -> JSONResponse:
    """Return what would become of the files of a request."""
    if new.is_in_pieces:
        raise validation([("query.dry_run", "files in pieces are not checked before; check each piece")])
    with place_for(principal, request.app.state.imports):
        await require_disk_quota(gateway, principal)
        upload = Upload(gateway.home, new_batch_id())
        try:
            await receive(request, upload, reading.filename)
            found = await preview_import(upload, kind=reading.kind, encoding=reading.encoding)
        finally:
            upload.discard()
    return JSONResponse(found.model_dump())


@contextmanager
def _discarding(upload: Upload, *errors: type[BaseException]) -> Iterator[None]:
    """Delete the files after one of these errors. After any other the coordinator may have taken them in."""
    try:
        yield
    except errors:
        upload.discard()
        raise


def _accepted(receipt: Any) -> JSONResponse:
    return JSONResponse(receipt, 202, {"Location": f"/api/v1/batch/{receipt['batch_id']}/status"})


def _require_some_file(chunk: Chunk) -> None:
    """Raise a problem (422) that names the fault of each file, if none can be read."""
    if chunk.entries:
        return
    faults = [(f"file {line.line}", f"{line.text[:80]!r}: {line.reason}") for line in chunk.refused]
    more = f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""
    detail = f"no file can be read: {faults[0][1]}{more}"
    raise ProblemError(422, detail, errors=faults[:MAX_FAULTS_SHOWN])
