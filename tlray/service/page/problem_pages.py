"""Errors as pages, for browsers: the same words as the problem documents of the API, and what to do next."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tlray.service.http.problems import ProblemError, phrase
from tlray.service.page.rendering import HEADERS, path_of, render, see_other

TITLES: Final = {
    400: "This address leads to nothing",
    403: "You may not do that",
    404: "Nothing is here",
    422: "Something in this address is not valid",
    500: "That is a bug of ours",
    503: "The service is being started again",
}
REASONS: Final = {
    404: "There is no such page, batch or set; or it belongs to somebody else.",
    503: "Nothing is lost, and this page goes on by itself.",
}
NO_PAGE: Final = "There is no such page of this list. Its address was cut or changed."
REFRESH_S: Final = 4
CURSORS: Final = ("cursor", "changes")
"""Parameters that say which page of a list is shown."""
FOR_CALLERS: Final = "/docs lists every call"
"""A hint that is of use to callers of the API alone."""


def problem_page(request: HTTPConnection, error: ProblemError) -> Response:
    """Return the page of a problem; the sign-in if the caller is not known."""
    status = error.status_code
    if status == 401:
        return sign_in_first(request)
    headers = dict(error.headers or {})
    if status == 503:
        headers["Refresh"] = f"{REFRESH_S}"
    is_view = request.scope.get("method") in ("GET", "HEAD")
    query = parse_qsl(request.url.query) if is_view and status in (400, 404, 422) else []
    here = f"./{_last_part(request)}"
    others = [(name, value) for name, value in query if name not in CURSORS]
    is_no_page = len(others) < len(query)
    return render(
        request,
        "problem.html",
        status=status,
        headers=headers,
        title=TITLES.get(status, phrase(status)),
        reason=NO_PAGE if is_no_page else REASONS.get(status, error.detail),
        detail="" if is_no_page or str(error.detail).endswith(FOR_CALLERS) else error.detail,
        code=status,
        cleared=here if query and others != [] else "",
        first_page=f"{here}{'?' * bool(others)}{urlencode(others)}" if is_no_page else "",
    )


def _last_part(request: HTTPConnection) -> str:
    """Return the last part of a request's path as it was sent: where its page is, from itself."""
    path: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return path.partition(b"?")[0].rpartition(b"/")[2].decode("latin-1")


def sign_in_first(request: HTTPConnection) -> Response:
    """Return the redirect to the sign-in, and back from there.

    A browser keeps a strict cookie back when a link on another site leads here. That page loads itself again, and then the
    cookie comes along.
    """
    method = request.scope.get("method", "GET")
    if request.headers.get("sec-fetch-site") == "cross-site" and method == "GET":
        return Response("", 200, {**HEADERS, "Refresh": "0"}, media_type="text/html")
    back = path_of(request) if method == "GET" else "/"
    if back in ("/", "/sign-in"):
        return see_other(request, "/sign-in")
    return see_other(request, f"/sign-in?next={quote(back.lstrip('/'), safe='')}")


def is_own_path(path: str) -> bool:
    """True if a path leads to a page of this service, and nowhere else."""
    return not path.startswith(("/", "\\")) and ":" not in path.partition("?")[0] and path.isprintable()
