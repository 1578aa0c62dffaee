"""A demo site's robots.txt.

A site's robots.txt is named by a short text: ``allow`` (the default), ``crawl-delay=0.5``,
``disallow`` (everything), a status (``404``, ``403``, ``500``, ``503`` …), ``huge`` (3 MB), ``redirect``
(to another path of the site), ``redirect-loop``, ``latin-1``, ``bom``, ``empty``, ``html`` (a web
page), ``hang``, ``reset``, or, after ``text:``, its own words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

USUAL = "User-agent: *\nAllow: /\nDisallow: /js/\nDisallow: /user/\nDisallow: /action/\n"


class Robots(NamedTuple):
    """An answer to GET /robots.txt."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    location: str | None = None
    misbehave: str | None = None
    """``hang`` or ``reset`` instead of any answer."""


def robots_txt(kind: str, path: str = "/robots.txt", disallowed: Iterable[str] = ()) -> Robots:
    """Answer for a site of ``kind``, whose faults disallow the ids ``disallowed``."""
    extra = "".join(f"Disallow: /tracklist/{set_id}/\n" for set_id in disallowed)
    name, _, value = kind.partition("=")
    if kind.startswith("text:"):
        return Robots(200, kind.removeprefix("text:").encode())
    if name in ("hang", "reset"):
        return Robots(0, misbehave=name)
    if name == "redirect" and path == "/robots.txt":
        return Robots(301, location="/elsewhere/robots.txt")
    if name == "redirect-loop":
        return Robots(302, location=path)
    bodies = {
        "allow": (USUAL + extra).encode(),
        "redirect": (USUAL + extra).encode(),
        "crawl-delay": (USUAL + f"Crawl-delay: {value}\n" + extra).encode(),
        "disallow": b"User-agent: *\nDisallow: /\n",
        "huge": (USUAL + extra + "# filler\n" * 350_000).encode(),
        "latin-1": ("# Käse für Roboter\n" + USUAL + extra).encode("latin-1"),
        "bom": ("\ufeff" + USUAL + extra).encode(),
        "empty": b"",
        "html": b"<!DOCTYPE html><html><body>Welcome</body></html>",
    }
    if name not in bodies and not name.isdigit():
        known = ", ".join(bodies)
        raise ValueError(
            f"no robots.txt is called {kind!r}; there are: {known}, a status, hang, reset, text:…"
        )
    content_type = "text/html" if name == "html" else "text/plain; charset=utf-8"
    return Robots(int(name), b"", content_type) if name.isdigit() else Robots(200, bodies[name], content_type)
