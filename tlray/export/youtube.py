"""The description of a video, with chapters as YouTube shows them.

YouTube shows none of them unless the first is at 0:00, there are three or more, and each lasts 10 s. So what comes before a
later first start is a chapter named ``(before the first cue)``, a start sooner than 10 s after the one before it joins its title,
and a recording with less than three is left out. A description has at most 5,000 bytes and no ``<`` or ``>``; a time in a name
could be taken for a chapter's, so its colon is another character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlray.core.model.durations import as_clock
from tlray.export.chapters import BEFORE_FIRST, Chapters, chapter_title, chapters_of
from tlray.export.filenames import cut
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line
from tlray.export.starts import Start, join, line
from tlray.model import Tracklist

SHORTEST_S = 10
MIN_CHAPTERS = 3
MAX_BYTES = 5_000
_TIME = re.compile(r"(?<=\d):(?=\d\d)")
_BRACKETS = str.maketrans("<>", "‹›")


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile | LeftOut]:
    """Yield a description for each recording, and what is left out."""
    for found in chapters_of(tracklist, options, ticks_per_s=1):
        if isinstance(found, LeftOut):
            yield found
            continue
        starts = _shown(found)
        text = _description(found, starts) if len(starts) >= MIN_CHAPTERS else ""
        if text:
            yield SetFile((encode(text),), found.label)
            continue
        n = len(starts)
        few = f"{n} chapter{'s' if n > 1 else ''}: YouTube shows none of fewer than {MIN_CHAPTERS}"
        why = few if n < MIN_CHAPTERS else f"{n} chapters do not fit the {MAX_BYTES:,} bytes of a description"
        yield LeftOut(tracklist.title, tracklist.source_id, ": ".join(filter(None, (found.label, why))))


def _shown(chapters: Chapters) -> list[Start]:
    """Return starts that meet the rules: from 0 on, each 10 s and more before the next and the end."""
    given = [Start(start.at, start.performer, start.title) for start in chapters.recording.starts]
    if given[0].at >= SHORTEST_S:
        given.insert(0, Start(0, "", BEFORE_FIRST))
    given[0].at = 0
    kept: list[Start] = []
    for start in given:
        if kept and start.at - kept[-1].at < SHORTEST_S:
            join(kept[-1], start)
        else:
            kept.append(start)
    if chapters.end is not None and len(kept) > 1 and chapters.end - kept[-1].at < SHORTEST_S:
        last = kept.pop()
        join(kept[-1], last)
    return kept


def _description(chapters: Chapters, starts: list[Start]) -> str:
    """Return the text, with shorter names if it would be too long; "" if even those do not fit."""
    titles = [_plain(chapter_title(start)) or "ID" for start in starts]
    others = [_plain(line(track)) for track, _ in chapters.recording.left_out]
    notes = ["Also played, start unknown:", *others] if others else []
    head = [_plain(chapters.title), one_line(chapters.tracklist.url).translate(_BRACKETS)]
    for max_bytes, is_whole in (
        (MAX_BYTES, True), (MAX_BYTES, False), (160, False), (100, False), (60, False), (40, False), (24, False)
    ):  # fmt: skip
        lines = [
            f"{as_clock(start.at)} {cut(title, max_bytes).rstrip()}"
            for start, title in zip(starts, titles, strict=True)
        ]
        named = head if is_whole else [cut(head[0], 200)]
        blocks = [[line for line in named if line], lines, notes if is_whole else []]
        text = "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
        if len(encode(text)) <= MAX_BYTES:
            return text
    return ""


def _plain(text: str) -> str:
    return _TIME.sub("\u2236", one_line(text)).translate(_BRACKETS)


FORMAT = Format(
    name="youtube",
    suffix=".youtube.txt",
    media_type="text/plain; charset=utf-8",
    about="description of a YouTube video with its chapters; only tracks whose start is known",
    options=ChapterOptions(),
    per_set=per_set,
)
