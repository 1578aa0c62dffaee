"""URLs of MusicBrainz: the release that one names."""

from __future__ import annotations

import re

from tlray.sites.hosts import split

DOMAIN = "musicbrainz.org"
SITE = f"https://{DOMAIN}"
MBID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PATH = re.compile(rf"/(?:ws/2/)?release/({MBID})(?:/|$)", re.IGNORECASE)


def release_in(url: str) -> str | None:
    """Return the MBID of the release that a URL names."""
    found = _PATH.match(parts.path) if (parts := split(url)) else None
    return found[1].lower() if found else None
