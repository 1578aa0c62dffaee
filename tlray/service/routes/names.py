"""``/api/v1/catalogue/names`` and ``/facets``: where a DJ, an artist, a label or a track occurs; a search in counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tlray.io.catalogue import names, search
from tlray.io.catalogue.names import NameKind
from tlray.io.catalogue.search import NoWords
from tlray.service.backend.catalogue_questions import questions_of
from tlray.service.http.problems import not_found, problems, validation
from tlray.service.routes.api_route import ApiRoute
from tlray.service.routes.catalogue import Day, Text
from tlray.service.routes.dependencies import Reader, TheGateway
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
    found = await _ask(gateway, lambda db: names.about(db, kind, name, owner=principal.sees))
    if found is None:
        raise not_found(kind.value, name)
    return JSONResponse(found)


@router.get("/facets", response_model=FacetsResponse)
async def facets(  # noqa: PLR0913, PLR0917 - each is a condition
    gateway: TheGateway,
    principal: Reader,
    q: Annotated[Text, Query(description="The conditions are those of a search.")] = None,
    dj: Text = None,
    artist: Text = None,
    label: Text = None,
    source: Text = None,
    from_: Annotated[Day | None, Query(alias="from")] = None,
    to: Day | None = None,
    min_quality: Annotated[float | None, Query(ge=0, le=1)] = None,
) -> JSONResponse:
    """Count the sets that a search finds by year and by site."""
    first, last = (None if day is None else day.isoformat() for day in (from_, to))
    query = search.Query(q, dj, artist, label, source, first, last, min_quality)
    return JSONResponse(await _ask(gateway, lambda db: names.facets(db, query, owner=principal.sees)))


async def _ask(gateway: TheGateway, question: Callable[[Any], Any]) -> Any:
    try:
        _, found = await questions_of(gateway.home).ask(question)
    except NoWords as error:
        raise validation([(f"query.{error.args[0]}", str(error))]) from None
    return found
