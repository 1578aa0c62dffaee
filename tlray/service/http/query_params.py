"""Does a call know what is asked of it after the ``?``? A name that it does not know is refused: ``?satte=dead`` would else tell
of all items, and a retry of those would follow. So is one that is given twice, of which one value would be passed over, and what
is no UTF-8, of which something else would be made.
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

from tlray.service.http.problems import not_valid

PATHS: Final = ("/api/", "/ws/")
"""Health, metrics and the documentation are asked by others' programs, in their own ways."""
OF_ACCESS: Final = frozenset({"ticket"})
"""Looked at before any route is asked (`tlray.service.auth.authentication`)."""


async def see_query_names(connection: HTTPConnection) -> None:
    """Refuse (422) a query with a name that the route does not know, that is given twice, or of no text; each such is told."""
    text = connection.scope["query_string"]
    if not text or not connection.url.path.startswith(PATHS):
        return
    asked = Counter(name for name, _ in connection.query_params.multi_items())
    known = _names_of(connection.scope["route"])
    faults = [(name, _mend(name, known)) for name in sorted(set(asked) - known - OF_ACCESS)]
    faults += [
        (name, f"given {n} times; give it once")
        for name, n in asked.items()
        if n > 1 and name in known | OF_ACCESS
    ]
    faults += [(name, "no UTF-8; write it as %XX of UTF-8 bytes") for name in _not_utf_8(text)]
    if faults:
        raise not_valid([(f"query.{name[:80]}", what) for name, what in faults[:20]])


def _not_utf_8(query: bytes) -> Iterator[str]:
    """Yield the names of what is no text; what was made of them has � in the place of it."""
    for pair in query.split(b"&"):
        try:
            unquote_to_bytes(pair.decode("ascii")).decode()
        except UnicodeDecodeError:
            yield unquote_plus(pair.partition(b"=")[0].decode("latin-1"))


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
