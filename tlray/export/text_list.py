"""Tracklists as people write them: ``[0:03:20] Artist - Title [LABEL]``, a line a row.

A row played together with the one before begins with ``w/``; the parts of a mashup are in its name. A time that is known to
the minute is ``[3 min]``; times of less precision are left out unless a user takes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlray.export.interface import Format, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line
from tlray.export.starts import EXACT, LONGEST_S, line
from tlray.model import CuePrecision, Track, TrackKind, Tracklist


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile]:
    """Yield one text."""
    yield SetFile(together([tracklist], options))


def together(sets: Iterable[Tracklist], options: ChapterOptions) -> Iterator[bytes]:
    """Yield the texts one after the other, with two empty lines between them."""
    gap = ""
    for tracklist in sets:
        lines = [*head(tracklist), ""]
        for track, text in rows(tracklist, options):
            lines += ["", text] if track is None and lines[-1] else [text]
        yield encode(gap + "\n".join(lines) + "\n")
        gap = "\n\n"


def head(tracklist: Tracklist) -> list[str]:
    """Return what stands above the list: title, DJs, day, address."""
    title, djs = one_line(tracklist.title), one_line(", ".join(tracklist.djs))
    day = tracklist.date.isoformat() if tracklist.date else ""
    about = " | ".join(
        part
        for part in (djs if djs.casefold() not in title.casefold() else "", day if day not in title else "")
        if part
    )
    return [text for text in (title, about, one_line(tracklist.url)) if text]


def rows(tracklist: Tracklist, options: ChapterOptions) -> Iterator[tuple[Track | None, str]]:
    """Yield each row with its line; headings of sections and recordings are lines without a row."""
    section: tuple[str | None, int | None] = (None, None)
    n_recordings = len({track.recording for track in tracklist.tracks} - {None})
    for track in tracklist.tracks:
        if track.kind is TrackKind.MASHUP_PART:
            continue
        place = (track.section, track.recording if n_recordings > 1 else section[1])
        if (
            place != section
            and (named := one_line(place[0] or f"Recording {place[1]}"))
            and place != (None, None)
        ):
            yield None, named
        section = place
        with_ = "w/" if track.kind is TrackKind.WITH else ""
        label = " - ".join(filter(None, ("/".join(track.labels), track.catalogue_number)))
        words = (_time(track, options), with_, line(track), f"[{label}]" if label else "")
        yield track, one_line(" ".join(filter(None, words)))


def _time(track: Track, options: ChapterOptions) -> str:
    if track.cue_s is None or not 0 <= track.cue_s <= LONGEST_S:
        return ""
    seconds = int(track.cue_s)
    if track.cue_precision in EXACT.union(options.cue_precision):
        return f"[{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}]"
    return f"[{seconds // 60} min]" if track.cue_precision is CuePrecision.MINUTE else ""


FORMAT = Format(
    name="text",
    suffix=".txt",
    media_type="text/plain; charset=utf-8",
    about="tracklists as plain text: time, artist, title, label",
    options=ChapterOptions(),
    per_set=per_set,
    together=together,
)
