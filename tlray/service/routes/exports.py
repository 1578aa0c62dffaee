"""``GET /api/v1/batch/{id}/export?format=``: a batch's sets as a file of one format.

The file is made on disk in constant memory, once for what the batch has just then, and sent from there. Ray Serve keeps what a
slow reader has not read yet in memory, so one answer has `MAX_SENT` bytes at most: a larger file is taken in ranges.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import fields
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints
from weakref import WeakValueDictionary

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from tlray.export.formats import all_formats, get, names
from tlray.export.interface import Format
from tlray.io.disk.home import Home
from tlray.io.export import zip_archive
from tlray.io.export.files import write
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import iter_tracklists
from tlray.io.results.store import PartMoved
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import ProblemError, problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, TheGateway

router = APIRouter(prefix="/api/v1", tags=["results"], route_class=ApiRoute)
MAX_SENT: Final = 32_000_000
TRIES: Final = 4
KEEP_S: Final = 3_600.0
"""A file that was not downloaded for so long is removed when another is written …"""
MAX_KEPT: Final = 12
"""… and the least recently used of a batch with more files than this."""
_RANGE: Final = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)

_BYTES: Final = {"type": "string", "format": "binary"}
_SET: Final = {"type": "object", "description": "A set; all of its fields are in docs/results.md."}
KINDS: Final[dict[str, Any]] = {
    "application/json": {"schema": {"type": "array", "items": _SET}},
    "application/x-ndjson": {"schema": _SET},  # of one line
    "text/csv": {"schema": {"type": "string"}},
    "application/vnd.apache.parquet": {
        "schema": {**_BYTES, "description": "A row a set, with its tracks in it."}
    },
    zip_archive.MEDIA_TYPE: {
        "schema": {**_BYTES, "description": "Files, one a recording, and `left-out.txt`."}
    },
}
KINDS.update(
    {
        kind: {"schema": {"type": "string"} if f.is_text else _BYTES}
        for f in all_formats()
        if f.fits_one_file and (kind := f.media_type.partition(";")[0]) not in KINDS
    }
)
FILE_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": KINDS},
    206: {"description": f"A range of it, at most {MAX_SENT:,} bytes.", "content": KINDS},
    304: {"description": "The file of `If-None-Match` has not changed."},
}
_locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()


@router.get("/formats")
async def formats(principal: Reader) -> JSONResponse:
    """List the export formats."""
    rows = [
        {"name": f.name, "suffix": f.download_suffix, "about": f.about, "options": f.option_names}
        for f in all_formats()
    ]
    return JSONResponse({"formats": rows})


def _options_query() -> Callable[..., Awaitable[dict[str, Any]]]:
    """Return a dependency that takes every option of every format as a parameter of the query."""

    async def options(**values: Any) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value is not None}

    takers: dict[str, list[str]] = {}
    parameters: dict[str, Parameter] = {}
    for format_ in all_formats():
        types = get_type_hints(type(format_.options))
        for field in fields(format_.options):
            takers.setdefault(field.name, []).append(format_.name)
            is_list = isinstance(field.default, tuple)
            about = f"{', '.join(takers[field.name])}: {field.metadata.get('about', '')}"
            query = Query(description=f"{about}, separated by commas" if is_list else about)
            type_: Any = Annotated[str if is_list else types[field.name], query]
            parameters[field.name] = Parameter(
                field.name, Parameter.KEYWORD_ONLY, default=None, annotation=type_ | None
            )
    options.__signature__ = Signature(list(parameters.values()))  # type: ignore[attr-defined]
    return options


@router.head("/batch/{batch_id}/export", include_in_schema=False)
@router.get(
    "/batch/{batch_id}/export",
    response_class=Response,
    responses={**FILE_RESPONSE, **problems(404, 413, 416, 507)},
)
async def export(
    request: Request,
    batch_id: BatchId,
    gateway: TheGateway,
    principal: Reader,
    options: Annotated[dict[str, Any], Depends(_options_query())],
    format_: Annotated[
        str, Query(alias="format", json_schema_extra={"enum": list(names())}, examples=["csv"])
    ],
) -> Response:
    """Download the sets that a batch has now as one file. What has a file a recording (CUE, chapters) comes as a ZIP archive."""
    await gateway.see(principal, batch_id)
    chosen = get(format_)
    chosen_options = {name: value for name, value in options.items() if name in chosen.option_names}
    path = await _exported(gateway, batch_id, chosen, chosen.chosen(chosen_options))
    kind = chosen.media_type if chosen.fits_one_file else zip_archive.MEDIA_TYPE
    answer = FileResponse(
        path,
        media_type=kind,
        filename=f"{batch_id}{chosen.download_suffix}",
        headers={"ETag": f'"{path.stem}"'},  # the name stands for the content, which never changes
    )
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


async def _exported(gateway: Gateway, batch_id: str, format_: Format, options: Any) -> Path:
    """Return the file of an export, written if there is none yet."""
    for attempt in range(1, TRIES + 1):
        stems, last_done = await gateway.coordinator.manifest(batch_id)
        content = f"{format_.name} {options} {last_done}".encode()
        key = hashlib.blake2b(content, digest_size=8).hexdigest()
        path = gateway.home.exports(batch_id) / "_service" / f"{format_.name}-{key}{format_.download_suffix}"
        lock = _locks.setdefault(path.parent, asyncio.Lock())  # one at a time for a batch
        async with lock:
            if path.is_file():
                path.touch()
                return path
            try:
                await asyncio.to_thread(_write, gateway.home, batch_id, stems, path, format_, options)
            except PartMoved:  # a part is being merged into another
                if attempt == TRIES:
                    raise
                await asyncio.sleep(0.2 * attempt)
            else:
                return path
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _write(home: Home, batch_id: str, stems: list[str], path: Path, format_: Format, options: Any) -> None:
    sets = iter_tracklists(open_store(home), batch_id, lambda: stems)
    if format_.fits_one_file:
        write(sets, format_, path, options)
    else:
        zip_archive.write_zip(sets, format_, path, options)
    with suppress(FileNotFoundError):  # another replica may have removed one
        files = sorted(path.parent.iterdir(), key=lambda file: -file.stat().st_mtime)
        for n, older in enumerate(files):
            if n >= MAX_KEPT or time.time() - older.stat().st_mtime > KEEP_S:
                older.unlink()
