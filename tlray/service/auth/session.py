"""The session of a browser: its token in a cookie, and the CSRF token of its forms.

The cookie is ``HttpOnly`` and ``SameSite=Strict``. A request that changes something by the cookie also shows the CSRF token,
which only a page of this service knows: in a header, or in a field of its form. A service without tokens has no session; there
the CSRF token is made from a random cookie. Cookies do not know ports, so their names do.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, cookie_parser
from starlette.responses import Response

from tlray.core.access.same_origin import split_host
from tlray.core.access.tokens import is_token
from tlray.service.http.problems import ProblemError

CSRF_HEADER: Final = "X-Tlray-CSRF"
CSRF_FIELD: Final = "csrf"
MAX_AGE_S: Final = 30 * 86_400
_SEED: Final = "tlray.page-seed"


def session_token(headers: Headers) -> str:
    """Return the token in the session cookie; "" if there is none."""
    token = _cookie(headers, "session")
    return token if is_token(token) else ""


def csrf_token(connection: HTTPConnection) -> str:
    """Return the CSRF token of a browser; a page that shows it calls `set_seed` on its response."""
    key = session_token(connection.headers) or _seed(connection)
    return hmac.new(key.encode(), b"tlray csrf", hashlib.sha256).hexdigest()[:32]


def require_csrf(connection: HTTPConnection, sent: str | None) -> None:
    """Raise a problem (403) if a request does not show the CSRF token."""
    if sent is None or not hmac.compare_digest(sent.encode(), csrf_token(connection).encode()):
        raise ProblemError(
            403, "this form was opened too long ago, or by another page; reload the page and send it again"
        )


def start_session(connection: HTTPConnection, response: Response, token: str) -> None:
    """Set the session cookie."""
    _set(connection, response, "session", token, MAX_AGE_S)


def end_session(connection: HTTPConnection, response: Response) -> None:
    """Remove the session cookie."""
    response.delete_cookie(_name(connection.headers, "session"), path="/", httponly=True, samesite="strict")


def set_seed(connection: HTTPConnection, response: Response) -> None:
    """Set the cookie that the CSRF token of a browser without a session is made from."""
    if not session_token(connection.headers) and not _cookie(connection.headers, "page"):
        _set(connection, response, "page", _seed(connection), None)


def is_https(connection: HTTPConnection) -> bool:
    """True if the browser reached this service by https; a proxy in front says so."""
    proto: str = connection.headers.get("x-forwarded-proto", connection.url.scheme)
    return proto.partition(",")[0].strip() == "https"


def _seed(connection: HTTPConnection) -> str:
    seed = _cookie(connection.headers, "page") or connection.scope.get(_SEED)
    if not seed:
        seed = connection.scope[_SEED] = secrets.token_urlsafe(24)
    return str(seed)


def _cookie(headers: Headers, kind: str) -> str:
    return cookie_parser(headers.get("cookie", "")).get(_name(headers, kind), "")


def _name(headers: Headers, kind: str) -> str:
    host = split_host(headers.get("host", ""))
    return f"tlray-{kind}-{host[1]}" if host and host[1] else f"tlray-{kind}"


def _set(
    connection: HTTPConnection, response: Response, kind: str, value: str, max_age_s: int | None
) -> None:
    response.set_cookie(
        _name(connection.headers, kind), value, max_age=max_age_s, path="/", httponly=True, samesite="strict",
        secure=is_https(connection),
    )  # fmt: skip
