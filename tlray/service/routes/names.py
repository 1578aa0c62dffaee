"""``/api/v1/catalogue/names`` and ``/facets``: where a DJ, an artist, a label or a track occurs; a search in counts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tlray.io.catalogue import names
from tlray.io.catalogue.names import NameKind
from tlray.io.catalogue.search import NoWords
from tlray.service.backend.catalogue_questions import questions_of
from tlray.service.http.problems import not_found, problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.dependencies import Reader, TheGateway
from tlray.service.routes.search_conditions import TheConditions
from tlray.service.schemas.catalogue import FacetsResponse, NameResponse

router = APIRouter(prefix="/api/v1/catalogue", tags=["catalogue"], route_class=ApiRoute)


@router.get("/names", response_model=NameResponse, responses=problems(404))
async def about(
    gateway: TheGateway,
    principal: Reader,
    kind: Annotated[NameKind, Query(description="The name of a track is `Artist - Title`.", examples=["dj"])],
    name: Annotated[str, Query(min_length=1, max_length=500, examples=["Someone"])],
) -> JSONResponse:
    """Return where a DJ, an artist, a label or a track occurs in your sets: how often, when, and with what."""
    try:
        _, found = await questions_of(gateway.home).ask(
            lambda db: names.about(db, kind, name, owner=principal.sees)
        )
    except NoWords as error:
        raise validation([("query.name", str(error))]) from None
    if found is None:
        raise not_found(kind.value, name)
    return JSONResponse(found)


@router.get("/facets", response_model=FacetsResponse)
async def facets(gateway: TheGateway, principal: Reader, conditions: TheConditions) -> JSONResponse:
    """Count the sets that a search finds by year and by site."""
    _, found = await questions_of(gateway.home).ask(
        lambda db: names.facets(db, conditions.query, owner=principal.sees)
    )
    return JSONResponse(found)
