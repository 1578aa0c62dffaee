"""Metadata that yt-dlp and the like save: ``.info.json``, with a description and perhaps chapters.

The description is what the uploader wrote. Chapters come from the site or from yt-dlp's own look at the description, which finds
too much and too little: they are read where the description holds no list. The uploader is not taken for the DJ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.readers.chapters.marks import ChapterTracks, tracks_of
from tlray.readers.chapters.podcasting import chapters_of
from tlray.readers.feed.notes import lines_of_notes
from tlray.readers.interface import SourceFile
from tlray.readers.made import content_id, is_site_name, links, made_set, names, stem
from tlray.readers.sniff import head_text, json_keys
from tlray.readers.text.about import about
from tlray.sites.fields import day
from tlray.sites.json_text import BadJsonError, load, number, string
from tlray.sites.text import FoundList, find_list

MAX_ENTRIES = 50_000
_OF_YT_DLP = frozenset(
    ["extractor", "extractor_key", "webpage_url", "webpage_url_basename", "upload_date", "live_status"]
)
_OF_RELEASES = frozenset(["artists", "tracklist", "media", "tracks", "labels"])
"""Keys of records of releases, which also have ``id``, ``title`` and ``formats``."""
_YOUTUBE = re.compile(r"https?://(?:[\w-]+\.)?(?:youtube\.com|youtu\.be|youtube-nocookie\.com)/")


class InfoJsonReader:
    """Metadata of a video or sound."""

    kind = "info-json"
    version = "info-json/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it is a JSON object with the keys of yt-dlp, or with a video's id and description."""
        text = head_text(head)
        keys = json_keys(text)
        if keys is None or text.lstrip().startswith("["):
            return False
        if {"video_id", "description"} <= keys or name.lower().endswith(".info.json"):
            return True
        # hundreds of formats may stand before what is yt-dlp's alone
        is_known = bool(keys & _OF_YT_DLP) or ("formats" in keys and not keys & _OF_RELEASES)
        return {"id", "title"} <= keys and is_known

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the list in the description, else in the chapters; of a playlist, in those of its entries."""
        try:
            info = load(file.body)
        except BadJsonError as error:
            return ParsedPage(PageKind.UNKNOWN, str(error))
        if not isinstance(info, Mapping):
            return ParsedPage(PageKind.UNKNOWN, "JSON of no video or sound")
        entries = info.get("entries")
        if isinstance(entries, list):
            sets = [
                _set_of(one, file, is_entry=True) for one in entries[:MAX_ENTRIES] if isinstance(one, Mapping)
            ]
            found = tuple(one for one in sets if isinstance(one, Tracklist))
            reason = (
                f"{len(sets)} entries, {len(found)} with a tracklist"
                if len(found) < len(sets) or not found
                else None
            )
            return ParsedPage(PageKind.TRACKLIST if found else PageKind.UNKNOWN, reason, found)
        made = _set_of(info, file)
        if isinstance(made, str):
            return ParsedPage(PageKind.UNKNOWN, made)
        return ParsedPage(PageKind.TRACKLIST, tracklists=(made,))


def _set_of(info: Mapping[str, Any], file: SourceFile, *, is_entry: bool = False) -> Tracklist | str:
    """Return the set of a video or sound, or why it is none."""
    duration_s = number(_first(info, "duration", "duration_seconds")) or None
    found = _tracks(info, duration_s)
    if isinstance(found, str):
        return found
    own_id = string(_first(info, "id", "video_id", "display_id"))
    url = next(
        iter(
            links(
                [string(_first(info, name)) for name in ("webpage_url", "original_url", "source_url", "url")]
            )
        ),
        "",
    )
    title = string(_first(info, "fulltitle", "title", "mix_title")) or stem(file.name)
    named = about([], title)
    return made_set(
        found.tracks,
        title=title,
        date=named.date,
        djs=named.djs,
        url=url or file.url,
        page_url=url or None,
        site=_site(info, url),
        source_id=own_id or (None if is_entry else content_id(file)),
        published=day(string(_first(info, "upload_date", "release_date", "date"))),
        genres=names(*_genres(info)),
        duration_s=duration_s,
        recordings=[own_id] if own_id else [],
        licence=string(info.get("license")) or None,
        quality_issues=found.issues,
        parser=InfoJsonReader.version,
        media_type="application/json",
    )


def _tracks(info: Mapping[str, Any], duration_s: float | None) -> FoundList | ChapterTracks | str:
    described = find_list(
        lines_of_notes(string(info.get("description"))),
        duration_s=duration_s,
        names=names(*(string(info.get(key)) for key in ("uploader", "channel", "artist", "dj_name"))),
    )
    if isinstance(described, FoundList):
        return described
    chapters = info.get("chapters")
    if isinstance(chapters, list) and chapters:
        return tracks_of(chapters_of(chapters), duration_s=duration_s)
    return described.reason


def _first(info: Mapping[str, Any], *keys: str) -> Any:
    return next((info[key] for key in keys if info.get(key)), None)


def _site(info: Mapping[str, Any], url: str) -> str:
    """Return the name of the site: yt-dlp's extractor without its sort (``soundcloud:set``)."""
    extractor = string(_first(info, "extractor", "extractor_key", "source")).lower().partition(":")[0]
    if not is_site_name(extractor):
        extractor = ""
    return "youtube" if extractor.startswith("youtube") or _YOUTUBE.match(url) else extractor or "file"


def _genres(info: Mapping[str, Any]) -> list[str]:
    several = info.get("genres")
    if isinstance(several, list) and "extractor" in info:
        return [string(one) for one in several]
    return [string(info.get("genre"))]
