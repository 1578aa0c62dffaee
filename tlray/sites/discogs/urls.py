"""URLs of Discogs: the release or master that one names."""

from __future__ import annotations

import re

from tlray.sites.hosts import split

DOMAIN, API = "discogs.com", "api.discogs.com"
_PATH = re.compile(r"(?:/[^/]{1,200}){0,2}/(release|master)s?/(?:view/)?(\d{1,12})(?=[-/]|$)")


def named_in(url: str) -> tuple[str, str] | None:
    """Return what a URL names: (``release`` or ``master``, its number)."""
    found = _PATH.match(parts.path) if (parts := split(url)) else None
    return (found[1], found[2].lstrip("0") or "0") if found else None


def id_of(kind: str, number: str) -> str:
    """Return the id of a release or a master among those of the site."""
    return number if kind == "release" else f"master-{number}"
