"""URLs of NTS: the episode that one names."""

from __future__ import annotations

import re

from tlray.sites.hosts import split

DOMAIN = "nts.live"
SITE = f"https://www.{DOMAIN}"
_PATH = re.compile(r"/(?:api/v2/)?shows/([\w.~%-]{1,200})/episodes/([\w.~%-]{1,200})(?:/tracklist)?/?$")


def episode_in(url: str) -> str | None:
    """Return ``<show>/<episode>`` of the episode that a URL names."""
    found = _PATH.match(parts.path) if (parts := split(url)) else None
    return f"{found[1]}/{found[2]}".lower() if found else None
