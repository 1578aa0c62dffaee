"""Matroska's chapters as XML: ``mkvmerge --chapters FILE -o mix.mka mix.mp3``."""

from __future__ import annotations

from collections.abc import Iterator

from tlray.export.chapters import Chapters, chapter_files, chapter_title, clock
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import in_xml, xml_comment
from tlray.model import Tracklist


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile | LeftOut]:
    """Yield the files of a set: none for a recording without a single cue."""
    return chapter_files(tracklist, options, _text)


def _text(chapters: Chapters) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<Chapters>", "  <EditionEntry>"]
    lines += [f"    {xml_comment(note)}" for note in [chapters.title, *chapters.notes]]
    for number, (start, end) in enumerate(chapters.spans(), 1):
        lines += [
            "    <ChapterAtom>",
            f"      <ChapterUID>{number}</ChapterUID>",
            f"      <ChapterTimeStart>{clock(start.at)}000000</ChapterTimeStart>",
            *([] if end is None else [f"      <ChapterTimeEnd>{clock(end)}000000</ChapterTimeEnd>"]),
            "      <ChapterDisplay>",
            f"        <ChapterString>{in_xml(chapter_title(start))}</ChapterString>",
            "        <ChapterLanguage>und</ChapterLanguage>",
            "      </ChapterDisplay>",
            "    </ChapterAtom>",
        ]
    return "\n".join([*lines, "  </EditionEntry>", "</Chapters>"]) + "\n"


FORMAT = Format(
    name="matroska",
    suffix=".matroska.xml",
    media_type="application/xml",
    about="chapters for mkvmerge, as XML, one file a recording; only tracks whose start is known",
    options=ChapterOptions(),
    per_set=per_set,
)
