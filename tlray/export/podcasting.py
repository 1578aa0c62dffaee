"""Chapters of Podcasting 2.0: JSON, version 1.2. It has no comments; the report of the export names what is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tlray.core.model.printable import in_json
from tlray.export.chapters import MS, Chapters, chapter_files, chapter_title
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line, web_address
from tlray.export.starts import Start
from tlray.model import Tracklist


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile | LeftOut]:
    """Yield the files of a set: none for a recording without a single cue."""
    return chapter_files(tracklist, options, _text)


def _text(chapters: Chapters) -> str:
    about = {
        "title": chapters.title,
        "author": chapters.djs,
        "podcastName": ", ".join(chapters.tracklist.sources),
        "description": chapters.tracklist.url,
    }
    document = {
        "version": "1.2.0",
        **{name: line for name, value in about.items() if (line := one_line(value))},
        "chapters": [_chapter(start, end) for start, end in chapters.spans()],
    }
    return in_json(json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def _chapter(start: Start, end: int | None) -> dict[str, Any]:
    chapter: dict[str, Any] = {"startTime": _seconds(start.at)}
    if end is not None:
        chapter["endTime"] = _seconds(end)
    chapter["title"] = one_line(chapter_title(start))
    if start.track is not None:
        links = {"url": start.track.track_url, "img": start.track.artwork_url}
        chapter |= {name: address for name, url in links.items() if (address := web_address(url))}
    return chapter


def _seconds(at: int) -> float:
    return at / MS if at % MS else at // MS


FORMAT = Format(
    name="podcasting",
    suffix=".chapters.json",
    media_type="application/json+chapters",
    about="chapters of Podcasting 2.0, as JSON, one file a recording; only tracks whose start is known",
    options=ChapterOptions(),
    per_set=per_set,
)
