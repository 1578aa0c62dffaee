"""Answers for scripts that ask again and again: many open pages are one question, and what is known is not sent again."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from tlray.service.http.file_answers import is_known
from tlray.service.page.rendering import HEADERS

MAX_KEPT: Final = 1_000


class Recent:
    """What a replica has just told: to everybody who asks for the same within some seconds the same."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[Any]], *, for_s: float) -> Any:
        """Return the answer to a question that was asked less than ``for_s`` seconds ago; ask it where there is none."""
        now = self._clock()
        found = self._asked.get(key)
        if found is None or now - found[0] >= for_s or _has_failed(found[1]):
            self._asked.pop(key, None)
            found = self._asked[key] = now, asyncio.ensure_future(_answer(ask))
            while len(self._asked) > MAX_KEPT:
                self._asked.pop(next(iter(self._asked)))
        return await asyncio.shield(found[1])

    def last(self, key: Hashable) -> Any:
        """Return the last answer, however old; None where there is none."""
        found = self._asked.get(key)
        return None if found is None or not found[1].done() or _has_failed(found[1]) else found[1].result()


async def _answer(ask: Callable[[], Awaitable[Any]]) -> Any:
    return await ask()


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def answered(request: Request, body: Any) -> Response:
    """Return an answer with its ETag; 304 to a script that has it."""
    response = JSONResponse(body, headers=HEADERS)
    tag = f'"{hashlib.sha256(bytes(response.body)).hexdigest()[:20]}"'
    if is_known(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers={**HEADERS, "ETag": tag})
    response.headers["ETag"] = tag
    return response
