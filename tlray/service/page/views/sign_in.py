"""``/sign-in``, ``/sign-out`` and ``/theme``: the session of a browser, and what it prefers."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tlray.core.access.tokens import is_token
from tlray.service.auth.authentication import Authenticator
from tlray.service.auth.session import end_session, is_https, start_session
from tlray.service.http.problems import ProblemError
from tlray.service.page.form import TheForm, field
from tlray.service.page.problem_pages import is_own_path
from tlray.service.page.rendering import ROWS, ROWS_COOKIE, THEME_COOKIE, THEMES, render, see_other

router = APIRouter(include_in_schema=False)
YEAR_S: Final = 366 * 86_400


@router.get("/sign-in")
async def sign_in(request: Request, next: str = "") -> Response:  # noqa: A002 - the name in the address
    """Show the form."""
    authenticator: Authenticator = request.app.state.authenticator
    if not await authenticator.requires_token():
        return see_other(request, "/")
    return render(request, "sign_in.html", next=next, fault="")


@router.post("/sign-in")
async def take_token(request: Request, form: TheForm) -> Response:
    """Start a session with a token, and go where the browser wanted to go."""
    authenticator: Authenticator = request.app.state.authenticator
    token, back = field(form, "token"), field(form, "next")
    fault = "A token begins with tlray_ and has 57 characters; copy all of it." if not is_token(token) else ""
    if not fault:
        try:
            await authenticator.holder(request, token)
        except ProblemError as error:
            if error.status_code not in (401, 429):
                raise
            fault = "This token is not known here, or was revoked. Ask whoever runs the service for another."
            if error.status_code == 429:
                fault += " There were many such; wait a moment."
    if fault:
        return render(request, "sign_in.html", status=422, next=back, fault=fault)
    response = see_other(request, f"/{back}" if is_own_path(back) else "/")
    start_session(request, response, token)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, form: TheForm) -> Response:
    """End the session."""
    response = see_other(request, "/sign-in")
    end_session(request, response)
    return response


@router.post("/theme")
async def set_theme(request: Request, form: TheForm) -> Response:
    """Keep the theme, or how high rows are, in a cookie, so that the first paint has it."""
    back = field(form, "back").lstrip("/")
    response = see_other(request, f"/{back}" if is_own_path(back) else "/")
    for name, cookie, choices in (("theme", THEME_COOKIE, THEMES), ("rows", ROWS_COOKIE, ROWS)):
        if chosen := field(form, name):
            value = chosen if chosen in choices else choices[0]
            response.set_cookie(
                cookie, value, max_age=YEAR_S, path="/", samesite="strict", secure=is_https(request)
            )
    return response
