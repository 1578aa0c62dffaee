"""Sets that a page describes in the vocabulary of schema.org.

A playlist, an album or a release with its recordings; or an episode, a recording or a video whose description holds a list.
JSON-LD counts before microdata, that before RDFa. Few recordings, and other numbers than the page claims, are no set.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from tlray.core.model.tracklists import make_set
from tlray.model import PageKind, ParsedPage, Track, Tracklist
from tlray.sites.fields import day, published_day, split_name
from tlray.sites.html_tree import MAX_BYTES, tree_of
from tlray.sites.json_text import BadJsonError, load, string
from tlray.sites.schemaorg.rows import MAX_ROWS, VARIOUS, Recording, claimed, recordings_of, rows_of
from tlray.sites.schemaorg.syntax import MICRODATA, RDFA, in_elements, in_json_ld
from tlray.sites.schemaorg.thing import Thing, duration_s, link, names, text, things, types_of, values
from tlray.sites.text import FoundList, find_list

NAME = "schema.org"
VERSION = "schema.org/1"
LISTS = frozenset({"MusicPlaylist", "MusicAlbum", "MusicRelease"})
DESCRIBED = LISTS | {
    "PodcastEpisode",
    "RadioEpisode",
    "Episode",
    "MusicRecording",
    "AudioObject",
    "VideoObject",
}
MIN_ROWS = 3
_PRODUCTION = ("albumProductionType", "hasAlbumProductionType")
_MIXES = ("DJMixAlbum", "MixtapeAlbum", "CompilationAlbum")
"""Kinds of albums whose artist is not that of each track; nor is a playlist's, or who wrote a page."""


def parse_page(body: bytes, *, url: str, charset: str | None) -> ParsedPage:
    """Read the set that a page, or a document of JSON-LD, describes. See `SiteParser.parse`."""
    if len(body) > MAX_BYTES:
        return ParsedPage(PageKind.UNKNOWN, "too large")
    if body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        try:
            return _best([[load(body, is_lenient=True)]], url, "", "application/ld+json")
        except BadJsonError as error:
            return ParsedPage(PageKind.UNKNOWN, str(error))
    tree = tree_of(body, charset)
    if isinstance(tree, str):
        return ParsedPage(PageKind.UNKNOWN, tree)
    head = tree.css_first("title")
    syntaxes = (list(in_json_ld(tree)), in_elements(tree, MICRODATA), in_elements(tree, RDFA))
    return _best(syntaxes, url, head.text() if head is not None else "", "text/html")


def _best(syntaxes: Iterable[list[Any]], url: str, page_title: str, media_type: str) -> ParsedPage:
    """Return the first syntax's set; the reason of the first list that is none otherwise."""
    reason = ""
    for documents in syntaxes:
        found = [thing for thing in things(documents) if types_of(thing) & DESCRIBED]
        for thing, rows in sorted(_lists(found), key=lambda pair: _rank(pair, url)):
            made = _set_of(thing, rows, url, page_title, media_type)
            if not isinstance(made, str):
                return ParsedPage(PageKind.TRACKLIST, None, (made,))
            reason = reason or made
        if (described := _described(found, url, media_type)) is not None:
            return ParsedPage(PageKind.TRACKLIST, None, (described,))
    return ParsedPage(PageKind.UNKNOWN, reason or "no list of recordings")


def _lists(found: Iterable[Thing]) -> Iterator[tuple[Thing, list[Recording]]]:
    for thing in found:
        if types_of(thing) & LISTS and (rows := recordings_of(thing)):
            yield thing, rows


def _rank(pair: tuple[Thing, list[Recording]], url: str) -> tuple[bool, int]:
    """The page's own list comes first, then the longest."""
    thing, rows = pair
    own = (
        string(one)
        for one in (*values(thing, "@id"), *values(thing, "url"), *values(thing, "mainEntityOfPage"))
    )
    return not (url and any(one.partition("#")[0] == url for one in own)), -len(rows)


def _set_of(
    thing: Thing, found: list[Recording], url: str, page_title: str, media_type: str
) -> Tracklist | str:
    """Return the set of a list, or the reason why it is none."""
    if len(found) > MAX_ROWS:
        return f"more than {MAX_ROWS} recordings"
    said = claimed(thing)
    if said is not None and said != len(found):
        return f"rows {len(found)} of {said}"
    if len(found) < MIN_ROWS:
        return f"{len(found)} recordings: too few for a set"
    publisher = text(thing, "publisher", "recordLabel", "provider")
    albums = _albums(thing)
    artists = next(filter(None, (names(album, "byArtist") for album in albums)), [])
    artists = artists or names(thing, "creditedTo")
    is_played = "MusicPlaylist" not in types_of(thing) and bool(artists)
    artists = artists or names(thing, "creator", "author")
    is_label = bool(artists) and artists[0].casefold() == publisher.casefold()
    productions = {string(kind) for album in albums for kind in values(album, *_PRODUCTION)}
    is_mix = any(kind.endswith(_MIXES) for kind in productions)
    credited = "" if is_mix or not is_played else text(thing, "creditedTo") or ", ".join(artists)
    rows = rows_of(found, artist=credited, publisher=publisher)
    is_bare = is_label and {row.artist for row in rows} == {artists[0]}
    if is_bare and (named := split_name(text(thing, "name"))[0]):
        artists = [named]
        rows = rows_of(found, artist=named, publisher=publisher)
    others = {row.artist for row in rows if row.artist and row.artist not in artists}
    is_label = is_label and any(row.artist != artists[0] for row in rows)
    is_of_all = any(sum(other in artist for other in others) > 1 for artist in artists)
    djs = [] if is_label or is_of_all else [name for name in artists if not VARIOUS.fullmatch(name)]
    return _made(thing, rows, url, media_type, page_title=page_title, djs=djs, issues=[])


def _albums(thing: Thing) -> list[Thing]:
    """Return a list, and what it is a release of."""
    return [thing, *(one for one in values(thing, "releaseOf") if isinstance(one, dict))]


def _published(thing: Thing) -> date | None:
    events = [one for one in values(thing, "hasReleaseRegion", "releasedEvent") if isinstance(one, dict)]
    of_events = [on for one in events for on in values(one, "releaseDate", "startDate")]
    said = [*values(thing, "datePublished", "uploadDate", "releaseDate"), *of_events]
    return next((found for one in said if (found := published_day(string(one)))), None)


def _described(found: Iterable[Thing], url: str, media_type: str) -> Tracklist | None:
    """Return the set whose list is in the description of what the page is about."""
    for thing in found:
        description = html.unescape(
            string(next(iter(values(thing, "description", "articleBody", "text")), ""))
        )
        if description.count("\n") + 1 < MIN_ROWS:
            continue
        artists = names(thing, "byArtist", "creator", "author", "actor")
        listed = find_list(description, duration_s=duration_s(thing), names=artists)
        if isinstance(listed, FoundList):
            return _made(
                thing, listed.tracks, url, media_type, page_title="", djs=artists, issues=listed.issues
            )
    return None


def _made(
    thing: Thing,
    rows: list[Track],
    url: str,
    media_type: str,
    *,
    page_title: str,
    djs: list[str],
    issues: list[str],
) -> Tracklist:
    own = link(thing, "@id", "url", "mainEntityOfPage")
    where = own or url
    title = text(thing, "name", "headline") or " ".join(page_title.split()) or "untitled"
    genres = [name for name in names(thing, "genre", "keywords") if "://" not in name]
    return make_set(
        rows,
        title=title,
        url=url or own or "",
        site=NAME,
        source_id=where.partition("://")[2] or None,
        page_url=own,
        djs=djs,
        sources=names(thing, "partOfSeries", "inPlaylist", "publisher", "recordLabel"),
        genres=genres,
        date=next((day(string(one)) for one in values(thing, "dateCreated", "startDate")), None),
        published=_published(thing),
        duration_s=duration_s(thing),
        recordings=[media] if (media := link(thing, "associatedMedia", "audio", "contentUrl")) else [],
        quality_issues=issues,
        parser=VERSION,
        licence=link(thing, "license"),
        attribution=text(thing, "creditText") if "license" in thing else None,
        media_type=media_type,
    )
