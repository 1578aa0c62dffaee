"""``/catalogue``: search; ``/catalogue/{site}/{id}``: a set as a tracklist, with its versions; ``/dj/…``, ``/artist/…``,
``/label/…``, ``/track/…``: where a name occurs."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tlray.core.access.cursor import BadCursor
from tlray.export.formats import all_formats
from tlray.io.catalogue.search import MAX_CHARS, iso_day
from tlray.service.http.problems import ProblemError
from tlray.service.page.addresses import export_path, search_path, set_path
from tlray.service.page.calls import body_of
from tlray.service.page.rendering import render, wants_json
from tlray.service.routes import catalogue, names
from tlray.service.routes.dependencies import Reader, TheGateway
from tlray.service.routes.search_conditions import Conditions

router = APIRouter(include_in_schema=False)
ROWS: Final = 50
TEXTS: Final = ("q", "dj", "artist", "label", "source")
FILTERS: Final = (*TEXTS, "from", "to", "min_quality")


@router.get("/catalogue")
async def search(request: Request, gateway: TheGateway, principal: Reader) -> Response:
    """Show what a search finds; its conditions stand in the query. A script is told which set comes first."""
    asked = {name: request.query_params.get(name, "").strip() for name in (*FILTERS, "cursor")}
    fields, faults = _fields(asked)
    found: dict[str, Any] = {
        "sets": [],
        "total": 0,
        "quality": None,
        "next_cursor": None,
        "behind": 0,
        "catalogue": None,
    }
    facets: dict[str, Any] = {"years": [], "sites": []}
    status = 422 if faults else 200
    if not faults:
        try:
            conditions = Conditions(**fields)
            if wants_json(request):
                first = body_of(await catalogue.search(gateway, principal, conditions, limit=1))
                return JSONResponse({"newest": _newest_of(first)})
            pages, counts = await asyncio.gather(
                catalogue.search(gateway, principal, conditions, cursor=asked["cursor"] or None, limit=ROWS),
                names.facets(gateway, principal, conditions),
            )
            found, facets = body_of(pages), body_of(counts)
        except BadCursor:
            status, faults = 400, ["There is no such page of this search."]
        except ProblemError as error:
            if error.status_code != 422:
                raise
            status, faults = 422, [what for _, what in error.errors] or [str(error.detail)]
    kept = {name: value for name, value in asked.items() if value and name != "cursor"}
    return render(
        request, "catalogue.html", status=status, found=found, facets=facets, chosen=asked, kept=kept, faults=faults,
        is_filtered=bool(kept), search_of=lambda **more: search_path(**{**kept, **more}), set_path=set_path,
        export_path=export_path, formats=all_formats(), newest=_newest_of(found),
    )  # fmt: skip


def _newest_of(found: dict[str, Any]) -> str:
    """Return a word for the first set of a search and its version; another one, where another comes first."""
    return " ".join(f"{one['site']}:{one['source_id']}:{one['n_versions']}" for one in found["sets"][:1])


def _fields(asked: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of a search's conditions, and what is wrong with them."""
    fields: dict[str, Any] = {name: asked[name][:MAX_CHARS] or None for name in TEXTS}
    faults = []
    for name in ("from", "to"):
        try:
            fields["from_" if name == "from" else name] = iso_day(asked[name]) if asked[name] else None
        except ValueError:
            faults.append(f"“{name.capitalize()}” is a day, such as 2026-11-01.")
    try:
        least = float(asked["min_quality"]) if asked["min_quality"] else None
    except ValueError:
        least = -1.0
    if least is not None and not 0 <= least <= 1:
        faults.append("The quality is a number from 0 to 1.")
    return {**fields, "min_quality": least}, faults
