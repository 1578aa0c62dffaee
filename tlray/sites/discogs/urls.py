"""URLs of Discogs: the release or master that one names."""

from __future__ import annotations

import re

from tlray.sites.hosts import split

DOMAIN, API = "discogs.com", "api.discogs.com"
PAGE_RELEASES = 100
"""The most that one page of a list has."""
_PATH = re.compile(r"(?:/[^/]{1,200}){0,2}/(release|master)s?/(?:view/)?(\d{1,12})(?=[-/]|$)")
_LIST = re.compile(
    r"(?:/[a-z]{2}(?:_[A-Z]{2})?)?/(artist|label)s?/(\d{1,12})(?:-[^/]{0,300})?(?:/releases)?/?$"
)


def named_in(url: str) -> tuple[str, str] | None:
    """Return what a URL names: (``release`` or ``master``, its number)."""
    found = _PATH.match(parts.path) if (parts := split(url)) else None
    return (found[1], found[2].lstrip("0") or "0") if found else None


def listed_in(url: str) -> tuple[str, str, str] | None:
    """Return whose releases a URL lists: (``artist`` or ``label``, its number, the query of a page of the list)."""
    parts = split(url)
    found = _LIST.match(parts.path) if parts else None
    return (found[1], found[2], parts.query) if parts and found else None


def id_of(kind: str, number: str) -> str:
    """Return the id of a release or a master among those of the site."""
    return number if kind == "release" else f"master-{number}"
