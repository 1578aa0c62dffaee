"""Rendering of a view: the Jinja2 environment, and what every template is given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tlray.service.auth.authentication import caller_of
from tlray.service.auth.session import CSRF_FIELD, csrf_token, set_seed
from tlray.service.page import text, words
from tlray.service.page.static_files import version
from tlray.version import __version__

PREPARE_AFTER_S: Final = 3.0
THEMES: Final = ("auto", "light", "dark")
THEME_COOKIE: Final = "tlray-theme"
ROWS: Final = ("normal", "compact")
ROWS_COOKIE: Final = "tlray-rows"
NAV: Final = (
    ("new", "New batch", "submit"),
    ("batches", "Batches", "read"),
    ("dead-letters", "Dead letters", "read"),
    ("schedules", "Schedules", "read"),
    ("templates", "Templates", "read"),
    ("domains", "Domains", "read"),
    ("catalogue", "Catalogue", "read"),
)
"""The views of the navigation: path, name, scope. One without a route is left out."""
MORE: Final = (("notifications", "Notifications", "read"), ("tokens", "Tokens", "admin"))
DEAD_COUNT: Final = "dead letters"
MAX_COUNTED: Final = 999
"""Dead letters that the navigation counts: more are "999+"."""
HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
"""With no referrer at all a browser sends `Origin: null` with a form."""

environment = Environment(
    loader=PackageLoader("tlray.service.page"),
    auto_reload=False,
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
for helper in (
    text.number, text.plural, text.percent, text.rate, text.duration, text.safe, text.safe_lines, text.plain,
    text.url_cut, text.link, text.day, text.ticked, words.sentence,
    words.kind_words, words.helps, words.advice, words.done_of, words.parts_of,
):  # fmt: skip
    environment.globals[helper.__name__] = helper


async def prepare() -> None:
    """Compile the templates a while after the start, so that nobody waits for it who opens the first page."""
    for name in environment.list_templates():
        await asyncio.sleep(PREPARE_AFTER_S / len(environment.list_templates()))
        await asyncio.to_thread(environment.get_template, name)


def render(
    request: HTTPConnection,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Return a view as a response. ``context`` is what the template shows."""
    now = time.time()
    principal = caller_of(request)

    def moment(at: float | None, *, clock: bool = False, day: bool = False, titled: bool = True) -> Markup:
        return text.moment(at, now, clock=clock, day=day, titled=titled)

    field = Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, csrf_token(request))
    theme = request.cookies.get(THEME_COOKIE, "auto")
    root = root_of(request)
    paths = request.app.state.views
    given = {
        "root": root,
        "static": f"{root}static/{version()}/",
        "glyph": partial(words.glyph, f"{root}static/{version()}/icons.svg"),
        "state": partial(words.state, f"{root}static/{version()}/icons.svg"),
        "csrf": csrf_token(request),
        "csrf_field": field,
        "theme": theme if theme in THEMES else "auto",
        "rows_height": "compact" if request.cookies.get(ROWS_COOKIE) == "compact" else "normal",
        "now": now,
        "moment": moment,
        "here": request.scope["path"].strip("/").partition("/")[0],
        "address": path_of(request),
        "nav": [
            (path, name)
            for path, name, scope in NAV
            if f"/{path}" in paths and principal and scope in principal.scopes
        ],
        "more": [
            (path, name)
            for path, name, scope in MORE
            if f"/{path}" in paths and principal and scope in principal.scopes
        ],
        "n_dead": count_text(request.app.state.recent.last((DEAD_COUNT, principal.sees)))
        if principal
        else "",
        "principal": principal,
        "may": frozenset() if principal is None else principal.scopes,
        "version": __version__,
    }
    html = environment.get_template(template).render({**given, **context})
    response = HTMLResponse(html, status, {**HEADERS, **(headers or {})})
    set_seed(request, response)
    return response


def count_text(n: int | None) -> str:
    """Return a count as the navigation shows it: nothing for none."""
    return f"{n:,}" if n and n <= MAX_COUNTED else f"{MAX_COUNTED}+" if n else ""


def see_other(request: HTTPConnection, path: str) -> Response:
    """Return the redirect after a form; the path is one of this service, and the redirect relative to where the form was sent."""
    return RedirectResponse(root_of(request) + path.lstrip("/"), 303, HEADERS)


def wants_json(connection: HTTPConnection) -> bool:
    """True if a script asks, and not a browser for a page."""
    return "application/json" in connection.headers.get("accept", "")


def root_of(connection: HTTPConnection) -> str:
    """Return the relative address of ``/`` from a request's path: a proxy may put us below a path."""
    path: bytes = (
        connection.scope.get("raw_path") or connection.scope["path"].encode()
    )  # %2F in an id is no step
    return "../" * (path.partition(b"?")[0].count(b"/") - 1) or "./"


def path_of(connection: HTTPConnection) -> str:
    """Return the path and query of a request, as an address: what a name has of ``?``, ``#`` or ``:`` is quoted."""
    query = connection.scope["query_string"].decode("latin-1")
    return quote(connection.scope["path"], safe="/") + (f"?{query}" if query else "")
