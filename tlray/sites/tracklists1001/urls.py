"""URLs of 1001tracklists: the set that a URL names, and its canonical URL.

``/tracklist/<id>/<slug>.html``; long ago the id was a number glued to the slug
(``/tracklist/72910_<slug>.html``). ``1001.tl/<id>`` is the site's short link. Two slugs of one id are one
set, and so is a path with doubled slashes, as a base URL that ends with one makes it.
"""

from __future__ import annotations

import re

from tlray.sites.hosts import host_of, split

SITE_NAME = "1001tracklists"
VERSION = "1001tracklists/1"
SITE = "https://www.1001tracklists.com"
DOMAIN = "1001tracklists.com"
SHORT_DOMAIN = "1001.tl"

_SET_PATH = re.compile(r"/+tracklist/+(?:(\d+)_|([0-9A-Za-z]{3,16})(?=/|$))")
_SHORT_PATH = re.compile(r"/+([0-9A-Za-z]{3,16})/*")
_SLASHES = re.compile(r"/{2,}")
_TRACK_ID = re.compile(r"/track/(?:(\d+)_|([0-9A-Za-z]+)(?=/))")


def id_in_path(url: str | None) -> str | None:
    """The id in ``/tracklist/<id>/...``, whatever the host: demo sites serve the same paths."""
    parts = split(url) if url else None
    found = _SET_PATH.match(parts.path) if parts else None
    return (found.group(1) or found.group(2)).lower() if found else None


def source_id(url: str) -> str | None:
    """The id of the set that a URL of this site names; None where it names none, or the host is another's."""
    host = host_of(url)
    if host == DOMAIN:
        return id_in_path(url)
    parts = split(url)
    found = _SHORT_PATH.fullmatch(parts.path) if parts and host == SHORT_DOMAIN else None
    return found.group(1).lower() if found else None


def canonical_url(url: str) -> str:
    """The site's own URL of the set: https, ``www.``, no query, no fragment. Other URLs come back unchanged.

    A short link stays ``https://1001.tl/<id>``, for the slug is not known before it is followed.
    """
    found = source_id(url)
    parts = split(url)
    if found is None or parts is None:
        return url
    if host_of(url) == SHORT_DOMAIN:
        return f"https://{SHORT_DOMAIN}/{found}"
    return SITE + _SLASHES.sub("/", parts.path)


def track_id_in(url: str | None) -> str | None:
    """The id in ``/track/<id>/<slug>/index.html``."""
    found = _TRACK_ID.search(url) if url else None
    return (found.group(1) or found.group(2)) if found else None


def absolute(link: str | None) -> str | None:
    """A link of a page as a whole URL; None for an empty one."""
    link = link.strip() if link else None
    if not link or "://" in link[:12]:
        return link or None
    if link.startswith("//"):
        return f"https:{link}"
    return f"{SITE}/{link.lstrip('/')}"
