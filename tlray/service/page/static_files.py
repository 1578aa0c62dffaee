"""``/static/<hash>/…``: the style sheet and the scripts of the page, with a hash of them all in their address."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.exceptions import HTTPException

router = APIRouter(include_in_schema=False)
KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_WITHOUT_USE: Final = re.compile(rb"^[ \t]*(?://.*\n|/\*(?:[^*]|\*(?!/))*\*/[ \t]*\n)*[ \t]*", re.MULTILINE)
"""Comments with lines of their own, and indentation: a third of the bytes that a browser would read."""
_REMARKS: Final = re.compile(rb"(?<=[;{},)]) // [^\n\"'`]*$", re.MULTILINE)
"""Comments at the end of a line; one with a quote stays, which may be the end of a text."""
_TYPES: Final = re.compile(rb"/\*\* @[^\n]*?\*/ ?")
"""Types in the midst of a line, which only a checker reads."""
_SPACES: Final = re.compile(rb"\s*([{};])\s*|(?<=[\w-])(:) |(,) ")
"""What a style sheet says without: no string of ours has them."""
FOREVER: Final = "public, max-age=31536000, immutable"


@cache
def contents() -> dict[str, bytes]:
    """Return all files by name."""
    folder = files("tlray.service.page") / "static"
    return {
        file.name: _packed(file.name, file.read_bytes())
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(tuple(KINDS))
    }


def _packed(name: str, content: bytes) -> bytes:
    """Return a file without what a browser does not need."""
    content = _WITHOUT_USE.sub(b"", content)
    if name.endswith(".css"):
        return _SPACES.sub(rb"\1\2\3", content)
    return _REMARKS.sub(b"", _TYPES.sub(b"", content))


@cache
def version() -> str:
    """Return the hash of all files."""
    digest = hashlib.sha256()
    for name, content in contents().items():
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()[:8]


@router.get("/static/{hash_}/{name}")
async def static(hash_: str, name: str) -> Response:
    """Return a file. One of another version, which an older page asks for, is the newest one and is not kept."""
    content = contents().get(name)
    if content is None:
        raise HTTPException(404, "there is no such file")
    kind = KINDS[name[name.rindex(".") :]]
    lasts = FOREVER if hash_ == version() else "no-cache"
    return Response(content, media_type=kind, headers={"Cache-Control": lasts})


@router.get("/favicon.ico")
async def favicon() -> Response:
    """Return the icon at the address that browsers try."""
    return Response(
        contents()["icon.svg"], media_type=KINDS[".svg"], headers={"Cache-Control": "max-age=86400"}
    )
