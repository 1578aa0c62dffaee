"""Episodes of NTS: JSON of its interface, and the rows of a saved page.

A list of rows is complete or empty. An episode without the key is a throttle in disguise: the site leaves it out,
with status 200, when it is asked too fast.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from selectolax.lexbor import LexborNode

from tlray.core.model.tracklists import make_set
from tlray.model import CuePrecision, FoundSet, PageKind, ParsedPage, Track
from tlray.sites.challenge import challenge_in
from tlray.sites.fields import clean, day, make_track
from tlray.sites.hosts import root_of
from tlray.sites.html_tree import tree_of
from tlray.sites.interface import THROTTLED
from tlray.sites.json_text import BadJsonError, load, number, string
from tlray.sites.nts.urls import PAGE_EPISODES, SITE, episode_in

VERSION = "nts/1"
MAX_ROWS = 2_000
_GUEST = re.compile(r"\s+w/\s.*$|^w/\s+", re.IGNORECASE)


def parse_page(body: bytes, *, url: str, charset: str | None) -> ParsedPage:
    """Read an episode. See `SiteParser.parse`."""
    if not body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _of_html(body, url, charset)
    try:
        data = load(body)
    except BadJsonError as error:
        return ParsedPage(PageKind.UNKNOWN, str(error))
    if "episode_alias" in data:
        found = _tracklist(data)
        if found is not None:
            return _of_rows(data, found, url)
        if string(data.get("status")) == "pending":
            return ParsedPage(PageKind.UNKNOWN, "not broadcast yet")
        return ParsedPage(PageKind.BLOCKED, THROTTLED)
    rows = data.get("results")
    is_rows = isinstance(rows, list) and all(isinstance(row, dict) and "artist" in row for row in rows)
    return _of_rows({}, data, url) if is_rows else _of_show(data, root_of(url, SITE))


def _of_show(data: dict[str, Any], root: str) -> ParsedPage:
    """Return the episodes of a list, and where it goes on."""
    episodes = [one for one in _listed(data.get("results")) if one.get("episode_alias")]
    names = [
        (string(one.get("show_alias")), string(one.get("episode_alias")), string(one.get("name")))
        for one in episodes
    ]
    found = [
        FoundSet(f"{root}/shows/{show}/episodes/{alias}", clean(name)) for show, alias, name in names if show
    ]
    of_all = data.get("metadata")
    resultset = of_all.get("resultset") if isinstance(of_all, dict) else None
    count, offset = (
        number(resultset.get(key)) if isinstance(resultset, dict) else None for key in ("count", "offset")
    )
    after = int(offset or 0) + len(episodes)
    is_more = bool(found) and count is not None and after < count
    more = (
        f"{root}/api/v2/shows/{names[0][0]}/episodes?offset={after}&limit={PAGE_EPISODES}"
        if is_more
        else None
    )
    reason = f"a list of {len(found)} episodes" if found else "an answer that is no episode"
    return ParsedPage(PageKind.SEARCH, reason, found=tuple(found), next_url=more)


def _of_rows(data: dict[str, Any], found: list[Any] | dict[str, Any], url: str) -> ParsedPage:
    """Return the set of an episode's list, if that is whole."""
    results = found if isinstance(found, list) else found.get("results")
    if not isinstance(results, list) or len(results) > MAX_ROWS:
        return ParsedPage(PageKind.UNKNOWN, "a tracklist of another form")
    said = _claimed(found)
    if said is not None and said > len(results):
        return ParsedPage(PageKind.UNKNOWN, f"rows {len(results)} of {said}")
    rows = (row for row in results if isinstance(row, dict))
    return _episode(data, [_track(index, row) for index, row in enumerate(rows, 1)], url)


def _tracklist(data: Mapping[str, Any]) -> list[Any] | dict[str, Any] | None:
    """Return the list, in its newer or older place; None if the key is missing, or has no list."""
    embeds = data.get("embeds")
    places = (data, embeds if isinstance(embeds, dict) else {})
    return next((found for place in places if isinstance(found := place.get("tracklist"), list | dict)), None)


def _claimed(found: Any) -> int | None:
    for name in ("metadata", "resultset"):
        found = found.get(name) if isinstance(found, dict) else None
    count = number(found.get("count")) if isinstance(found, dict) else None
    return None if count is None else int(count)


def _track(index: int, row: dict[str, Any]) -> Track:
    """Return a row; one without artist and title is a track that nobody has identified."""
    exact, estimate = number(row.get("offset")), number(row.get("offset_estimate"))
    cue_s = estimate if exact is None else exact
    precision = (
        CuePrecision.UNKNOWN
        if cue_s is None
        else CuePrecision.ESTIMATE
        if exact is None
        else CuePrecision.SECOND
    )
    lengths = (number(row.get("duration")), number(row.get("duration_estimate")))
    return make_track(
        index, string(row.get("artist")), string(row.get("title")), cue_s=cue_s, cue_precision=precision,
        duration_s=next((length for length in lengths if length), None), media_id=string(row.get("isrc_id")) or None,
        track_id=string(row.get("musicbrainz_track_id")) or string(row.get("uid")) or None,
    )  # fmt: skip


def _episode(data: dict[str, Any], tracks: list[Track], url: str) -> ParsedPage:
    name = clean(string(data.get("name")))
    alias = "/".join(string(data.get(key)) for key in ("show_alias", "episode_alias")).lower()
    links = [string(one.get("href")) for one in _listed(data.get("links"))]
    source_id = next(filter(None, map(episode_in, (url, *links))), None) or alias.strip("/") or None
    dj = _GUEST.sub("", name).strip()
    host = url.partition("://")[2].partition("/")[0]
    page_url = (
        "{}/shows/{}/episodes/{}".format(SITE, *source_id.split("/"))
        if source_id and "/" in source_id
        else None
    )
    audio = [string(one.get("url")) for one in _listed(data.get("audio_sources"))]
    genres = [clean(string(one.get("value"))) for one in _listed(data.get("genres"))]
    made = make_set(
        tracks,
        title=name or source_id or host or "NTS",
        url=url or page_url or "",
        site="nts",
        source_id=source_id,
        page_url=page_url,
        date=day(string(data.get("broadcast"))),
        djs=[dj] if dj else [],
        sources=["NTS"],
        genres=list(filter(None, genres)),
        recordings=list(dict.fromkeys(filter(None, [string(data.get("mixcloud")), *audio]))),
        quality_issues=["repeat"] if "(R)" in string(data.get("broadcast_title")) else [],
        parser=VERSION,
        attribution="NTS Radio",
        revision=string(data.get("updated")) or None,
        media_type="application/json",
    )
    return ParsedPage(PageKind.TRACKLIST, None, (made,))


def _of_html(body: bytes, url: str, charset: str | None) -> ParsedPage:
    """Read a saved page: names without times, which it shows to subscribers only."""
    tree = tree_of(body, charset)
    if isinstance(tree, str):
        return ParsedPage(PageKind.UNKNOWN, tree)
    tracks: list[Track] = []
    for row in tree.css("li.track")[:MAX_ROWS]:
        names = [
            next((one.text() for one in row.css(f".track__{part}") if not _is_double(one)), "")
            for part in ("artist", "title")
        ]
        tracks.append(make_track(len(tracks) + 1, *names))
    if not tracks:
        reason = challenge_in(body)
        return ParsedPage(PageKind.BLOCKED if reason else PageKind.UNKNOWN, reason or "no tracklist")
    meta = tree.css_first('meta[property="og:url"], link[rel=canonical]')
    own = (meta.attributes.get("content") or meta.attributes.get("href") or "") if meta is not None else ""
    heading = tree.css_first("h1, title")
    page = _episode({"name": heading.text() if heading is not None else ""}, tracks, url or own)
    page.tracklists[0].media_type = "text/html"
    return page


def _is_double(node: LexborNode) -> bool:
    """True if an element repeats another for small screens."""
    return "--mobile" in (node.attributes.get("class") or "")


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
