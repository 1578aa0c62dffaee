"""Exports of single sets as text, and the chapters that they must hold."""

from __future__ import annotations

from tlray.export.chapters import chapter_title, chapters_of
from tlray.export.formats import get
from tlray.export.interface import LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line
from tlray.model import Tracklist


def texts(format_: str, tracklist: Tracklist, **chosen: object) -> list[str]:
    chosen_format = get(format_)
    assert chosen_format.per_set is not None
    files = chosen_format.per_set(tracklist, chosen_format.chosen(chosen))
    return [b"".join(f.chunks).decode() for f in files if isinstance(f, SetFile)]  # type: ignore[arg-type]


def text(format_: str, tracklist: Tracklist, **chosen: object) -> str:
    (only,) = texts(format_, tracklist, **chosen)
    return only


def expected(tracklist: Tracklist) -> list[list[tuple[int, str]]]:
    """The chapters of each recording: milliseconds and name."""
    found = chapters_of(tracklist, ChapterOptions(), ticks_per_s=1000)
    return [
        [(start.at, one_line(chapter_title(start))) for start in one.recording.starts]
        for one in found
        if not isinstance(one, LeftOut)
    ]
