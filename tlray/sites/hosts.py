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


def root_of(url: str, site: str) -> str:
    """Return where the relative links of a page at ``url`` lead: to the site, or to another host that serves such pages."""
    parts = split(url)
    is_elsewhere = parts is not None and parts.netloc and host_of(url) != host_of(site)
    return f"{parts.scheme}://{parts.netloc}" if parts is not None and is_elsewhere else site


@lru_cache(maxsize=64)
def host_of(url: str) -> str:
    """The host in lower case, without ``www.`` and port ("" where there is none)."""
    parts = split(url)
    return ((parts.hostname if parts else None) or "").lower().removeprefix("www.").rstrip(".")
