"""ffmpeg's metadata file, with chapters: ``ffmpeg -i mix.mp3 -i FILE -map_metadata 1 -codec copy mix.m4a``.

``=``, ``;``, ``#``, ``\\`` are escaped. A backslash at the end gets a blank behind it, in comments too: ffmpeg 5.1 joins
the next line even if it is escaped. END is required; the last chapter of a recording of unknown length ends where it starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlray.export.chapters import MS, Chapters, chapter_files, chapter_title
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line
from tlray.model import Tracklist


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile | LeftOut]:
    """Yield the files of a set: none for a recording without a single cue."""
    return chapter_files(tracklist, options, _text)


def _text(chapters: Chapters) -> str:
    tracklist = chapters.tracklist
    about = {
        "title": chapters.title,
        "artist": chapters.djs,
        "date": tracklist.date.isoformat() if tracklist.date else "",
        "genre": ", ".join(tracklist.genres),
        "comment": tracklist.url,
    }
    lines = [";FFMETADATA1", *(f"{key}={_escaped(value)}" for key, value in about.items() if value)]
    lines += [f"; {_escaped(note)}" for note in chapters.notes]
    for start, end in chapters.spans():
        lines += [
            "[CHAPTER]",
            f"TIMEBASE=1/{MS}",
            f"START={start.at}",
            f"END={start.at if end is None else end}",
        ]
        lines.append(f"title={_escaped(chapter_title(start))}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    text = re.sub(r"([=;#\\])", r"\\\1", one_line(text))
    return f"{text} " if text.endswith("\\") else text


FORMAT = Format(
    name="ffmetadata",
    suffix=".ffmetadata",
    media_type="text/plain; charset=utf-8",
    about="chapters for ffmpeg, one file a recording; only tracks whose start is known",
    options=ChapterOptions(),
    per_set=per_set,
)
