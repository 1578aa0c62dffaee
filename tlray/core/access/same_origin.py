"""Protection against requests that another site's web page makes a browser send; it reaches a service on loopback, too.

There are two ways. DNS rebinding: the page's own name turns into 127.0.0.1, and is the ``Host`` of its requests; so only known
hosts are answered. Cross-site requests: a browser marks them with ``Origin`` and ``Sec-Fetch-Site``, which no page can change;
a request without either is from no browser. A content type that every page may send (Fetch standard, "CORS-safelisted") is
accepted only with a header that no page may send.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from tlray.core.model.hosts import literal_address

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIMPLE_TYPES = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
ANY_ADDRESS = "any/address"
"""An allowed host: any address in place of a name. DNS rebinding needs a name."""
OWN_SITE = frozenset({"same-origin", "none"})
"""``none``: a person typed the address, or opened a bookmark."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{1,5}))?")


def split_host(header: str) -> tuple[str, str] | None:
    """Return host and port ("" without one) of a ``Host`` header, in lower case; None if it is not valid."""
    found = _HOST.fullmatch(header.strip().lower())
    return (found[1].rstrip("."), found[2] or "") if found else None


def is_loopback(host: str) -> bool:
    """True if a host, as written, is this machine's loopback."""
    address = literal_address(host)
    return address.is_loopback if address is not None else host.rstrip(".").lower() == "localhost"


def refusal_of_host(header: str, allowed: Collection[str]) -> str | None:
    """Return why a request for such a host is refused; None if it is answered: loopback, or one of ``allowed`` (names without a
    port, ``*.example.org`` for all below it, ``*`` for every one)."""
    found = split_host(header)
    if found is None:
        return "no valid Host header"
    host = found[0]
    if is_loopback(host) or "*" in allowed or host in allowed or host.strip("[]") in allowed:
        return None
    if ANY_ADDRESS in allowed and literal_address(host) is not None:
        return None
    if any(name.startswith("*.") and host.endswith(name[1:]) for name in allowed):
        return None
    return f"this service does not answer for the host {host!r}; TLRAY_ALLOWED_HOSTS names those that it does"


def refusal_of_site(*, host: str, origin: str | None, fetch_site: str | None) -> str | None:
    """Return why a request that changes something, or opens a socket, is refused; None if it is not."""
    if fetch_site is not None and fetch_site.strip().lower() not in OWN_SITE:
        return f"it was sent by a web page of another site (Sec-Fetch-Site: {fetch_site[:40]})"
    if origin is not None and not _is_same(origin, host):
        return f"it was sent by a web page of another site (Origin: {origin[:80]})"
    return None


def refusal_of_read(
    *, host: str, origin: str | None, fetch_site: str | None, fetch_mode: str | None, fetch_dest: str | None
) -> str | None:
    """Return why a request for data is refused; None if it is not. A person may follow a link from elsewhere, in a window and
    not in a frame."""
    is_followed = fetch_mode == "navigate" and fetch_dest in (None, "document")
    return None if is_followed else refusal_of_site(host=host, origin=origin, fetch_site=fetch_site)


def is_simple(content_type: str | None, *, has_body: bool) -> bool:
    """True if any web page may send a body of this type; also for a body without a type."""
    if content_type is None or not content_type.strip():
        return has_body
    return content_type.partition(";")[0].strip().lower() in SIMPLE_TYPES


def _is_same(origin: str, host: str) -> bool:
    """True if ``origin`` is the ``host`` of the request. TLS is not compared: behind a proxy that ends it we cannot know."""
    try:
        parts = urlsplit(origin.strip().lower())
        own = 443 if parts.scheme == "https" else 80
        theirs = parts.hostname, parts.port or own
    except ValueError:
        return False
    requested = split_host(host)
    if parts.scheme not in ("http", "https") or requested is None:
        return False
    return theirs == (requested[0].strip("[]"), int(requested[1] or own))
