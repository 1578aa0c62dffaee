"""Releases of MusicBrainz: JSON of the web service, and the JSON-LD of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tlray.core.model.tracklists import make_set
from tlray.model import CuePrecision, PageKind, ParsedPage, Track, Tracklist
from tlray.sites.challenge import challenge_in
from tlray.sites.fields import day, make_track
from tlray.sites.json_text import BadJsonError, load, number, string
from tlray.sites.musicbrainz.urls import SITE, release_in
from tlray.sites.schemaorg.parser import parse_page as parse_described
from tlray.sites.starts import starts
from tlray.sites.text import FoundList, find_list

VERSION = "musicbrainz/1"
LICENCE = "CC0-1.0"
VARIOUS_ARTISTS = "89ad4ac3-39f7-470e-963a-56509c546377"
_UNNAMED = re.compile(r"\[(?:unknown|no artist|anonymous|data)\]", re.IGNORECASE)
_FEW = 3


def parse_page(body: bytes, *, url: str, charset: str | None) -> ParsedPage:
    """Read a release. See `SiteParser.parse`."""
    if body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        try:
            made = _release(load(body), url)
        except BadJsonError as error:
            made = str(error)
        return (
            ParsedPage(PageKind.UNKNOWN, made)
            if isinstance(made, str)
            else ParsedPage(PageKind.TRACKLIST, None, (made,))
        )
    page = parse_described(body, url=url, charset=charset)
    if page.kind is not PageKind.TRACKLIST and (reason := challenge_in(body)):
        return ParsedPage(PageKind.BLOCKED, reason)
    return replace(page, tracklists=tuple(map(_owned, page.tracklists)))


def _owned(made: Tracklist) -> Tracklist:
    """Return the set of a page's JSON-LD as the site's own."""
    mbid = release_in(made.page_url or "") or release_in(made.url)
    for track in made.tracks:
        if track.cue_s is not None:
            track.cue_precision = CuePrecision.SECOND
        track.track_id = (track.track_url or "").rpartition("/")[2] or None
    page_url = f"{SITE}/release/{mbid}" if mbid else made.page_url
    return replace(made, site="musicbrainz", source_id=mbid, page_url=page_url, page_id=mbid, parser=VERSION, licence=LICENCE,
                   attribution="MusicBrainz")  # fmt: skip


def _release(data: Any, url: str) -> Tracklist | str:
    """Return the set of a release of the web service, or the reason why it is none."""
    mbid, title = string(data.get("id")), string(data.get("title"))
    media = [medium for medium in _listed(data.get("media")) if _listed(medium.get("tracks"))]
    if "error" in data or not mbid:
        return string(data.get("error"))[:200] or "no release"
    rows = list(_rows(media))
    said = sum(int(number(medium.get("track-count")) or 0) for medium in _listed(data.get("media")))
    if said > sum(len(_listed(medium["tracks"])) for medium in media):
        return f"rows {len(rows)} of {said}"
    issues: list[str] = []
    annotated = find_list(string(data.get("annotation"))) if len(rows) < _FEW else None
    if isinstance(annotated, FoundList):
        rows, issues = annotated.tracks, annotated.issues
    if not rows:
        return "a release without tracks"
    mixed = [one for one in _listed(data.get("relations")) if string(one.get("type")).lower() == "mix-dj"]
    group = data["release-group"] if isinstance(data.get("release-group"), dict) else {}
    kinds = [string(kind) for kind in group.get("secondary-types") or [] if isinstance(kind, str)]
    if not mixed and "DJ-mix" not in kinds:
        issues.append("not marked as a DJ mix")
    discs = sorted(
        {string(name) for one in mixed for name in one.get("attributes") or [] if isinstance(name, str)}
    )
    issues += [f"mixed: {name} only" for name in discs if name.startswith("medium")]
    labels = [string(_of(one, "label").get("name")) for one in _listed(data.get("label-info"))]
    return make_set(
        rows, title=title or "untitled", url=url or f"{SITE}/release/{mbid}", site="musicbrainz", source_id=mbid,
        page_url=f"{SITE}/release/{mbid}", page_id=mbid, published=day(string(data.get("date"))),
        djs=list(dict.fromkeys(string(_of(one, "artist").get("name")) for one in mixed)) or _album_artists(data),
        sources=list(dict.fromkeys(filter(None, labels))),
        genres=[name for one in _listed(data.get("genres")) if (name := string(one.get("name")))],
        quality_issues=issues, parser=VERSION, licence=LICENCE, attribution="MusicBrainz", media_type="application/json",
    )  # fmt: skip


def _rows(media: list[dict[str, Any]]) -> Iterator[Track]:
    """Yield the tracks of all media; what is before the first, and data tracks, are none of them."""
    tracks = [
        (at, medium, track)
        for at, medium in enumerate(media, 1)
        for track in ([_of(medium, "pregap")] if _of(medium, "pregap") else []) + _listed(medium["tracks"])
    ]
    lengths = [
        number(track.get("length")) or number(_of(track, "recording").get("length")) for _, _, track in tracks
    ]
    seconds = [None if not length else length / 1000 for length in lengths]
    at_s = starts([(at, length_s) for (at, _, _), length_s in zip(tracks, seconds, strict=True)])
    for index, ((at, medium, track), length_s, cue_s) in enumerate(
        zip(tracks, seconds, at_s, strict=True), 1
    ):
        recording = _of(track, "recording")
        isrcs = recording.get("isrcs")
        yield make_track(
            index, _credit(track) or _credit(recording), string(track.get("title")) or string(recording.get("title")),
            number=int(number(track.get("position")) or 0), section=string(medium.get("title")) or None,
            recording=at if len(media) > 1 else None, cue_s=cue_s,
            cue_precision=CuePrecision.UNKNOWN if cue_s is None else CuePrecision.SECOND,
            duration_s=length_s, track_id=string(recording.get("id")) or None,
            track_url=f"{SITE}/recording/{mbid}" if (mbid := string(recording.get("id"))) else None,
            media_id=(string(isrcs[0]) or None) if isinstance(isrcs, list) and isrcs else None,
        )  # fmt: skip


def _credit(owner: dict[str, Any]) -> str:
    """Return an artist credit with its join phrases; "" for artists without a name."""
    credited = _listed(owner.get("artist-credit"))
    text = "".join(
        (string(one.get("name")) or string(_of(one, "artist").get("name"))) + str(one.get("joinphrase") or "")
        for one in credited
    )
    return "" if _UNNAMED.fullmatch(text.strip()) else text


def _album_artists(data: dict[str, Any]) -> list[str]:
    artists = [
        one for one in _listed(data.get("artist-credit")) if _of(one, "artist").get("id") != VARIOUS_ARTISTS
    ]
    found = [string(one.get("name")) or string(_of(one, "artist").get("name")) for one in artists]
    return [name for name in found if name and not _UNNAMED.fullmatch(name)]


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _of(owner: dict[str, Any], name: str) -> dict[str, Any]:
    value = owner.get(name)
    return value if isinstance(value, dict) else {}
