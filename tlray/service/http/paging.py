"""How is a page of a list asked for and told? By a cursor and a limit; with the cursor of the next page, null at the end."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import JSONResponse

MAX_LIMIT = 1_000
Cursor = Annotated[
    str | None, Query(max_length=500, description="The `next_cursor` of the page before; none for the first.")
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most so many.")]


def page(name: str, found: list[dict[str, Any]], next_cursor: str | None) -> JSONResponse:
    """Return a page of a list."""
    return JSONResponse({name: found, "next_cursor": next_cursor})
