"""The chapters of a set's recordings, as every format that a player seeks by writes them; `starts.py` has the rules.

Only exact cues count, unless a user takes others too. What is left out is named in each file that can hold comments, and
counted in the report of the export.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tlray.export.interface import LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import ChapterOptions
from tlray.export.starts import EXACT, NO_CUE, Recording, Start, line, name, recordings
from tlray.model import Tracklist

MS = 1000
"""Ticks a second, for formats that count milliseconds."""
BEFORE_FIRST = "(before the first cue)"


@dataclass(frozen=True, slots=True)
class Chapters:
    """The chapters of one recording: one or more."""

    tracklist: Tracklist
    label: str
    """What tells the recording from the set's others: ``recording 2``; "" for an only one."""
    recording: Recording
    end: int | None
    """The end of the recording, in ticks, if it is known."""

    @property
    def title(self) -> str:
        """The title of the set, with the recording."""
        return f"{self.tracklist.title} ({self.label})" if self.label else self.tracklist.title

    @property
    def djs(self) -> str:
        """The DJs, separated by commas."""
        return ", ".join(self.tracklist.djs)

    @property
    def notes(self) -> list[str]:
        """What a file says of the rows that are no chapters."""
        notes = [
            f"left out, {why}: {line(track)} (row {track.index})" for track, why in self.recording.left_out
        ]
        if self.recording.is_reordered:
            notes.insert(0, "tracks stand in the order of their times, which is not the page's")
        return notes

    def spans(self) -> Iterator[tuple[Start, int | None]]:
        """Yield each chapter and its end; None for the last one of a recording of unknown length."""
        starts = self.recording.starts
        yield from ((start, following.at) for start, following in pairwise(starts))
        yield starts[-1], self.end


def chapters_of(
    tracklist: Tracklist, options: ChapterOptions, *, ticks_per_s: int
) -> Iterator[Chapters | LeftOut]:
    """Yield the chapters of each recording, and what is left out."""
    found = recordings(tracklist, ticks_per_s=ticks_per_s, precisions=EXACT.union(options.cue_precision))
    for recording in found:
        label = f"recording {recording.number}" if recording.number is not None else ""
        if recording.starts:
            yield Chapters(tracklist, label, recording, _end(tracklist, recording, ticks_per_s))
        if recording.left_out or not recording.starts:
            reason = ": ".join(filter(None, (label, _reason(recording))))
            yield LeftOut(tracklist.title, tracklist.source_id, reason)


def chapter_files(
    tracklist: Tracklist, options: ChapterOptions, write: Callable[[Chapters], str]
) -> Iterator[SetFile | LeftOut]:
    """Yield a file for each recording, its chapters in milliseconds, and what is left out."""
    for found in chapters_of(tracklist, options, ticks_per_s=MS):
        yield found if isinstance(found, LeftOut) else SetFile((encode(write(found)),), found.label)


def chapter_title(start: Start) -> str:
    """Return ``Artist - Title``."""
    return name(start.performer, start.title)


def clock(at: int) -> str:
    """Return ``H:MM:SS.mmm`` with hours of two digits and more; ``at`` in milliseconds."""
    seconds, ms = divmod(at, MS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"


def _end(tracklist: Tracklist, recording: Recording, ticks_per_s: int) -> int | None:
    """Return the end of a set's only recording; the page says how long the set is, not each of its parts."""
    if recording.number is not None or tracklist.duration_s is None or not 0 < tracklist.duration_s < 1e9:
        return None
    end = int(tracklist.duration_s * ticks_per_s)
    return end if end > recording.starts[-1].at else None


def _reason(recording: Recording) -> str:
    """Return how many rows are no chapters, and why."""
    if not recording.starts:
        inexact = Counter(str(track.cue_precision) for track, why in recording.left_out if why != NO_CUE)
        named = ", ".join(f"{count} {precision}" for precision, count in sorted(inexact.items()))
        return f"no row has an exact cue; others: {named}" if named else "no row has a cue"
    counts = Counter(why for _, why in recording.left_out)
    n = counts.total()
    named = (
        ", ".join(f"{count} {why}" for why, count in sorted(counts.items()))
        if len(counts) > 1
        else next(iter(counts))
    )
    return f"{n} row{'s' if n > 1 else ''} without a start: {named}"
