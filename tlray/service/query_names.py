"""Does a call know what is asked of it after the ``?``? A name that it does not know is refused: ``?satte=dead`` would else tell
of all items, and a retry of those would follow.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection

from tlray.service.problems import not_valid

PATHS: Final = ("/api/", "/ws/")
"""Health, metrics and the documentation are asked by others' programs, in their own ways."""
OF_ACCESS: Final = frozenset({"ticket"})
"""Looked at before any route is asked (`tlray.service.access`)."""


async def see_query_names(connection: HTTPConnection) -> None:
    """Refuse (422) a query with a name that the route does not know; each such name is told, with what it may have meant."""
    asked = set(connection.query_params)
    if not asked or not connection.url.path.startswith(PATHS):
        return
    known = _names_of(connection.scope["route"])
    if unknown := sorted(asked - known - OF_ACCESS):
        raise not_valid([(f"query.{name[:80]}", _mend(name, known)) for name in unknown[:20]])


def _names_of(route: APIRoute | APIWebSocketRoute) -> frozenset[str]:
    return frozenset(_names_in(route.dependant))


def _names_in(dependant: Dependant) -> Iterator[str]:
    """Yield the names that a route and what it depends on have declared."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names_in(inner)


def _mend(name: str, known: frozenset[str]) -> str:
    near = difflib.get_close_matches(name[:80], known, n=1)
    if near:
        return f"no such name; did you mean {near[0]}?"
    return f"no such name; this call knows {', '.join(sorted(known)) or 'none'}"
