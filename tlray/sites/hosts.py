"""The host of a URL."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import SplitResult, urlsplit


@lru_cache(maxsize=64)  # one URL is asked about several times in a row
def split(url: str) -> SplitResult | None:
    """``urlsplit`` that answers None where the URL is none."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — reading it is what checks it
    except ValueError:
        return None
    return parts


@lru_cache(maxsize=64)
def host_of(url: str) -> str:
    """The host in lower case, without ``www.`` and port ("" where there is none)."""
    parts = split(url)
    return ((parts.hostname if parts else None) or "").lower().removeprefix("www.").rstrip(".")
