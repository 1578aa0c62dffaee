"""``GET /api/v1/batch/{id}/export?format=``: a batch's sets as a file of one format.

The file is made on disk in constant memory, once for what the batch has just then, and sent from there. Ray Serve keeps what a
slow reader has not read yet in memory, so one answer has `MAX_SENT` bytes at most: a larger file is taken in ranges.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final
from weakref import WeakValueDictionary

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from tlray.export.formats import FORMATS, get, names
from tlray.export.interface import Format, Holds
from tlray.export.options import Options, Over99
from tlray.io.disk.home import Home
from tlray.io.export import zip_archive
from tlray.io.export.files import write
from tlray.io.results.part_files import PartMoved
from tlray.io.results.reader import iter_tracklists
from tlray.model import CuePrecision
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import Refused, problems
from tlray.service.routes.dependencies import Reader, TheGateway

router = APIRouter(prefix="/api/v1", tags=["results"])
MAX_SENT: Final = 32_000_000
TRIES: Final = 4
KEEP_S: Final = 3_600.0
"""A file that nobody has taken for so long is removed when another is made …"""
MAX_KEPT: Final = 12
"""… and of more than so many of a batch those that nobody has taken for the longest time."""
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
    zip_archive.CONTENT_TYPE: {
        "schema": {**_BYTES, "description": "Sheets, one a recording, and `left-out.txt`."}
    },
}
"""A test sees that each format's is here."""
FILE_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": KINDS},
    206: {"description": f"A range of it, at most {MAX_SENT:,} bytes.", "content": KINDS},
    304: {"description": "It is still the file that `If-None-Match` names."},
}
_making: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()


@router.get("/formats")
async def formats(principal: Reader) -> JSONResponse:
    """The formats that sets can be exported as."""
    told = [{"name": f.name, "suffix": suffix_of(f), "about": f.about} for f in FORMATS]
    return JSONResponse({"formats": told})


async def _options(
    bom: Annotated[bool, Query(description="cue, csv: begin with a byte order mark.")] = False,
    over_99: Annotated[Over99, Query(description="cue: what to do with more than 99 tracks.")] = Over99.SPLIT,
    strict: Annotated[bool, Query(description="cue: at most 80 characters in a value.")] = False,
    media: Annotated[str | None, Query(max_length=300, description="cue: the audio file's name.")] = None,
    cue_precision: Annotated[
        list[CuePrecision] | None,
        Query(description="cue: take cues of these precisions too, not only exact ones."),
    ] = None,
) -> Options:
    chosen = tuple(sorted(set(cue_precision or ())))
    return Options(bom=bom, over_99=over_99, strict=strict, media=media, cue_precision=chosen)


@router.head("/batch/{batch_id}/export", include_in_schema=False)
@router.get(
    "/batch/{batch_id}/export",
    response_class=Response,
    responses={**FILE_ANSWER, **problems(404, 413, 416, 422, 503, 507)},
)
async def export(
    request: Request,
    batch_id: str,
    gateway: TheGateway,
    principal: Reader,
    options: Annotated[Options, Depends(_options)],
    format_: Annotated[
        str, Query(alias="format", json_schema_extra={"enum": list(names())}, examples=["csv"])
    ],
) -> Response:
    """A batch's sets as one file: those that it has now. CUE sheets come as a ZIP archive."""
    await gateway.see(principal, batch_id)
    chosen = get(format_)
    path = await _made(gateway, batch_id, chosen, options)
    kind = zip_archive.CONTENT_TYPE if chosen.holds is Holds.RECORDING else chosen.content_type
    answer = FileResponse(
        path,
        media_type=kind,
        filename=f"{batch_id}{suffix_of(chosen)}",
        headers={"ETag": f'"{path.stem}"'},  # it names what is in the file, which is never changed
    )
    if is_known(request.headers.getlist("if-none-match"), answer.headers["etag"]):
        return Response(status_code=304, headers={"ETag": answer.headers["etag"]})
    answer.set_stat_headers(stat := path.stat())
    text = request.headers.get("range")
    if request.headers.get("if-range", answer.headers["etag"]) != answer.headers["etag"]:
        text = None  # it is another file now
    asked = bounded_range(text, stat.st_size)
    if asked is None and stat.st_size > MAX_SENT and request.method != "HEAD":
        raise Refused(
            413,
            "take-ranges",
            f"the file has {stat.st_size:,} bytes, and an answer at most {MAX_SENT:,}: take it in ranges,"
            f" such as `Range: bytes=0-{MAX_SENT - 1}`",
            headers={"Accept-Ranges": "bytes"},
        )
    others = [pair for pair in request.scope["headers"] if pair[0] not in (b"range", b"if-range")]
    request.scope["headers"] = [*others, (b"range", asked.encode())] if asked else others
    return answer


def used(format_: Format, options: Options) -> Options:
    """Return the options that a format heeds; the others are as if nobody had said them."""
    if format_.holds is Holds.RECORDING:
        return options
    return Options(bom=options.bom) if format_.name == "csv" else Options()


def suffix_of(format_: Format) -> str:
    """Return what an export's file ends with."""
    return ".zip" if format_.holds is Holds.RECORDING else format_.suffix


def is_known(if_none_match: list[str], etag: str) -> bool:
    """Whether a client has the file already, by the header in which it names those that it has."""
    named = [name.strip().removeprefix("W/") for text in if_none_match for name in text.split(",")]
    return etag in named or named == ["*"]


def bounded_range(text: str | None, n_bytes: int) -> str | None:
    """Return the range that is sent of a file, no longer than one answer may be; None: no range was asked for.

    What is no single range of bytes counts as none, as RFC 9110 has it (14.1.1, 14.2); 416 for one that lies beyond the end.
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
        raise Refused(416, "no-such-range", f"the file has {n_bytes:,} bytes", headers=beyond)
    return f"bytes={first}-{min(last, n_bytes - 1, first + MAX_SENT - 1)}"


async def _made(gateway: Gateway, batch_id: str, format_: Format, options: Options) -> Path:
    """Return the export's file, made where it is not there yet."""
    for attempt in range(1, TRIES + 1):
        stems, last_done = await gateway.ask("manifest", batch_id=batch_id)
        told = f"{format_.name} {used(format_, options)} {last_done}".encode()
        key = hashlib.blake2b(told, digest_size=8).hexdigest()
        path = gateway.home.exports(batch_id) / "_service" / f"{format_.name}-{key}{suffix_of(format_)}"
        lock = _making.setdefault(path.parent, asyncio.Lock())  # one at a time of a batch
        async with lock:
            if path.is_file():
                path.touch()
                return path
            try:
                await asyncio.to_thread(_make, gateway.home, batch_id, stems, path, format_, options)
            except PartMoved:  # a part may just have been merged into another
                if attempt == TRIES:
                    raise
                await asyncio.sleep(0.2 * attempt)
            else:
                return path
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _make(home: Home, batch_id: str, stems: list[str], path: Path, format_: Format, options: Options) -> None:
    sets = iter_tracklists(home, batch_id, lambda: stems)
    if format_.holds is Holds.RECORDING:
        zip_archive.write_zip(sets, format_, path, options)
    else:
        write(sets, format_, path, options)
    with suppress(FileNotFoundError):  # another replica may have removed one
        files = sorted(path.parent.iterdir(), key=lambda file: -file.stat().st_mtime)
        for n, older in enumerate(files):
            if n >= MAX_KEPT or time.time() - older.stat().st_mtime > KEEP_S:
                older.unlink()
