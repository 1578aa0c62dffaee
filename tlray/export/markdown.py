"""Tracklists in Markdown: a heading and a list of the rows; the lines are those of `text_list`.

Every character that means something in Markdown or HTML is escaped, so a name is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlray.export.interface import Format, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import web_address
from tlray.export.text_list import head, rows
from tlray.model import TrackKind, Tracklist

_SPECIAL = re.compile(r"[\\`*_~<>]|\](?=[(\[:])|^\[(?=[ xX]\])|&(?=#|\w)")
_BLOCK = re.compile(r"^(\d{0,9})([.)](?=\s|$)|(?<!\d)[#+-])")
"""What begins a list, a heading or a rule."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile]:
    """Yield one document."""
    yield SetFile(together([tracklist], options))


def together(sets: Iterable[Tracklist], options: ChapterOptions) -> Iterator[bytes]:
    """Yield the documents one after the other."""
    gap = ""
    for tracklist in sets:
        yield encode(gap + "\n".join(_lines(tracklist, options)) + "\n")
        gap = "\n"


def _lines(tracklist: Tracklist, options: ChapterOptions) -> Iterator[str]:
    title, *about = [*head(tracklist)] or [""]
    yield f"# {escaped(title)}"
    for text in about:
        yield ""
        yield f"<{address}>" if (address := web_address(text)) else escaped(text)
    was_row = False
    number = 0
    for track, text in rows(tracklist, options):
        if not was_row or track is None:
            yield ""
        if track is None:
            yield f"## {escaped(text)}"
        elif track.kind is TrackKind.WITH and was_row:
            yield f"{' ' * len(f'{number}. ')}- {escaped(text)}"
        else:
            number += 1
            yield f"{number}. {escaped(text)}"
        was_row = track is not None


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    text = _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or f"\\{found[0]}", text)
    return _BLOCK.sub(r"\1\\\2", text, count=1)


FORMAT = Format(
    name="markdown",
    suffix=".md",
    media_type="text/markdown; charset=utf-8",
    about="tracklists in Markdown: a heading and a numbered list",
    options=ChapterOptions(),
    per_set=per_set,
    together=together,
)
