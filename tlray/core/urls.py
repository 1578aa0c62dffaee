"""When are two URLs the same page? Canonical URLs, and the domain that a URL belongs to.

General rules only; what a site itself treats as the same (two slugs of one set) is known to its parser in
``sites/``. Source: RFC 3986 §6.2 (case, default port, dot segments, percent-encoding), UTS 46 for hosts.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

import idna

MAX_URL_CHARS = 2_048
"""Longer ones are refused: servers and proxies cut or refuse them too."""
MAX_HOST_CHARS = 253

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRACKING = re.compile(r"^(utm_[a-z]+|fbclid|gclid|igshid|mc_cid|mc_eid)(=|$)", re.IGNORECASE)
_PLAIN = re.compile(r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(/[A-Za-z0-9_~/-]*(?:\.[A-Za-z0-9_~-]+)*)")
"""The shape of nearly every URL of a list, already canonical: no port, query, fragment, ``%``, ``./`` or
``../``."""
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ADDRESS = re.compile(r"\[[^\[\]]*:[^\[\]]*\](?::\d*)?")
"""What stands in brackets in a URL's host: an IPv6 address, and nothing after it but a port."""
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")


@dataclass(frozen=True, slots=True)
class CanonicalUrl:
    """A URL in its one form, and its domain: the host, with ``:port`` where that is not the scheme's own."""

    url: str
    domain: str


@dataclass(frozen=True, slots=True)
class BadUrl:
    """Why a line is no URL that can be fetched, in words that say how to mend it."""

    reason: str


def canonicalise(text: str) -> CanonicalUrl | BadUrl:
    """Return the canonical form of a URL, or why it is none."""
    text = text.strip()
    if len(text) > MAX_URL_CHARS:
        return BadUrl(f"a URL of {len(text):,} characters; at most {MAX_URL_CHARS:,} are taken")
    if (
        (plain := _PLAIN.fullmatch(text))
        and "//" not in plain[3]
        and not _looks_numeric(plain[2])
        and _is_name(plain[2])
    ):
        return CanonicalUrl(text, plain[2])
    return _canonicalise_slowly(text)


def _canonicalise_slowly(text: str) -> CanonicalUrl | BadUrl:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        return BadUrl(f"not a URL: {error}")
    if (reason := _reason_against(text, parts, port)) is not None:
        return BadUrl(reason)
    is_odd = "[" in parts.netloc and not _ADDRESS.fullmatch(parts.netloc)
    if is_odd or (host := _canonical_host(parts.hostname or "")) is None:
        return BadUrl("no valid host name in the URL")
    domain = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    path = _remove_dot_segments(_normalise_escapes(parts.path)) or "/"
    query = "&".join(p for p in _normalise_escapes(parts.query).split("&") if p and not _TRACKING.match(p))
    url = f"{parts.scheme}://{domain}{path}"
    if query:
        url += "?" + query
    if len(url) > MAX_URL_CHARS:
        return BadUrl(f"a URL of {len(url):,} characters once escaped; at most {MAX_URL_CHARS:,} are taken")
    return CanonicalUrl(url, domain)


def _reason_against(text: str, parts: SplitResult, port: int | None) -> str | None:
    """Say what is wrong with a URL, its host aside; None if nothing is."""
    if _CONTROL.search(text):
        return "a space or control character inside the URL; write it as %20 or take it out"
    if _SURROGATE.search(text):
        return "bytes inside the URL that are no UTF-8 text; write them as %XX"
    if not parts.scheme or "://" not in text:
        return "no scheme; write the whole URL, https://…"
    if parts.scheme not in _DEFAULT_PORTS:
        return f"scheme {parts.scheme}: is not fetched; only http and https are"
    if parts.username is not None or parts.password is not None:
        return "a user name or password in the URL; tlray fetches public pages only"
    return "port 0 cannot be connected to" if port == 0 else None


def _is_name(host: str) -> bool:
    return len(host) <= MAX_HOST_CHARS and _HOST.fullmatch(host) is not None


def _looks_numeric(host: str) -> bool:
    return host.rpartition(".")[2].isdigit()


def _canonical_host(host: str) -> str | None:
    host = host.removesuffix(".").lower()
    if not host or len(host) > MAX_HOST_CHARS:
        return None
    if ":" in host or _looks_numeric(host):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return None
        return f"[{address.compressed}]" if address.version == 6 else str(address)
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
        if _looks_numeric(host):  # dots that are no full stops have become some
            return _canonical_host(host)
    return host if _is_name(host) else None


def _normalise_escapes(text: str) -> str:
    """Escape what must be, unescape what need not be, and write escapes in capitals."""

    def one(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    text = _STRAY_PERCENT.sub("%25", text)  # or two half escapes could make one
    return _PERCENT.sub(one, quote(text, safe="%/:?#[]@!$&'()*+,;=~"))


def _remove_dot_segments(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
