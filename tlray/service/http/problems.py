"""Errors as problem documents (RFC 9457): what is wrong, where, and how to correct it.

``type`` is ``urn:tlray:problem:`` and the phrase of the status in kebab case (`KINDS` has the exceptions). ``errors`` lists each
fault with its place in the request.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
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
    JournalLost,
    JournalUnusable,
    ListTooLong,
    NoSuchBatch,
    RayUnavailable,
    StorageFull,
    StorageUnavailable,
    StorageUnusable,
    TlrayError,
    UsageError,
)
from tlray.service.http.validation_errors import faults_of

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX: Final = "urn:tlray:problem:"
KINDS: Final = {422: "validation", 429: "rate-limited", 503: "unavailable"}
"""Problem types that are not the phrase of their status."""
PHRASES: Final = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""Phrases of RFC 9110 that Python knows since 3.13."""
DATA_PATHS: Final = ("/api/", "/metrics", "/ws/", "/docs", "/openapi.json", "/healthz", "/readyz", "/static/")
"""Answered with problem documents, for browsers too."""
RETRY_AFTER_S = 5
"""`Retry-After` where the time of recovery is unknown."""


class Fault(BaseModel):
    """One fault in a request."""

    where: str = Field(description="Place in the request: `body.urls.3`, `query.limit`, `line 7`.")
    what: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: list[Fault] = []


class ProblemError(HTTPException):
    """A request that is answered with a problem document. FastAPI passes on an `HTTPException` that reading a body raises."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.kind = kind or KINDS.get(status) or phrase(status).lower().replace(" ", "-")
        self.errors = errors


STATUS_OF: Final[tuple[tuple[type[TlrayError], int], ...]] = (
    (NoSuchBatch, 404),
    (ListTooLong, 413),
    (Conflict, 409),
    (BadTransition, 409),
    (BadCursor, 400),
    (HomeUnusable, 503),
    (HomeInUse, 503),
    (StorageUnusable, 503),
    (JournalUnusable, 503),
    (UsageError, 422),
    (StorageFull, 507),
    (BacklogFull, 429),
    (RayUnavailable, 503),
    (CoordinatorLost, 503),
    (CannotFinish, 503),
)
"""The first class that fits counts; any other error is a bug (500)."""
_PUBLIC_DETAIL: Final[tuple[tuple[type[TlrayError], str], ...]] = (
    (HomeUnusable, "the service cannot use its home now; see the service log"),
    (HomeInUse, "another coordinator uses the home of the service; see the service log"),
    (JournalUnusable, "the service cannot use its journal now; see the service log"),
    (JournalLost, "the service does not reach its journal now; try again"),
    (StorageFull, "the disk of the service is full; nothing of this request was stored"),
    (StorageUnusable, "the service cannot use its storage now; see the service log"),
    (StorageUnavailable, "the storage of the results does not answer now; try again"),
    (RayUnavailable, "the service has no Ray cluster now; see the service log"),
    (CoordinatorLost, "the coordinator does not answer now; try again"),
)
"""Details for callers, where the error's own message is meant for the operator."""


def problem_for(error: TlrayError, *, home: str = "") -> ProblemError:
    """Return the problem for an error of tlray, without paths, processes and addresses of this machine."""
    status = next((status for cls, status in STATUS_OF if isinstance(error, cls)), 500)
    if isinstance(error, NoSuchBatch):  # the same words for a missing batch and one of another user
        return not_found("batch", str(error.args[0]))
    if isinstance(error, BadOption):
        return validation([(".".join(("body.options", *error.keys)), str(error))])
    if isinstance(error, BadCursor):
        return ProblemError(status, str(error), errors=[("query.cursor", str(error))])
    headers = {}
    if status in (429, 503):
        retry_after_s = error.retry_after_s if isinstance(error, BacklogFull) else None
        headers["Retry-After"] = str(retry_after_s or RETRY_AFTER_S)
    detail = next((text for cls, text in _PUBLIC_DETAIL if isinstance(error, cls)), str(error))
    return ProblemError(status, detail.replace(home, "the home") if home else detail, headers=headers)


def problem_response(request: HTTPConnection, error: ProblemError) -> Response:
    """Return the response with the problem document; for a browser that asks for a page, the page's own."""
    page = getattr(getattr(request.scope.get("app"), "state", None), "problem_page", None)
    if page is not None and wants_page(request):
        shown: Response = page(request, error)
        return shown
    problem = Problem(
        type=TYPE_PREFIX + error.kind,
        title=phrase(error.status_code),
        status=error.status_code,
        detail=error.detail,
        instance=request.url.path,
        errors=[Fault(where=where, what=what) for where, what in error.errors],
    )
    # a quoted value may hold half a surrogate pair, which UTF-8 cannot encode
    content = _encodable(problem.model_dump())
    return JSONResponse(content, error.status_code, error.headers, media_type=CONTENT_TYPE)


def wants_page(request: HTTPConnection) -> bool:
    """True if a browser asks for a page, and not for data."""
    is_data = request.url.path.startswith(DATA_PATHS)
    return not is_data and "text/html" in request.headers.get("accept", "")


def phrase(status: int) -> str:
    """Return the phrase of an HTTP status (RFC 9110)."""
    return PHRASES.get(status) or HTTPStatus(status).phrase


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _encodable(inner) for key, inner in value.items()}
    return [_encodable(inner) for inner in value] if isinstance(value, list) else value


async def close_socket(socket: WebSocket, error: ProblemError) -> None:
    """Accept and close a socket, so that a browser shows the reason to its page; it shows none of a refused handshake."""
    await socket.accept()
    await socket.close(4000 + error.status_code, error.detail.encode()[:120].decode(errors="ignore"))


async def _on_problem(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for it
    if isinstance(connection, WebSocket):
        await close_socket(connection, error)
        return None
    return problem_response(connection, error)


async def _on_tlray_error(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, TlrayError)  # noqa: S101
    problem = problem_for(error, home=str(connection.app.state.settings.home))
    if problem.status_code >= 500:
        logger.error("request failed path=%s error=%s", connection.url.path, error, exc_info=error)
    return await _on_problem(connection, problem)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    hint = "; /docs lists every call" if error.status_code in (404, 405) else ""
    if error.status_code == 405 and (methods := _methods_at(request)):
        headers["Allow"] = methods
    if wants_page(request) and (find_caller := getattr(request.app.state, "find_caller", None)):
        await find_caller(request)
    return problem_response(
        request, ProblemError(error.status_code, f"{error.detail}{hint}", headers=headers)
    )


def _methods_at(request: Request) -> str:
    """Return all methods of a path; the router names only those of the first route that matches."""
    documented: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    here = request.url.path
    # a path of its own is no id in the place of a parameter
    own = [documented[here]] if here in documented else None
    calls = own or [calls for path, calls in documented.items() if compile_path(path)[0].match(here)]
    return ", ".join(sorted({method.upper() for one in calls for method in one}))


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = error.errors()
    if errors[0]["type"] == "json_invalid":
        return problem_response(
            request, ProblemError(400, f"the body is not JSON: {errors[0]['ctx']['error']}")
        )
    of_body = [{**one, "loc": one["loc"][1:]} for one in errors if one["loc"][0] == "body"]
    others = [one for one in errors if one["loc"][0] != "body"]
    faults = faults_of(others) + faults_of(of_body, of="body", sent=error.body)
    return problem_response(request, validation(faults))


async def _on_bug(request: Request, error: Exception) -> Response:
    logger.error("request failed path=%s", request.url.path, exc_info=error)
    return problem_response(request, ProblemError(500, "this is a bug of tlray; see the service log"))


def not_found(what: str, name: str) -> ProblemError:
    """Return the problem (404) of a name that does not exist, or belongs to another user."""
    return ProblemError(404, f"there is no {what} {name[:80]!r}")


def validation(faults: Sequence[tuple[str, str]]) -> ProblemError:
    """Return the problem (422) of values that are not valid, as (place, what is wrong)."""
    where, what = faults[0] if faults else ("body", "not valid")
    return ProblemError(422, f"{where}: {what}", errors=faults)


def rate_limited(wait_s: float, reason: str, *, headers: Mapping[str, str] | None = None) -> ProblemError:
    """Return the problem (429) of a caller who is over a limit and may try again after so many seconds."""
    after_s = max(1, math.ceil(wait_s))
    return ProblemError(
        429, f"{reason}; try again in {after_s} s", headers={"Retry-After": str(after_s), **(headers or {})}
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""
    app.add_exception_handler(ProblemError, _on_problem)  # type: ignore[arg-type]
    app.add_exception_handler(TlrayError, _on_tlray_error)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_bug)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route: a problem document for each of these statuses."""
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": phrase(status), "content": content} for status in statuses}
