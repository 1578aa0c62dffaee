"""How is an error told? As a problem document (RFC 9457): what was wrong, where, and how to mend it.

``type`` is a name that stays (``urn:tlray:problem:…``); ``errors`` lists each fault with its place, where there are several.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import compile_path
from starlette.websockets import WebSocket

from tlray.core.access.cursor import BadCursor
from tlray.core.model.lifecycle import BadTransition
from tlray.errors import (
    BacklogFull,
    BadOption,
    CannotFinish,
    Conflict,
    CoordinatorLost,
    HomeInUse,
    HomeUnusable,
    InvariantBroken,
    ListTooLong,
    NoSuchBatch,
    RayUnavailable,
    StorageFull,
    TlrayError,
    UsageError,
)
from tlray.service.http.validation_errors import faults_of

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
"""When to come back where nobody can say when it will be better."""


class Fault(BaseModel):
    """One thing that is wrong."""

    where: str = Field(description="Its place: `body.urls.3`, `query.limit`, `line 7`.")
    what: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:tlray:problem:not-valid",
                    "title": "Unprocessable Content",
                    "status": 422,
                    "detail": "body.priority: Input should be 'immediate', 'normal' or 'low'",
                    "instance": "/api/v1/batch",
                    "errors": [
                        {"where": "body.priority", "what": "Input should be 'immediate', 'normal' or 'low'"}
                    ],
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: list[Fault] = []


class Refused(Exception):  # noqa: N818 - it says what happens
    """A request that is answered by a problem; ``kind`` is the last word of its type."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, kind, detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors, self.headers = errors, dict(headers or {})


_OF: Final[tuple[tuple[type[TlrayError], int, str], ...]] = (
    (NoSuchBatch, 404, "unknown-batch"),
    (ListTooLong, 413, "list-too-long"),
    (Conflict, 409, "conflict"),
    (BadTransition, 409, "conflict"),
    (BadCursor, 400, "bad-cursor"),
    (HomeUnusable, 503, "home-unusable"),
    (HomeInUse, 503, "home-in-use"),
    (UsageError, 422, "not-valid"),
    (StorageFull, 507, "storage-full"),
    (BacklogFull, 429, "backlog-full"),
    (RayUnavailable, 503, "unavailable"),
    (CoordinatorLost, 503, "unavailable"),
    (CannotFinish, 503, "cannot-finish"),
    (InvariantBroken, 500, "bug"),
)
"""Error → status and kind; the first that fits counts."""
_OF_THE_MACHINE: Final[tuple[tuple[type[TlrayError], str], ...]] = (
    (HomeUnusable, "the service's home cannot be used now; its log says why"),
    (HomeInUse, "the service's home is in use by another coordinator; its log says by which"),
    (StorageFull, "the service's disk is full; nothing of this was kept"),
    (RayUnavailable, "the service has no Ray now; its log says why"),
    (CoordinatorLost, "the coordinator does not answer now; try again"),
)
"""What is told of errors whose own words are for whoever runs the service; the log has those."""


def refusal_of(error: TlrayError, *, home: str = "") -> Refused:
    """Return how an error of tlray is told over HTTP: without what is only this machine's, its paths, processes and addresses."""
    status, kind = next(((s, k) for cls, s, k in _OF if isinstance(error, cls)), (500, "bug"))
    if isinstance(error, NoSuchBatch):
        # the same words for one that is not there and one that is somebody else's; no path of this machine
        return Refused(status, kind, f"there is no batch {str(error.args[0])[:80]!r}")
    if isinstance(error, BadOption):
        return not_valid([(".".join(("body.options", *error.keys)), str(error))])
    headers = {}
    if status in (429, 503):
        retry_after_s = error.retry_after_s if isinstance(error, BacklogFull) else None
        headers["Retry-After"] = str(retry_after_s or RETRY_AFTER_S)
    detail = next((words for cls, words in _OF_THE_MACHINE if isinstance(error, cls)), str(error))
    return Refused(status, kind, detail.replace(home, "the home") if home else detail, headers=headers)


def answer(request: HTTPConnection, refused: Refused) -> JSONResponse:
    """Return the problem document of a refusal."""
    problem = Problem(
        type=f"urn:tlray:problem:{refused.kind}",
        title=_title(refused.status),
        status=refused.status,
        detail=refused.detail,
        instance=request.url.path,
        errors=[Fault(where=where, what=what) for where, what in refused.errors],
    )
    # a body may hold half a surrogate pair, and the answer that quotes it must still be sent
    content = _sendable(problem.model_dump())
    return JSONResponse(content, refused.status, refused.headers, media_type=CONTENT_TYPE)


def _title(status: int) -> str:
    """Return a status in words: RFC 9110's, which Python knows since 3.13."""
    newer = {413: "Content Too Large", 422: "Unprocessable Content"}
    return newer.get(status) or HTTPStatus(status).phrase


def _sendable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _sendable(inner) for key, inner in value.items()}
    return [_sendable(inner) for inner in value] if isinstance(value, list) else value


async def _on_refused(asked: HTTPConnection, error: Exception) -> JSONResponse | None:
    assert isinstance(error, Refused)  # noqa: S101 - what it is registered for
    if isinstance(asked, WebSocket):
        await refuse_socket(asked, error)
        return None
    return answer(asked, error)


async def _on_tlray_error(asked: HTTPConnection, error: Exception) -> JSONResponse | None:
    assert isinstance(error, TlrayError)  # noqa: S101
    refused = refusal_of(error, home=str(asked.app.state.settings.home))
    if refused.status >= 500:
        logger.error("request failed path=%s error=%s", asked.url.path, error, exc_info=error)
    return await _on_refused(asked, refused)


async def refuse_socket(socket: WebSocket, refused: Refused) -> None:
    """Close a socket that was not accepted yet, in words that a browser shows its page: a refused handshake it would not."""
    await socket.accept()
    await socket.close(4000 + refused.status, refused.detail.encode()[:120].decode(errors="ignore"))


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    kinds = {404: "no-such-path", 405: "method-not-allowed", 400: "not-readable"}
    kind = kinds.get(error.status_code, "refused")
    headers = dict(error.headers or {})
    mend = "; /docs has every call" if error.status_code in (404, 405) else ""
    if error.status_code == 405 and (methods := _methods_at(request)):
        headers["Allow"] = methods
    return answer(request, Refused(error.status_code, kind, f"{error.detail}{mend}", headers=headers))


def _methods_at(request: Request) -> str:
    """Return all methods of a path; the router tells only those of the first route that it came to."""
    documented: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    found = {
        method.upper()
        for path, calls in documented.items()
        if compile_path(path)[0].match(request.url.path)
        for method in calls
    }
    return ", ".join(sorted(found))


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return answer(request, not_valid(faults_of(error.errors())))


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    logger.error("request failed path=%s", request.url.path, exc_info=error)
    return answer(request, Refused(500, "bug", "this is a bug of tlray; the service's log says more"))


def not_valid(faults: Sequence[tuple[str, str]]) -> Refused:
    """Return the refusal of values that are not as they should be."""
    where, what = faults[0] if faults else ("body", "not valid")
    return Refused(422, "not-valid", f"{where}: {what}", errors=faults)


def too_often(wait_s: float, why: str, *, headers: Mapping[str, str] | None = None) -> Refused:
    """Return the refusal of somebody who is to come back after so many seconds."""
    after_s = max(1, math.ceil(wait_s))
    return Refused(
        429,
        "too-often",
        f"{why}; come back in {after_s} s",
        headers={"Retry-After": str(after_s), **(headers or {})},
    )


def tell_problems(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""
    app.add_exception_handler(Refused, _on_refused)  # type: ignore[arg-type]
    app.add_exception_handler(TlrayError, _on_tlray_error)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_bug)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route, for the statuses that it may answer with besides."""
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
