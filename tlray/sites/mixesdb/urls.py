"""URLs of MixesDB: the page that a URL names, and where it is fetched.

A page has a key: its title with ``_`` for blanks. The wiki is case-sensitive, in the first letter too, so a key is never changed.
``/w/<key>`` and ``/w/index.php?title=<key>`` are the page, ``/w/rest.php/v1/page/<key>`` is its wikitext.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, unquote

from tlray.sites.hosts import split

SITE = "https://www.mixesdb.com"
DOMAIN = "mixesdb.com"
_SCRIPTS = frozenset({"index.php", "rest.php", "api.php"})
_REST = "rest.php/v1/page/"
_SEARCH = "rest.php/v1/search/page"
SEARCH_LIMIT = 100
"""The most that one search gives; it does not go on."""
_REST_FORMS = ("/bare", "/html", "/with_html")
_SAFE = ";@$!*(),/~:"
"""Characters that the wiki leaves as they are in its own links."""
_MIX = re.compile(r"\d{4}(?:-\d\d){0,2}_-_\S")


def key_of(url: str) -> str | None:
    """Return the key of the page that a URL names, on any host; None where it names none."""
    if not (parts := split(url)):
        return None
    root, _, rest = parts.path.lstrip("/").partition("/")
    if root in ("w", "db") and rest.partition("/")[0] in ("", "index.php"):
        rest = next(iter(parse_qs(parts.query).get("title", [])), "")
    elif root != "w":
        return None
    else:
        if rest.startswith(_REST):
            rest = rest.removeprefix(_REST)
            rest = next((rest.removesuffix(form) for form in _REST_FORMS if rest.endswith(form)), rest)
        rest = unquote(rest)
    key = rest.strip().replace(" ", "_")
    return key if key and key.partition("/")[0] not in _SCRIPTS and "\ufffd" not in key else None


def is_mix(key: str) -> bool:
    """True if a key is a mix's: it begins with a date."""
    return _MIX.match(key) is not None


def mix_in(url: str) -> str | None:
    """Return the key of the mix that a URL names."""
    key = key_of(url)
    return key if key is not None and is_mix(key) else None


def page_url(key: str, root: str = SITE) -> str:
    """Return the URL of a page, as the wiki links it."""
    return f"{root}/w/{quote(key, safe=_SAFE)}"


def _searched(url: str) -> str:
    """Return what a URL of the wiki's search looks for; "" for any other."""
    parts = split(url)
    if parts is None or not parts.path.startswith("/w"):
        return ""
    return next(iter(parse_qs(parts.query).get("search", [])), "").strip()


def fetch_url(url: str) -> str:
    """Return where a page is fetched: the wikitext of a mix, and results of a search, by REST; any other page as it is.

    REST has no page whose key has a slash (404, escaped or not), so that of such a mix is its HTML.
    """
    key = mix_in(url)
    if key is None:
        wanted = _searched(url)
        return url if not wanted else f"{SITE}/w/{_SEARCH}?q={quote(wanted, safe='')}&limit={SEARCH_LIMIT}"
    return page_url(key) if "/" in key else f"{SITE}/w/{_REST}{quote(key, safe='')}"
