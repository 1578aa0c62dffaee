"""The page of a set or a name that the catalogue does not have: whether it may come yet, and where to look."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from tlray.service.auth.principal import Principal
from tlray.service.backend.gateway import Gateway
from tlray.service.page.addresses import search_path
from tlray.service.page.calls import body_of
from tlray.service.page.problem_pages import REFRESH_S
from tlray.service.page.rendering import render
from tlray.service.routes import catalogue
from tlray.service.routes.search_conditions import Conditions

MAX_QUERY: int = 200


async def missing(
    request: Request, gateway: Gateway, principal: Principal, *, title: str, text: str, words: str
) -> Response:
    """Return the page. While results are being read into the catalogue, it looks again by itself."""
    n_behind = body_of(await catalogue.search(gateway, principal, Conditions(), limit=1))["behind"]
    has_words = any(map(str.isalnum, words))
    return render(
        request,
        "missing.html",
        status=404,
        headers={"Refresh": f"{REFRESH_S}"} if n_behind else {},
        here="catalogue",
        title=title,
        text=text,
        n_behind=n_behind,
        search=search_path(q=words[:MAX_QUERY]) if has_words else "",
    )
