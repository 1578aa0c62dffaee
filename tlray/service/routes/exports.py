"""``GET /api/v1/batch/{id}/export?format=``: the sets of a batch as a file of one format; and the formats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from inspect import Parameter, Signature
from typing import Annotated, Any, Final, get_type_hints

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from tlray.export.formats import all_formats, get, names
from tlray.io.export import zip_archive
from tlray.io.results.open_store import open_store
from tlray.io.results.reader import iter_tracklists
from tlray.service.http.file_answers import MAX_SENT, file_answer
from tlray.service.http.problems import problems
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import BatchId, Reader, TheGateway
from tlray.service.routes.export_files import Source, exported

router = APIRouter(prefix="/api/v1", tags=["results"], route_class=ApiRoute)
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


def file_responses(kinds: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route whose answer is a file of one of these media types."""
    return {
        200: {"description": "The file.", "content": kinds},
        206: {"description": f"A range of it, at most {MAX_SENT:,} bytes.", "content": kinds},
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
    responses={**file_responses(KINDS), **problems(404, 413, 416, 507)},
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

    return await export_answer(request, gateway, batch_id, format_, options, find)


async def export_answer(
    request: Request,
    gateway: TheGateway,
    name: str,
    format_: str,
    options: dict[str, Any],
    find: Callable[[], Awaitable[Source]],
    *,
    filename: str = "",
) -> Response:
    """Answer with the file of an export, made if there is none yet. Without a ``filename`` it is called ``name``."""
    chosen = get(format_)
    chosen_options = {key: value for key, value in options.items() if key in chosen.option_names}
    folder = gateway.home.exports(name) / "_service"
    path = await exported(folder, chosen, chosen.chosen(chosen_options), find)
    kind = chosen.media_type if chosen.fits_name(path.name) else zip_archive.MEDIA_TYPE
    suffix = chosen.suffix if chosen.fits_name(path.name) else chosen.download_suffix
    return file_answer(request, path, media_type=kind, filename=f"{filename or name}{suffix}")
