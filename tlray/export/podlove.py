"""Podlove Simple Chapters 1.2: XML for a podcast's feed, or beside it."""

from __future__ import annotations

from collections.abc import Iterator

from tlray.export.chapters import Chapters, chapter_files, chapter_title, clock
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import in_xml, web_address, xml_comment
from tlray.export.starts import Start
from tlray.model import Tracklist

NAMESPACE = "http://podlove.org/simple-chapters"


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile | LeftOut]:
    """Yield the files of a set: none for a recording without a single cue."""
    return chapter_files(tracklist, options, _text)


def _text(chapters: Chapters) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<psc:chapters version="1.2" xmlns:psc="{NAMESPACE}">',
    ]
    lines += [f"  {xml_comment(note)}" for note in chapters.notes]
    lines += [f"  <psc:chapter {_attributes(start)}/>" for start in chapters.recording.starts]
    return "\n".join([*lines, "</psc:chapters>"]) + "\n"


def _attributes(start: Start) -> str:
    given = {"start": clock(start.at), "title": chapter_title(start)}
    if start.track is not None:
        links = {"href": start.track.track_url, "image": start.track.artwork_url}
        given |= {name: address for name, url in links.items() if (address := web_address(url))}
    return " ".join(f'{name}="{in_xml(value)}"' for name, value in given.items())


FORMAT = Format(
    name="podlove",
    suffix=".psc",
    media_type="application/xml",
    about="Podlove Simple Chapters, one file a recording; only tracks whose start is known",
    options=ChapterOptions(),
    per_set=per_set,
)
