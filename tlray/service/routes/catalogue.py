"""``/api/v1/catalogue``: search over all batches, one set with its versions; and ``/api/v1/changes``.

A user sees the sets of their own batches, an admin those of all. Each call first reads what the catalogue is missing
(`tlray.service.backend.catalogue_questions`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from enum import Enum, StrEnum
from functools import partial
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator

from tlray.core.access.cursor import decode, encode
from tlray.core.access.path_part import from_path
from tlray.core.model.printable import in_json
from tlray.core.model.quality import issue_name
from tlray.export.json_shape import encode as utf8
from tlray.export.json_shape import plain
from tlray.io.catalogue import search as catalogue
from tlray.io.catalogue.catch_up import Standing
from tlray.io.catalogue.change_list import NoStart, changes, cursor_of, end_of, start_of
from tlray.io.catalogue.merging import read_merged
from tlray.io.catalogue.newest import read_set
from tlray.io.catalogue.performances import same_as, sets_of
from tlray.io.catalogue.search import Place
from tlray.io.catalogue.tally import of_owner, quality_of
from tlray.io.catalogue.version_list import StoredVersion, find_version
from tlray.io.catalogue.version_list import versions as list_versions
from tlray.io.disk.home import Home
from tlray.model import Tracklist
from tlray.service.auth.principal import Principal
from tlray.service.backend.catalogue_questions import questions_of
from tlray.service.http.bodies import NDJSON
from tlray.service.http.paging import Cursor, Limit
from tlray.service.http.problems import not_found, problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Reader, TheGateway, TheStreams
from tlray.service.routes.search_conditions import TheConditions
from tlray.service.schemas.catalogue import CataloguePage, VersionsResponse, WholeSet

T = TypeVar("T")
router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=ApiRoute)
MAX_BYTES: Final = 4_000_000
"""Of changes in one response: Ray Serve holds in memory what a slow client has not read."""
FOLLOW_S: Final = 25.0
LOOK_EVERY_S: Final = 1.0
_TAGS: Final[list[str | Enum]] = ["catalogue"]
Site = Annotated[str, Path(max_length=200, examples=["1001tracklists"])]
SourceId = Annotated[
    str,
    Path(
        max_length=2_000,
        description="The site's id of the set. `.`, `..` and what ends in `/versions` have a slash more: `..%2F`.",
        examples=["1pn8l919"],
    ),
    AfterValidator(from_path),
]


class Order(StrEnum):
    """The order of a list of changes."""

    OLDEST = "oldest"
    NEWEST = "newest"


CHANGES_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "One change per line. `X-Next-Cursor` is the `since` to go on with; with `order=newest` the `before`.",
        "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/ChangeLine"}}},
        "headers": {"X-Next-Cursor": {"schema": {"type": "string"}}},
    }
}


@router.get("/catalogue", response_model=CataloguePage, responses=problems(400))
async def search(
    gateway: TheGateway,
    principal: Reader,
    conditions: TheConditions,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """Search the newest versions of the sets of all your batches. The set that was catalogued last comes first."""
    before = decode(cursor, "catalogue", int)[0] if cursor else None
    standing, (found, whole) = await _ask(
        gateway.home,
        lambda db: (
            catalogue.search(db, conditions.query, owner=principal.sees, before=before, limit=limit),
            quality_of(db, of_owner(principal.sees)),
        ),
    )
    next_cursor = None if found.next_id is None else encode("catalogue", found.next_id)
    return JSONResponse(
        {
            "sets": found.sets, "total": found.total, "quality": found.quality, "catalogue": whole,
            "behind": standing.n_behind, "next_cursor": next_cursor,
        }
    )  # fmt: skip


@router.get(
    "/catalogue/{site}/{source_id:path}/versions", response_model=VersionsResponse, responses=problems(404)
)
async def versions(gateway: TheGateway, principal: Reader, site: Site, source_id: SourceId) -> JSONResponse:
    """List all versions of a set, the one published last first."""
    _, found = await _ask(gateway.home, lambda db: list_versions(db, site, source_id, owner=principal.sees))
    if not found:
        raise not_found("set", f"{site}:{source_id}")
    return JSONResponse({"versions": found})


@router.get("/catalogue/{site}/{source_id:path}", response_model=WholeSet, responses=problems(404))
async def one(
    gateway: TheGateway,
    principal: Reader,
    site: Site,
    source_id: SourceId,
    merged: Annotated[
        bool, Query(description="Merge it with the sets of other sites that are the same performance.")
    ] = False,
    version: Annotated[
        int | None,
        Query(ge=1, le=2**31, description="The number of one of its versions, in place of the newest."),
    ] = None,
) -> Response:
    """Return a set, with its tracks, and the sets of other sites that are the same performance."""
    asked = await ask_for_set(gateway.home, principal, site, source_id, merged=merged, version=version)
    shape = await asyncio.to_thread(_whole, gateway.home, asked, merged=merged)
    return Response(_line(shape | {"same_as": asked.same_as}), media_type="application/json")


@router.get("/changes", response_class=Response, responses={**CHANGES_RESPONSE, **problems(400)})
async def list_changes(  # noqa: PLR0913, PLR0917 - each is a condition
    gateway: TheGateway,
    streams: TheStreams,
    principal: Reader,
    since: Annotated[
        str | None,
        Query(
            max_length=500,
            description="A moment, such as `2026-11-01` or `7d` (ago), or the cursor of a change.",
        ),
    ] = None,
    site: Annotated[
        str | None, Query(max_length=200, description="Only changes of one set: its site …")
    ] = None,
    source_id: Annotated[str | None, Query(max_length=2_000, description="… and its id there.")] = None,
    order: Annotated[Order, Query(description="Which changes come first.")] = Order.OLDEST,
    before: Annotated[
        str | None, Query(max_length=500, description="The cursor of a change: only those before it.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="The largest number of changes.")] = 1_000,
    follow: Annotated[bool, Query(description="If there is no change, wait up to 25 s for one.")] = False,
) -> Response:
    """Return what changed in sets that were fetched again, in the order of publication or the newest first."""
    if (site is None) != (source_id is None):
        raise validation([("query.site", "give site and source_id, or neither")])
    is_newest_first = order is Order.NEWEST
    if follow and (is_newest_first or before is not None):
        raise validation([("query.follow", "it waits for later changes: leave out order=newest and before")])
    of_set = None if site is None or source_id is None else (site, source_id)
    try:
        after, at = start_of(since)
    except NoStart as error:
        raise validation([("query.since", str(error))]) from None
    deadline = time.monotonic() + (FOLLOW_S if follow else 0.0)

    conditions = partial(
        changes, owner=principal.sees, after=after, before=end_of(before), since=at, of_set=of_set,
        is_newest_first=is_newest_first, limit=limit,
    )  # fmt: skip
    while True:
        _, found = await _ask(gateway.home, lambda db: list(conditions(db)))
        if found or time.monotonic() >= deadline or streams.shutdown.has_begun:
            break
        with streams.counted(principal):
            await streams.shutdown.unless_begun(asyncio.sleep(LOOK_EVERY_S))
    behind, body = (before if is_newest_first else since) or cursor_of(0), bytearray()
    for change in found:
        if len(body) >= MAX_BYTES:
            break
        body += _line(change) + b"\n"
        behind = change["cursor"]
    return Response(bytes(body), media_type=NDJSON, headers={"X-Next-Cursor": behind})


async def _ask(home: Home, question: Callable[[Any], T]) -> tuple[Standing, T]:
    """Return how far the catalogue is, and the answer to a question."""
    return await questions_of(home).ask(question)


class Asked(NamedTuple):
    """Where a set is."""

    places: list[Place]
    """Its newest version, and those of the sets that it is merged with."""
    same_as: list[dict[str, Any]]
    version: StoredVersion | None
    """The version that is asked for, if it is not the newest."""


async def ask_for_set(
    home: Home, principal: Principal, site: str, source_id: str, *, merged: bool, version: int | None
) -> Asked:
    """Return where a set that the caller sees is; a problem (404, 422) if there is none, or no such version."""
    if merged and version is not None:
        raise validation([("query.version", "the newest versions are merged; leave out one of the two")])
    owner = principal.sees

    def question(db: Any) -> Asked | None:
        place = catalogue.find(db, site, source_id, owner=owner)
        if place is None:
            return None
        found = None if version is None else find_version(db, site, source_id, version, owner=owner)
        places = sets_of(db, place, owner=owner) if merged else [place]
        return Asked(places, same_as(db, place, owner=owner), found)

    _, found = await _ask(home, question)
    if found is None:
        raise not_found("set", f"{site}:{source_id}")
    if version is not None and found.version is None:
        raise not_found("version", f"{version} of {site}:{source_id}")
    return found


def read_asked(home: Home, asked: Asked, *, merged: bool) -> tuple[Tracklist, Place]:
    """Return a set, and the place of its newest version; merged: of its first source."""
    place = asked.places[0]
    if asked.version is not None:
        return read_set(home, asked.version), place
    return read_merged(home, asked.places) if merged else (read_set(home, place), place)


def _whole(home: Home, asked: Asked, *, merged: bool) -> dict[str, Any]:
    tracklist, place = read_asked(home, asked, merged=merged)
    of_version: dict[str, Any] = {}
    if asked.version is not None:
        of_version = {
            "batch_id": asked.version.batch_id, "item_id": str(asked.version.item_id),
            "issues": [issue_name(issue) for issue in tracklist.quality_issues],
        }  # fmt: skip
    return {**place.summary, **plain(tracklist), **of_version, "source_id": place.summary["source_id"]}


def _line(shape: dict[str, Any]) -> bytes:
    return utf8(in_json(json.dumps(shape, ensure_ascii=False, allow_nan=False)))
