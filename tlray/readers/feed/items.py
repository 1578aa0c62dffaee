"""The episodes of a feed: RSS 2.0, RSS 1.0 (RDF) and Atom, with iTunes, Podcasting 2.0 and Podlove beside them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from tlray.readers.chapters.marks import Chapter, seconds
from tlray.readers.chapters.simple import first_chapters
from tlray.readers.feed.notes import lines_of_notes
from tlray.readers.xml_tree import Element, children, local, namespace, text_of
from tlray.sites.fields import published_day

MAX_EPISODES = 50_000
_NOTES = ("encoded", "description", "summary", "content", "subtitle")
_GLOBAL_ID_CHARS = 12
"""A shorter id is one among those of its feed, not of all feeds: ``episode-7``."""
_NUMBER = re.compile(r"[\d\s._-]+")


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's channel."""

    title: str
    author: str
    link: str
    licence: str | None
    n_episodes: int
    next_url: str = ""
    """Where it goes on (RFC 5005)."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One item of a feed."""

    title: str
    link: str
    guid: str
    author: str
    published: date | None
    duration_s: float | None
    media_urls: list[str]
    notes: list[str]
    """Its show notes as text, in each of the forms in which the feed has them."""
    chapters: list[Chapter]
    chapters_url: str
    """Where its chapters are, if not in the feed."""
    licence: str | None


def feed_of(root: Element) -> Feed | None:
    """Return what a document says of its channel; None where it is no feed."""
    kind = local(root).lower()
    if kind not in ("rss", "rdf", "feed", "channel"):
        return None
    channel = root if kind in ("feed", "channel") else next(children(root, "channel"), root)
    return Feed(
        _plain(channel, "title"),
        _author(channel),
        _link(channel),
        _licence(channel),
        len(_items(root)),
        _next(channel),
    )


def episodes_of(root: Element) -> Iterator[Episode]:
    """Yield the episodes of a feed, in its order."""
    for item in _items(root)[:MAX_EPISODES]:
        media_urls = _media_urls(item)
        guid = (
            _plain(item, "guid")
            or _plain(item, "id")
            or item.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about", "")
        )
        linked = [one for one in children(item, "chapters") if one.get("url")]
        yield Episode(
            title=_plain(item, "title"),
            link=_link(item) or (guid if guid.startswith(("http://", "https://")) else ""),
            guid=guid,
            author=_author(item),
            published=_published(item),
            duration_s=_duration_s(item),
            media_urls=media_urls,
            notes=_notes(item),
            chapters=first_chapters(item),
            chapters_url=linked[0].get("url") if linked else "",
            licence=_licence(item),
        )


def source_id_of(feed: Feed, episode: Episode) -> str | None:
    """Return the id of an episode among those of all feeds; None where the feed gives it none."""
    guid = episode.guid
    if not guid:
        return episode.link or next(iter(episode.media_urls), None)
    if len(guid) >= _GLOBAL_ID_CHARS and not _NUMBER.fullmatch(guid):
        return guid
    parts = urlsplit(feed.link) if feed.link.startswith("http") else None
    of_feed = f"{parts.netloc}{parts.path}".rstrip("/") if parts else feed.title
    return f"{of_feed}#{guid}" if of_feed else guid


def _items(root: Element) -> list[Element]:
    """Return the items: in RSS in the channel, in RDF beside it, in Atom entries."""
    if local(root).lower() == "feed":
        return list(children(root, "entry"))
    inside = [item for channel in children(root, "channel") for item in children(channel, "item")]
    return inside or list(children(root, "item"))


def _plain(element: Element, name: str) -> str:
    """Return the text of a child, RSS's own before iTunes' and others'; entities of HTML, which titles often hold, undone."""
    found = sorted(
        children(element, name), key=lambda child: "itunes" in namespace(child) or "media" in namespace(child)
    )
    text = next((text for child in found if (text := text_of(child).strip())), "")
    return " ".join(html.unescape(text).split())


def _link(element: Element) -> str:
    """Return the address of the page: RSS's text, Atom's ``alternate``."""
    for link in children(element, "link"):
        said = link.get("href") if link.get("rel", "alternate") == "alternate" else None
        if (url := (said or text_of(link)).strip()).startswith(("http://", "https://")) and link.get(
            "rel"
        ) in (None, "alternate"):
            return url
    return ""


def _next(channel: Element) -> str:
    links = (link for link in children(channel, "link") if link.get("rel") == "next")
    return next((url for link in links if (url := link.get("href", "").strip())), "")


def _author(element: Element) -> str:
    """Return who made it, without an e-mail address: ``me@example.org (Name)`` is Name."""
    for author in [*children(element, "author"), *children(element, "creator")]:
        name = next(children(author, "name"), None)
        text = " ".join(html.unescape(text_of(author if name is None else name)).split())
        if found := re.fullmatch(r"\S+@\S+\s*\((.+)\)", text):
            text = found[1]
        if text and "@" not in text:
            return text
    return ""


def _published(item: Element) -> date | None:
    for name in ("pubDate", "published", "date", "issued", "updated"):
        for child in children(item, name):
            if found := published_day(text_of(child).strip()):
                return found
    return None


def _duration_s(item: Element) -> float | None:
    found = next((seconds(text_of(child)) for child in children(item, "duration")), None)
    return found or None


def _media_urls(item: Element) -> list[str]:
    urls = [one.get("url", "") for one in children(item, "enclosure")]
    urls += [one.get("href", "") for one in children(item, "link") if one.get("rel") == "enclosure"]
    media = [one for parent in (item, *children(item, "group")) for one in children(parent, "content")]
    urls += [
        one.get("url", "")
        for one in media
        if one.get("medium", one.get("type", "")).startswith(("audio", "video"))
    ]
    return [url.strip() for url in dict.fromkeys(urls) if url.strip().startswith(("http://", "https://"))]


def _notes(item: Element) -> list[str]:
    """Return the show notes; the same list is often there in three escapings."""
    parents = (item, *children(item, "group"))  # Media RSS puts them into a group
    found = [
        lines_of_notes(_markup(child) if len(child) else text_of(child))
        for parent in parents
        for child in parent
        if local(child) in _NOTES
    ]
    return [text for text in dict.fromkeys(found) if text.strip()]


def _markup(element: Element) -> str:
    """Return what is in an element of XHTML as markup, so that its breaks are not lost."""
    from lxml import etree  # noqa: PLC0415 - loaded already

    inside = "".join(etree.tostring(child, encoding="unicode", with_tail=True) for child in element)
    return html.escape(element.text or "", quote=False) + re.sub(r"<(/?)\w+:", r"<\1", inside)


def _licence(element: Element) -> str | None:
    for name in ("license", "licence"):
        for child in children(element, name):
            if text := (text_of(child).strip() or child.get("url") or child.get("href") or ""):
                return str(text)[:200]
    return None
