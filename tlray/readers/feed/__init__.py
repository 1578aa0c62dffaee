"""Podcast feeds: each episode that holds a tracklist is a set, by its chapters or by its show notes."""

from __future__ import annotations

from collections.abc import Iterator

from tlray.core.model.urls import join
from tlray.model import CuePrecision, FoundSet, PageKind, ParsedPage, Tracklist
from tlray.readers.chapters.marks import ChapterTracks, tracks_of
from tlray.readers.feed.items import Episode, Feed, episodes_of, feed_of, source_id_of
from tlray.readers.interface import SourceFile
from tlray.readers.made import links, made_set, names, plural
from tlray.readers.sniff import first_element, head_text
from tlray.readers.text.about import about
from tlray.readers.xml_tree import BadXmlError, parse_xml
from tlray.sites.text import FoundList, find_list

SITE = "podcast"


class FeedReader:
    """RSS and Atom."""

    kind = "feed"
    version = "feed/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it is a feed, by its first element."""
        text = head_text(head)
        element = first_element(text)
        if element in ("rss", "rdf", "channel"):
            return True
        return element == "feed" and ("w3.org/2005/Atom" in text or "<entry" in text)

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the sets of all episodes; those without a tracklist are counted."""
        try:
            root, issues = parse_xml(file.body, file.encoding)
        except BadXmlError as error:
            return ParsedPage(PageKind.UNKNOWN, str(error))
        feed = feed_of(root)
        if feed is None:
            return ParsedPage(PageKind.UNKNOWN, "XML that is no feed")
        read = [(episode, set_of(feed, episode, issues)) for episode in episodes_of(root)]
        listed = {
            url: FoundSet(url, episode.title or feed.title)
            for episode, made in read
            for url in _addresses(episode, made, file.url)
        }
        found = [made for _, made in read if made is not None]
        n_others = feed.n_episodes - len(found)
        if not found:
            n_said = plural(n_others, "episode")
            return ParsedPage(
                PageKind.UNKNOWN,
                f"{n_said}, no tracklist in any" if n_others else "no episodes",
                found=tuple(listed.values()),
                next_url=_next_url(feed, file.url),
            )
        n_all = plural(feed.n_episodes, "episode")
        reason = f"{n_others} of {n_all} without a tracklist" if n_others else None
        return ParsedPage(
            PageKind.TRACKLIST, reason, tuple(_each_once(found)), found=tuple(listed.values()),
            next_url=_next_url(feed, file.url),
        )  # fmt: skip


def _addresses(episode: Episode, made: Tracklist | None, base: str) -> list[str]:
    """Return where an episode's set may be read: its page, and the file of its chapters if the feed has no exact starts."""
    has_starts = made is not None and any(track.cue_precision is CuePrecision.SECOND for track in made.tracks)
    chapters = [] if has_starts else _web_address(base, episode.chapters_url)
    return [*links([episode.link]), *chapters]


def _next_url(feed: Feed, base: str) -> str | None:
    """Return the address of the feed's next page."""
    return next(iter(_web_address(base, feed.next_url)), None)


def _web_address(base: str, reference: str) -> list[str]:
    """Return the address that a feed names, if it is one of the web."""
    try:
        return links([join(base, reference.strip())]) if reference.strip() else []
    except ValueError:  # no URL
        return []


def _each_once(sets: list[Tracklist]) -> Iterator[Tracklist]:
    """Yield sets without those that a feed has twice; of different ones with one id, the later ones get a number."""
    seen: dict[str | None, list[list[str]]] = {}
    for made in sets:
        lists = seen.setdefault(made.source_id, [])
        texts = [track.text for track in made.tracks]
        if texts in lists:
            continue
        if lists and made.source_id:
            made.source_id = f"{made.source_id}#{len(lists) + 1}"
        lists.append(texts)
        yield made


def set_of(feed: Feed, episode: Episode, issues: list[str]) -> Tracklist | None:
    """Return the set of an episode; None where it holds no tracklist."""
    authors = names(episode.author or feed.author)
    found = _tracks(episode, authors)
    if found is None:
        return None
    title = episode.title or feed.title
    named = about([], title)
    linked = ["chapters are in another file"] if episode.chapters_url and not episode.chapters else []
    url = next(iter(links([episode.link, *episode.media_urls])), feed.link)
    return made_set(
        found.tracks,
        title=title,
        url=url,
        page_url=next(iter(links([episode.link])), None),
        site=SITE,
        source_id=source_id_of(feed, episode),
        date=named.date,
        djs=named.djs or authors,
        sources=names(feed.title),
        published=episode.published,
        duration_s=episode.duration_s,
        recordings=episode.media_urls[:1],
        licence=episode.licence or feed.licence,
        quality_issues=[*issues, *found.issues, *linked],
        parser=FeedReader.version,
        media_type="application/rss+xml",
    )


def _tracks(episode: Episode, authors: list[str]) -> ChapterTracks | FoundList | None:
    """Return the tracks by the chapters or the show notes, whichever name more; chapters, which are exact, before equal notes."""
    marks = tracks_of(episode.chapters, duration_s=episode.duration_s) if episode.chapters else ""
    best: ChapterTracks | FoundList | None = None if isinstance(marks, str) else marks
    for notes in episode.notes:
        found = find_list(notes, duration_s=episode.duration_s, names=authors)
        if isinstance(found, FoundList) and (best is None or _weight(found) > _weight(best)):
            best = found
    return best


def _weight(found: ChapterTracks | FoundList) -> tuple[int, int]:
    return len(found.tracks), sum(track.cue_precision is CuePrecision.SECOND for track in found.tracks)
