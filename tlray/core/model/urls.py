"""Canonical URLs, the URLs of redirects, and the domain of a URL.

Only general rules; what a site treats as the same (two slugs of one set) is in its parser in ``sites/``. Source: RFC 3986 §6.2
(case, default port, dot segments, percent-encoding), UTS 46 for hosts, as browsers apply it.

The result is requested byte for byte. A list's URL has its canonical form; the target of a redirect stays as the site spells
it, or a site that insists on one of two spellings would send us in a loop.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna

MAX_URL_CHARS = 2_048
"""Longer ones are refused: servers and proxies refuse or cut them too."""
MAX_HOST_CHARS = 253

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRACKING = re.compile(r"^(utm_[a-z]+|fbclid|gclid|igshid|mc_cid|mc_eid)(=|$)", re.IGNORECASE)
_PLAIN = re.compile(r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(/[A-Za-z0-9_~/-]*(?:\.[A-Za-z0-9_~-]+)*)")
"""The shape of nearly every URL of a list, already canonical: no port, query, fragment, ``%``, ``./`` or
``../``."""
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_LINE_END = re.compile(r"[\x80-\x9f\u2028\u2029]")
"""C1 controls, NEL among them, and the line separators of Unicode: what follows may be another line of a list."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NO_CONTROL = "a space or control character inside the URL; write it as %20 or take it out"
_ADDRESS = re.compile(r"\[[^\[\]]*:[^\[\]]*\](?::\d*)?")
"""An IPv6 address in brackets, with an optional port."""
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOT = re.compile("%2e", re.IGNORECASE)
_SAFE = "%/:?#[]@!$&'()*+,;=~"
"""Characters that are allowed in a path or a query, besides letters, digits and ``-._``."""
_JOINERS = "\u200c\u200d"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")


@dataclass(frozen=True, slots=True)
class CanonicalUrl:
    """A URL in its one form, and its domain: the host, with ``:port`` where that is not the scheme's own."""

    url: str
    domain: str


@dataclass(frozen=True, slots=True)
class BadUrl:
    """A text that is no URL to fetch; with the reason and a correction."""

    reason: str


def canonicalise(text: str) -> CanonicalUrl | BadUrl:
    """Return the canonical form of a URL, or why there is none."""
    text = text.strip()
    if len(text) > MAX_URL_CHARS:
        return BadUrl(f"a URL of {len(text):,} characters; at most {MAX_URL_CHARS:,} are taken")
    if not text.isascii() and _LINE_END.search(text):
        return BadUrl(_NO_CONTROL)
    if (
        (plain := _PLAIN.fullmatch(text))
        and "//" not in plain[3]
        and not _looks_numeric(plain[2])
        and _is_name(plain[2])
    ):
        return CanonicalUrl(text, plain[2])
    return _canonicalise_slowly(text)


def redirected(url: str, location: str) -> CanonicalUrl | BadUrl:
    """Return the target of a redirect from ``url`` as the site spells it, with a canonical host and port."""
    try:
        target = join(url, location)
    except ValueError as error:  # untrusted: "http://[::1"
        return BadUrl(f"not a URL: {error}")
    return _canonicalise_slowly(target, keeps_spelling=True)


def join(url: str, reference: str) -> str:
    """Resolve a reference (RFC 3986 §5.2.2), but for dot segments; ValueError if it is not valid.

    `urllib.parse.urljoin` would also drop empty segments and a last ``;``.
    """
    base, (scheme, host, path, query, fragment) = urlsplit(url), urlsplit(reference)
    if scheme:
        return reference
    if not host:
        host = base.netloc
        if not path:
            path, query = base.path, query if "?" in reference else base.query
        elif not path.startswith("/"):
            path = base.path.rpartition("/")[0] + "/" + path
    return urlunsplit((base.scheme, host, path, query, fragment))


def _canonicalise_slowly(text: str, *, keeps_spelling: bool = False) -> CanonicalUrl | BadUrl:
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
    if keeps_spelling:
        path, query = quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE)
    else:
        path = normalise_escapes(parts.path)
        query = "&".join(p for p in normalise_escapes(parts.query).split("&") if p and not _TRACKING.match(p))
    path = _remove_dot_segments(path) or "/"
    url = f"{parts.scheme}://{domain}{path}"
    if query:
        url += "?" + query
    if len(url) > MAX_URL_CHARS:
        return BadUrl(f"a URL of {len(url):,} characters once escaped; at most {MAX_URL_CHARS:,} are taken")
    return CanonicalUrl(url, domain)


def _reason_against(text: str, parts: SplitResult, port: int | None) -> str | None:
    """Return what is wrong with a URL, besides its host; None if nothing is."""
    if _CONTROL.search(text):
        return _NO_CONTROL
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
        ascii_host = _ascii_host(host)
        # characters that are no full stops may have become some
        return None if ascii_host is None else _canonical_host(ascii_host)
    return host if _is_name(host) else None


def _ascii_host(host: str) -> str | None:
    """Return a host as in DNS, by UTS 46 as browsers apply it (WHATWG URL §3.3): symbols are allowed, which IDNA 2008 refuses;
    None if it is not valid."""
    try:
        labels = idna.uts46_remap(host, std3_rules=False).split(".")
        is_bidi = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in "".join(labels))
        for label in filter(None, labels):
            idna.check_initial_combiner(label)
            if is_bidi:
                idna.check_bidi(label, check_ltr=True)
            for place, char in enumerate(label):
                if char in _JOINERS and not idna.valid_contextj(label, place):
                    return None
    except (idna.IDNAError, ValueError):
        return None
    if any(label.startswith("xn--") and not label.isascii() for label in labels):
        return None
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels
    )


def normalise_escapes(text: str) -> str:
    """Escape what must be escaped, unescape the rest, with escapes in capitals."""

    def one(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    text = _STRAY_PERCENT.sub("%25", text)  # else two half escapes could make one
    return _PERCENT.sub(one, quote(text, safe=_SAFE))


def _remove_dot_segments(path: str) -> str:
    if "/." not in path and "/%2" not in path:
        return path
    result: list[str] = []
    segments = path.split("/")
    plain = [_DOT.sub(".", segment) if len(segment) <= len("%2e%2e") else segment for segment in segments]
    for segment, dots in zip(segments, plain, strict=True):
        if dots == "..":
            if len(result) > 1:
                result.pop()
        elif dots != ".":
            result.append(segment)
    if plain[-1] in (".", ".."):
        result.append("")
    return "/".join(result)


def host_of(domain: str) -> str:
    """Return the host of a domain, without its port."""
    if domain.startswith("["):
        return domain[: domain.index("]") + 1]
    return domain.partition(":")[0]
