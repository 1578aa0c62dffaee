"""Pages of lists: query parameters ``cursor`` and ``limit``, and ``next_cursor`` in the response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import JSONResponse

MAX_LIMIT = 1_000
Cursor = Annotated[
    str | None,
    Query(max_length=500, description="`next_cursor` of the previous page; leave it out for the first page."),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The largest number of rows in the page.")]


def page(name: str, rows: Sequence[Mapping[str, Any]], next_cursor: str | None) -> JSONResponse:
    """Return a page of a list."""
    return JSONResponse({name: list(rows), "next_cursor": next_cursor})
