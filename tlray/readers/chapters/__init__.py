"""Files of chapters: Podcasting 2.0 and Podlove, JSON and XML."""

from __future__ import annotations

import re

from tlray.model import PageKind, ParsedPage
from tlray.readers.chapters.marks import tracks_of
from tlray.readers.chapters.podcasting import Episode, episode_of
from tlray.readers.chapters.simple import chapters_in, first_chapters
from tlray.readers.interface import SourceFile
from tlray.readers.made import content_id, links, made_set, names, stem
from tlray.readers.sniff import first_element, head_text, json_keys
from tlray.readers.text.about import about
from tlray.readers.xml_tree import BadXmlError, local, parse_xml
from tlray.sites.fields import day
from tlray.sites.json_text import BadJsonError, load

SITE = "podcast"
_STARTS = re.compile(r'"(?:startTime|start|start_time)"\s*:')


class ChaptersReader:
    """Chapters of one recording."""

    kind = "chapters"
    version = "chapters/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it holds chapters, as JSON or as XML."""
        text = head_text(head)
        if first_element(text) == "chapters":
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
        is_json = head_text(file.head).lstrip()[:1] in ("{", "[")
        try:
            episode = episode_of(load(file.body)) if is_json else _in_xml(file)
        except (BadJsonError, BadXmlError) as error:
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
            quality_issues=found.issues,
            parser=self.version,
            media_type="application/json+chapters" if is_json else "application/xml",
        )
        return ParsedPage(PageKind.TRACKLIST, tracklists=(made,))


def _in_xml(file: SourceFile) -> Episode | None:
    root = parse_xml(file.body, file.encoding).root
    chapters = chapters_in(root) if local(root) == "chapters" else first_chapters(root)
    return Episode(chapters) if chapters else None
