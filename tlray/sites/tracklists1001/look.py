"""Recognition of the site's pages by their looks: saved pages have no URL, and demo sites another host.

The site signs its pages in the head, block and wait pages too; a browser that saves one may make the links relative, but
leaves the rest. A signature is the name of the site or of the page's own address. An author or a title may name the site on
somebody else's page, too, so they do not count where the page says that it is another site's. The rows need no signature.
"""

from __future__ import annotations

import re

import turbohtml

from tlray.sites.bombs import makes_too_much
from tlray.sites.hosts import host_of
from tlray.sites.tracklists1001.urls import DOMAIN, SHORT_DOMAIN

_HINT = re.compile(r"1001\W{0,8}tracklists|1001\.tl|\btlTab\b|\btlpItem\b", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\b", re.IGNORECASE)
_ROWS = re.compile(
    r"<[a-z][^<>]{0,2000}?\s(?:id|class)\s*=\s*[\"']?(?:[^\"'<>]{0,500}\s)?(?:tlTab|tlpItem)\b", re.IGNORECASE
)
_SIGNING = ", ".join(f"{place} > {tag}" for place in ("head", "body") for tag in ("meta", "link", "base"))
"""Where a head is broken, by an extension of the browser's, the rest of it are children of the body."""
_SITE_NAMES = frozenset({"og:site_name", "application-name", "apple-mobile-web-app-title"})
_MENTIONS = frozenset({"author", "twitter:site", "twitter:creator", "publisher"})
_ADDRESSES = frozenset({"og:url", "twitter:url", "al:web:url"})
_OWN_ADDRESS = frozenset({"canonical", "shortlink"})
_OWN_FILES = frozenset({"stylesheet", "icon", "apple-touch-icon", "manifest", "search"})
_NAME = re.compile(r"@?1001\s?tracklists(?:\.com)?", re.IGNORECASE)
_TITLE = re.compile(
    r"1001\s?tracklists(?:\.com)?(?:\s*[|⋅·•:?\ufffd–—-]\s.*)?|.*\s[|⋅·•–—-]\s*1001\s?tracklists(?:\.com)?",
    re.IGNORECASE | re.DOTALL,
)
_SAVED_FROM = re.compile(r"\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:\s*)(\S+)")


def is_ours(head: str) -> bool:
    """True if a page, or the beginning of one, looks like the site's."""
    if not _HINT.search(head):
        return False
    end = _HEAD_END.search(head)
    signed = head[: end.start()] if end else head
    if not makes_too_much(signed.encode()) and _is_signed(turbohtml.parse(signed, positions=False)):
        return True
    return _ROWS.search(head) is not None


def _is_signed(tree: turbohtml.Document) -> bool:
    mentioned, is_elsewhere = False, False
    for element in tree.select(_SIGNING):
        key = (element.attr("property") or element.attr("name") or "").strip().lower()
        value = (element.attr("content") or "").strip()
        address = (value if key in _ADDRESSES else element.attr("href") or "").strip()
        rels = set((element.attr("rel") or "").lower().split())
        if key in _SITE_NAMES and value:
            is_firm, is_own = True, _NAME.fullmatch(value) is not None
        elif key in _MENTIONS:
            is_firm, is_own = False, _NAME.fullmatch(value) is not None
        elif host := _host(address):
            is_firm = key in _ADDRESSES or bool(rels & _OWN_ADDRESS) or element.tag == "base"
            is_own = (is_firm or bool(rels & _OWN_FILES)) and _is_sites(host)
        else:
            continue
        if is_firm and is_own:
            return True
        mentioned |= is_own
        is_elsewhere |= is_firm
    return _is_saved_from_site(tree) or ((mentioned or _is_titled(tree)) and not is_elsewhere)


def _is_saved_from_site(tree: turbohtml.Document) -> bool:
    """True if a browser says so in the comment that it puts at the top."""
    nodes = (*tree.children, *(tree.root.children if tree.root else ()))
    comments = (_SAVED_FROM.match(node.data) for node in nodes if isinstance(node, turbohtml.Comment))
    return any(_is_sites(_host(found.group(1))) for found in comments if found)


def _is_titled(tree: turbohtml.Document) -> bool:
    title = tree.select_one("title")
    return title is not None and _TITLE.fullmatch(" ".join(title.text.split())[:500]) is not None


def _host(address: str) -> str:
    """Return the host that an address names; "" where it says nothing: a relative one, one of a copy on this machine."""
    host = host_of(f"https:{address}" if address.startswith("//") else address)
    return "" if host == "localhost" or host.startswith("127.") else host


def _is_sites(host: str) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in (DOMAIN, SHORT_DOMAIN))
