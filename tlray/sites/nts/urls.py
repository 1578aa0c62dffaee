"""URLs of NTS: the episode that one names."""

from __future__ import annotations

import re

from tlray.sites.hosts import split

DOMAIN = "nts.live"
SITE = f"https://www.{DOMAIN}"
PAGE_EPISODES = 12
"""So many episodes its interface gives at a time."""
_SHOW = re.compile(r"/(?:api/v2/)?shows/([\w.~%-]{1,200})(?:/episodes)?/?$")
_PATH = re.compile(r"/(?:api/v2/)?shows/([\w.~%-]{1,200})/episodes/([\w.~%-]{1,200})(?:/tracklist)?/?$")


def show_in(url: str) -> str | None:
    """Return the show that a URL names, by itself or by its list of episodes."""
    found = _SHOW.match(parts.path) if (parts := split(url)) else None
    return found[1].lower() if found else None


def episode_in(url: str) -> str | None:
    """Return ``<show>/<episode>`` of the episode that a URL names."""
    found = _PATH.match(parts.path) if (parts := split(url)) else None
    return f"{found[1]}/{found[2]}".lower() if found else None
