"""``GET /api/v1/catalogue/export?format=``: the sets of a search, those of all batches, or one set, as a file of one format."""

from __future__ import annotations

import asyncio
import json
from dataclasses import astuple
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from tlray.errors import CannotFinish, UsageError
from tlray.export.filenames import safe_name
from tlray.export.formats import all_formats
from tlray.io.catalogue import search
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.merging import iter_merged
from tlray.io.catalogue.newest import iter_newest
from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.http.problems import problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.catalogue import ask_for_set, read_asked
from tlray.service.routes.dependencies import Reader, TheGateway
from tlray.service.routes.export_files import Source
from tlray.service.routes.exports import (
    KINDS,
    FormatName,
    FormatOptions,
    export_answer,
    file_responses,
)
from tlray.service.routes.search_conditions import TheConditions

router = APIRouter(prefix="/api/v1", tags=["results"], route_class=ApiRoute)
CATCH_UP_S: Final = 10.0
"""So long an export of the catalogue reads what is missing there; if that is not all of it, it is refused for now."""
ONE_KINDS: Final = {f.media_type.partition(";")[0]: {"schema": {"type": "string"}} for f in all_formats()}
"""Media types of the file of one set; those of many sets are `KINDS`."""
NAME_BYTES: Final = 120
"""Of a file that is named after a set."""


class OneSet:
    """The set that is exported; without a site: all of them."""

    def __init__(
        self,
        site: Annotated[str | None, Query(max_length=200, description="Only one set: its site …")] = None,
        source_id: Annotated[str | None, Query(max_length=2_000, description="… and its id there.")] = None,
        version: Annotated[
            int | None,
            Query(ge=1, le=2**31, description="Of one set: the number of a version, in place of the newest."),
        ] = None,
    ) -> None:
        if (site is None) != (source_id is None):
            raise validation([("query.site", "give site and source_id, or neither")])
        if version is not None and site is None:
            raise validation([("query.version", "give the site and source_id of the set")])
        self.site, self.source_id, self.version = site or "", source_id or "", version
        self.is_given = site is not None


@router.head("/catalogue/export", include_in_schema=False)
@router.get(
    "/catalogue/export",
    response_class=Response,
    responses={**file_responses(ONE_KINDS | KINDS), **problems(404, 413, 416, 507)},
)
async def export_catalogue(
    request: Request,
    gateway: TheGateway,
    principal: Reader,
    options: FormatOptions,
    format_: FormatName,
    conditions: TheConditions,
    one: Annotated[OneSet, Depends()],
    merged: Annotated[
        bool, Query(description="One set a performance, of each field the best source.")
    ] = False,
) -> Response:
    """Download the newest version of every set that a search finds, of all your batches, or one set, as one file.

    ZIP archives are as those of a batch; one set that makes one file comes as that file.
    """
    if one.is_given:
        if conditions.query != search.Query():
            raise validation([("query.site", "one set has no conditions: leave out those of a search")])
        return await _one_answer(request, gateway, principal, format_, options, one, merged=merged)
    owner, query = principal.sees, conditions.query
    if merged:
        try:
            query.require_performances()
        except UsageError as error:
            raise validation([("query.merged", str(error))]) from None
    newest = partial(iter_newest, query=query)
    performances = partial(iter_merged, min_quality=query.min_quality)
    sets = performances if merged else newest

    async def find() -> Source:
        standing = await asyncio.to_thread(catch_up, gateway.home, within_s=CATCH_UP_S)
        if standing.n_behind:
            raise CannotFinish(
                f"the catalogue lacks about {standing.n_behind:,} results, which are being read; try again"
            )
        # a user may be named like anything: as JSON, no two texts are one
        content = json.dumps([standing.position, astuple(query), merged, owner])
        return Source(content, lambda: sets(gateway.home, owner=owner))

    name = "merged" if merged else "all"
    filename = "found" if query.names_sets else name
    return await export_answer(request, gateway, name, format_, options, find, filename=filename)


async def _one_answer(
    request: Request,
    gateway: Gateway,
    principal: Principal,
    format_: str,
    options: FormatOptions,
    one: OneSet,
    *,
    merged: bool,
) -> Response:
    """Answer with the file of one set, which is named after it."""
    asked = await ask_for_set(
        gateway.home, principal, one.site, one.source_id, merged=merged, version=one.version
    )
    tracklist, _ = await asyncio.to_thread(read_asked, gateway.home, asked, merged=merged)

    async def find() -> Source:
        return Source(repr(tracklist), lambda: [tracklist], one=tracklist)

    tag = f"[{tracklist.source_id}]" if tracklist.source_id else ""
    filename = safe_name(tracklist.title, tag=tag, max_bytes=NAME_BYTES)
    return await export_answer(request, gateway, "one", format_, options, find, filename=filename)
