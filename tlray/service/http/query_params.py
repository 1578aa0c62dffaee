"""Checks of query parameter names: unknown ones, repeated ones, and values that are not UTF-8, are refused (422).

An unknown name may be a typing error: ``?satte=dead`` would list all items, and a retry of all of them could follow.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus, unquote_to_bytes

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection

from tlray.service.http.problems import validation

PATHS: Final = ("/api/", "/ws/")
"""Health, metrics and documentation take any query: other programs add their own."""
OF_ACCESS: Final = frozenset({"ticket"})
"""Read by `tlray.service.auth.authentication`."""


async def require_known_query_names(connection: HTTPConnection) -> None:
    """Raise a problem (422) that names every faulty parameter of a query."""
    text = connection.scope["query_string"]
    if not text or not connection.url.path.startswith(PATHS):
        return
    given = Counter(name for name, _ in connection.query_params.multi_items())
    known = _names_of(connection.scope["route"])
    faults = [(name, _hint(name, known)) for name in sorted(set(given) - known - OF_ACCESS)]
    faults += [
        (name, f"given {n} times; give it once")
        for name, n in given.items()
        if n > 1 and name in known | OF_ACCESS
    ]
    faults += [(name, "not UTF-8; percent-encode its UTF-8 bytes") for name in _not_utf_8(text)]
    if faults:
        raise validation([(f"query.{name[:80]}", what) for name, what in faults[:20]])


def _not_utf_8(query: bytes) -> Iterator[str]:
    """Yield the names of parameters with bytes that are not UTF-8."""
    for pair in query.split(b"&"):
        try:
            unquote_to_bytes(pair.decode("ascii")).decode()
        except UnicodeDecodeError:
            yield unquote_plus(pair.partition(b"=")[0].decode("latin-1"))


def _names_of(route: APIRoute | APIWebSocketRoute) -> frozenset[str]:
    return frozenset(_names_in(route.dependant))


def _names_in(dependant: Dependant) -> Iterator[str]:
    """Yield the names that a route and its dependencies declare."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names_in(inner)


def _hint(name: str, known: frozenset[str]) -> str:
    near = difflib.get_close_matches(name[:80], known, n=1)
    if near:
        return f"unknown parameter; did you mean {near[0]}?"
    return f"unknown parameter; this call takes {', '.join(sorted(known)) or 'none'}"
