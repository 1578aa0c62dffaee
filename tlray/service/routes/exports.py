"""``GET /api/v1/batch/{id}/export?format=`` and ``/api/v1/catalogue/export``: sets as a file of one format."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import partial
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, get_type_hints

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from tlray.errors import CannotFinish
from tlray.export.formats import all_formats, get, names
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.merging import iter_merged
from tlray.io.catalogue.newest import iter_newest
from tlray.io.export import zip_archive
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import iter_tracklists
from tlray.service.http.file_answers import MAX_SENT, file_answer
from tlray.service.http.problems import problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, TheGateway
from tlray.service.routes.export_files import Source, exported

router = APIRouter(prefix="/api/v1", tags=["results"], route_class=ApiRoute)
CATCH_UP_S: Final = 10.0
"""So long an export of the catalogue reads what is missing there; if that is not all of it, it is refused for now."""
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


FormatOptions = Annotated[dict[str, Any], Depends(_options_query())]
FormatName = Annotated[
    str, Query(alias="format", json_schema_extra={"enum": list(names())}, examples=["csv"])
]
MinQuality = Annotated[
    float | None, Query(ge=0, le=1, description="Only sets of this quality, or a better one.")
]


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
    options: FormatOptions,
    format_: FormatName,
    min_quality: MinQuality = None,
) -> Response:
    """Download the sets that a batch has now as one file. What has a file a recording (CUE, chapters) comes as a ZIP archive."""
    await gateway.see(principal, batch_id)

    async def find() -> Source:
        stems, last_done = await gateway.coordinator.manifest(batch_id)
        return Source(
            f"{last_done} {min_quality}",
            lambda: iter_tracklists(
                open_store(gateway.home), batch_id, lambda: stems, min_quality=min_quality
            ),
        )

    return await _answer(request, gateway, batch_id, format_, options, find)


@router.head("/catalogue/export", include_in_schema=False)
@router.get(
    "/catalogue/export", response_class=Response, responses={**FILE_RESPONSE, **problems(413, 416, 507)}
)
async def export_catalogue(
    request: Request,
    gateway: TheGateway,
    principal: Reader,
    options: FormatOptions,
    format_: FormatName,
    min_quality: MinQuality = None,
    merged: Annotated[
        bool, Query(description="One set a performance, of each field the best source.")
    ] = False,
) -> Response:
    """Download the newest version of every set of all your batches as one file; ZIP archives are as those of a batch."""
    owner = principal.sees

    async def find() -> Source:
        standing = await asyncio.to_thread(catch_up, gateway.home, within_s=CATCH_UP_S)
        if standing.n_behind:
            raise CannotFinish(
                f"the catalogue lacks about {standing.n_behind:,} results, which are being read; try again"
            )
        sets = partial(iter_merged if merged else iter_newest, gateway.home)
        # a user may be named like anything: as JSON, no two texts are one
        content = json.dumps([standing.position, min_quality, merged, owner])
        return Source(content, lambda: sets(min_quality=min_quality, owner=owner))

    return await _answer(request, gateway, "merged" if merged else "all", format_, options, find)


async def _answer(
    request: Request,
    gateway: TheGateway,
    name: str,
    format_: str,
    options: dict[str, Any],
    find: Callable[[], Awaitable[Source]],
) -> Response:
    """Answer with the file of an export, made if there is none yet."""
    chosen = get(format_)
    chosen_options = {key: value for key, value in options.items() if key in chosen.option_names}
    folder = gateway.home.exports(name) / "_service"
    path = await exported(folder, chosen, chosen.chosen(chosen_options), find)
    kind = chosen.media_type if chosen.fits_one_file else zip_archive.MEDIA_TYPE
    return file_answer(request, path, media_type=kind, filename=f"{name}{chosen.download_suffix}")
