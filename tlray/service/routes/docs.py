"""``/docs``: the OpenAPI document as a page with Swagger UI.

All files come from this service, so that the page works offline and no foreign script runs beside a token that a user types in.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)
KINDS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
"""Files of fastapi-offline that are served."""
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
CSP: Final = (  # Swagger UI has inline styles, and icons in its style sheet
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@router.get("/docs")
async def docs() -> Response:
    """Return the page."""
    return Response(PAGE, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": CSP})


@router.get("/docs/start.js")
async def start() -> Response:
    """Return the script that fills the page."""
    return Response(START, media_type="text/javascript")


@router.get("/docs/{name}")
async def file(name: str) -> Response:
    """Return a file of Swagger UI."""
    if name not in KINDS:
        raise HTTPException(404, "the documentation has no such file")
    return Response(
        (files("fastapi_offline") / "static" / name).read_bytes(),
        media_type=KINDS[name],
        headers={"Cache-Control": "max-age=86400"},
    )
