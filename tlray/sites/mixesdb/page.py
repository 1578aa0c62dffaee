"""The HTML of MixesDB: the page of one mix, and pages of the Explorer, which hold the lists of several."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tlray.model import FoundSet
from tlray.sites.mixesdb.mix import Mix
from tlray.sites.mixesdb.urls import SITE, is_mix, key_of, page_url
from tlray.sites.mixesdb.wikitext import duration_s

_HEADINGS = ("h1", "h2")
_CHAPTERS = ("h3", "h4", "h5", "dt")
_CONTENT = "#mw-content-text, #bodyContent, .mw-parser-output"
_CONFIG = re.compile(r'"wg(ArticleId|RevisionId|PageName)"\s*:\s*(?:"((?:[^"\\]|\\.){1,400})"|(\d{1,12}))')
_MAX_DEPTH = 12
_NEXT = re.compile(r"next(?:\s+(?:page|[\d,.]+))?\W{0,3}", re.IGNORECASE)
"""The link to the rest of a list; a page of somebody named *Nextmen* is none."""
_PAGED = re.compile(r"[?&](?:pagefrom|from|offset|page)=", re.IGNORECASE)


def explorer_mixes(tree: LexborHTMLParser) -> list[Mix]:
    """Return the mixes of an Explorer page."""
    found: list[Mix] = []
    for result in tree.css("div.explorerResult"):
        link = result.css_first(".explorerTitleLink a[href]")
        key = key_of(_absolute(link)) if link is not None else None
        block = result.css_first(".ExplorerTracklist")
        if link is None or key is None or not is_mix(key) or block is None:
            continue
        mix = _mix(result, key, link.attributes.get("title") or link.text())
        mix.page_id = result.attributes.get("data-explorerarticleid")
        mix.lines = "\n".join(_lines(block, 0))
        found.append(mix)
    return found


def listed_mixes(tree: LexborHTMLParser, root: str = SITE) -> tuple[list[FoundSet], str | None]:
    """Return the mixes that a page links to (a category, results of a search), and where the list goes on; ``root``: of its own
    links."""
    found: dict[str, FoundSet] = {}
    next_url = None
    for link in tree.css("#mw-pages a[href], #mw-content-text a[href], .mw-parser-output a[href]"):
        key = key_of(_absolute(link))
        if key is None:
            continue
        if is_mix(key) and "action=" not in (link.attributes.get("href") or ""):
            title = " ".join((link.attributes.get("title") or link.text()).split())
            found.setdefault(key, FoundSet(page_url(key, root), title or key.replace("_", " ")))
        elif _NEXT.fullmatch(link.text().strip()) and _PAGED.search(link.attributes.get("href") or ""):
            next_url = next_url or _absolute(link).replace("https://x/", f"{root}/")
    return list(found.values()), next_url


def page_mix(tree: LexborHTMLParser, key: str | None) -> Mix | None:
    """Return the mix of a page of its own; None for any other page. ``key``: of its URL, if that is known."""
    config = {name: text or number for name, text, number in _CONFIG.findall(_scripts(tree))}
    own = tree.css_first("link[rel=canonical]")
    key = (
        key
        or key_of((own.attributes.get("href") if own is not None else None) or "")
        or config.get("PageName")
    )
    content = tree.css_first(_CONTENT)
    if key is None or not is_mix(key) or content is None:
        return None
    heading = tree.css_first("h1#firstHeading, h1.firstHeading")
    mix = _mix(tree.root or content, key, heading.text() if heading is not None else key.replace("_", " "))
    mix.page_id, mix.revision = config.get("ArticleId"), config.get("RevisionId")
    anchor = content.css_first("#Tracklist, #Tracklists, #tracklist")
    mix.lines = "\n".join(_lines_below(anchor)) if anchor is not None else ""
    return mix


def _mix(node: LexborNode, key: str, title: str) -> Mix:
    """Return what stands around the list: files, players, categories."""
    players = [
        player.attributes.get("data-playerurl") for player in node.css(".playerWrapper[data-playerurl]")
    ]
    links = node.css("#catlinks a, .catlinks a, .explorerLinks a")
    hrefs = [(link.attributes.get("href") or "", link.text()) for link in links]
    return Mix(
        key=key,
        title=" ".join(title.split()),
        durations_s=_durations_s(node),
        players=list(dict.fromkeys(filter(None, players)))[:1],
        categories=[" ".join(text.split()) for href, text in hrefs if "Category:" in href],
    )


def _durations_s(node: LexborNode) -> list[float]:
    table = node.css_first("table.filedetails")
    rows = (
        [[cell.text().strip() for cell in row.css("th, td")] for row in table.css("tr")]
        if table is not None
        else []
    )
    head = [name.lower() for name in rows[0]] if rows else []
    if "dur" not in head:
        return []
    at = head.index("dur")
    return [found for row in rows[1:] if at < len(row) and (found := duration_s(row[at])) is not None]


def _lines_below(anchor: LexborNode) -> Iterator[str]:
    """Yield the lines of the section that an anchor opens, up to the next heading of the page."""
    node: LexborNode | None = anchor
    while node is not None and node.tag not in ("h2", "h1", "div"):
        node = node.parent
    node = node.next if node is not None else None
    while node is not None:
        if node.tag in _HEADINGS or (node.tag == "div" and node.css_first("h2") is not None):
            return
        if (node.attributes.get("id") if node.tag != "-text" else None) == "catlinks":
            return
        yield from _lines_of(node, 0)
        node = node.next


def _lines(node: LexborNode, depth: int) -> Iterator[str]:
    child = node.child
    while child is not None:
        yield from _lines_of(child, depth)
        child = child.next


def _lines_of(node: LexborNode, depth: int) -> Iterator[str]:
    """Yield an element of a list in the notation of wikitext: rows of ``ol`` and of ``div.list``, chapters, gaps."""
    classes = (node.attributes.get("class") or "").split() if node.tag not in ("-text", "-comment") else []
    if node.tag in _CHAPTERS:
        yield f";{_text(node)}"
    elif "list-track" in classes or (
        node.tag == "li" and node.parent is not None and node.parent.tag == "ol"
    ):
        yield f"# {_text(node)}"
    elif node.tag in ("p", "dd") and (text := _text(node)).strip(".… ") == "" and text:
        yield "..."
    elif node.tag in ("ol", "dl", "div", "section") and depth < _MAX_DEPTH and "noPlayers" not in classes:
        yield from _lines(node, depth + 1)


def _text(node: LexborNode) -> str:
    """Return an element's text on one line, its italics and bold as wikitext has them."""
    pieces: list[str] = []
    child = node.child
    while child is not None:
        if child.tag == "-text":
            pieces.append(child.text_content or "")
        elif child.tag in ("i", "em", "b", "strong"):
            mark = "''" if child.tag in ("i", "em") else "'''"
            pieces.append(f"{mark}{child.text()}{mark}")
        elif child.tag not in ("script", "style", "ol", "ul", "-comment"):
            pieces.append(child.text())
        child = child.next
    return " ".join("".join(pieces).split())


def _absolute(link: LexborNode) -> str:
    href = link.attributes.get("href") or ""
    return href if "://" in href else f"https:{href}" if href.startswith("//") else f"https://x{href}"


def _scripts(tree: LexborHTMLParser) -> str:
    return "\n".join(script.text() for script in tree.css("head script")[:30])[: 256 * 1024]
