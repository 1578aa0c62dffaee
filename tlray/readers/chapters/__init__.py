"""Files of chapters: Podcasting 2.0 and Podlove in JSON and XML, Matroska's XML, and text of ffmpeg, OGM, Audacity, WebVTT."""

from __future__ import annotations

import re

from tlray.model import PageKind, ParsedPage
from tlray.readers.chapters.marks import tracks_of
from tlray.readers.chapters.matroska import ROOT, matroska_chapters
from tlray.readers.chapters.podcasting import Episode, episode_of
from tlray.readers.chapters.simple import chapters_in, first_chapters
from tlray.readers.chapters.text_files import episode_in_text, is_text_of_chapters
from tlray.readers.decoding import NoTextError, decode_text
from tlray.readers.interface import SourceFile
from tlray.readers.made import content_id, links, made_set, names, stem
from tlray.readers.sniff import first_element, head_text, json_keys
from tlray.readers.text.about import about
from tlray.readers.xml_tree import BadXmlError, local, parse_xml
from tlray.sites.fields import day
from tlray.sites.json_text import BadJsonError, load

SITE = "podcast"
_JSON, _XML, _TEXT = "application/json+chapters", "application/xml", "text/plain"
_STARTS = re.compile(r'"(?:startTime|start|start_time)"\s*:')


class ChaptersReader:
    """Chapters of one recording."""

    kind = "chapters"
    version = "chapters/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it holds chapters, as JSON, XML or text."""
        text = head_text(head)
        if first_element(text) == "chapters" or is_text_of_chapters(text):
            return True
        keys = json_keys(text)
        if keys is None:
            return False
        has_starts = bool(_STARTS.search(text))
        return has_starts and (
            "chapters" in keys or {"start", "title"} <= keys or name.lower().endswith("chapters.json")
        )

    def read(self, file: SourceFile) -> ParsedPage:
        """Read the tracks among the chapters."""
        issues: list[str] = []
        media_type = _media_type(head_text(file.head))
        try:
            if media_type == _TEXT:
                text, issues = decode_text(file.body, file.encoding)
                episode = episode_in_text(text)
            else:
                episode = episode_of(load(file.body)) if media_type == _JSON else _in_xml(file)
        except (BadJsonError, BadXmlError, NoTextError) as error:
            return ParsedPage(PageKind.UNKNOWN, str(error))
        if episode is None:
            return ParsedPage(PageKind.UNKNOWN, "no chapters")
        found = tracks_of(episode.chapters, duration_s=episode.duration_s)
        if isinstance(found, str):
            return ParsedPage(PageKind.UNKNOWN, found)
        title = episode.title or stem(file.name)
        named = about([], title)
        made = made_set(
            found.tracks,
            title=title,
            date=named.date,
            url=next(iter(links([episode.url])), file.url),
            site=SITE,
            source_id=content_id(file),
            djs=named.djs or names(episode.author),
            sources=names(episode.show),
            published=day(episode.published),
            duration_s=episode.duration_s,
            recordings=links([episode.media_url]),
            quality_issues=[*issues, *found.issues],
            parser=self.version,
            media_type=media_type,
        )
        return ParsedPage(PageKind.TRACKLIST, tracklists=(made,))


def _media_type(text: str) -> str:
    start = text.lstrip("\ufeff \t\r\n")[:1]
    return _TEXT if is_text_of_chapters(text) else _JSON if start in ("{", "[") else _XML


def _in_xml(file: SourceFile) -> Episode | None:
    root = parse_xml(file.body, file.encoding).root
    if local(root) == ROOT:
        chapters = matroska_chapters(root)
    else:
        chapters = chapters_in(root) if local(root) == "chapters" else first_chapters(root)
    return Episode(chapters) if chapters else None
