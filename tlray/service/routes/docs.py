"""``/docs``: the OpenAPI document as a page to read and to try calls on. All of it comes from here: no other host is asked, so
that it works without a network, and no script of others runs beside a token that was typed in."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)
KINDS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
"""What of the package's files is sent, and as what."""
START: Final = """\
SwaggerUIBundle({
  url: "openapi.json", dom_id: "#docs", deepLinking: true, persistAuthorization: false, docExpansion: "list",
  requestInterceptor: (request) => { request.headers["X-Tlray-Client"] = "docs"; return request; },
});
"""
PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tlray: the HTTP API</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript; <a href="openapi.json">the document itself</a> does not.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
CSP: Final = (  # Swagger UI sets styles on its elements, and has its icons in its style sheet
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@router.get("/")
async def front() -> Response:
    """Lead whoever opens the service in a browser to what is there to read."""
    return RedirectResponse("docs", status_code=307)


@router.get("/docs")
async def docs() -> Response:
    """Return the page."""
    return Response(PAGE, media_type="text/html; charset=utf-8")


@router.get("/docs/start.js")
async def start() -> Response:
    """Return the script that fills the page."""
    return Response(START, media_type="text/javascript")


@router.get("/docs/{name}")
async def file(name: str) -> Response:
    """Return one of Swagger UI's files."""
    if name not in KINDS:
        raise HTTPException(404, "no such file of the documentation")
    return Response(
        (files("fastapi_offline") / "static" / name).read_bytes(),
        media_type=KINDS[name],
        headers={"Cache-Control": "max-age=86400"},
    )
