"""The start of each track in its recording. CUE sheets and all lists of chapters are made of these.

Rules, so that no time is ever made up and nothing is lost silently:

* Times count within one recording, so each of a set's recordings has starts of its own. A page may show
  them in turns (Player 2, Player 1, Player 2): rows are gathered by recording. In a set that numbers its
  recordings a row without a number belongs to none that we know of: it is left out.
* Mashup parts are not listed: their mashup is.
* A ``w/`` row sounds together with its main row and joins its title (``A w/ Artist - B``); where the main
  row has no cue, it stands for itself.
* A row without a cue is left out and named, and so is one whose cue is not exact (`CuePrecision`), unless the
  caller takes that precision.
* Starts stand in the order of time. Where the page has another order, `Recording.is_reordered` says so.
* Rows with the same start, in the format's resolution, become one start: ``A / Artist - B``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from tlray.model import CuePrecision, Track, TrackKind, Tracklist

LONGEST_S = 7 * 24 * 3600.0
"""No recording is longer than a week: a cue beyond it is no time."""
EXACT = frozenset({CuePrecision.SECOND})
"""What is taken unless a user asks for more."""


NO_CUE = "no cue"


@dataclass(slots=True)
class Start:
    """One chapter: from ``at`` on, this is heard."""

    at: int
    """In ticks of the format: 75 a second in a CUE sheet."""
    performer: str
    title: str
    track: Track | None = None
    """The row that begins here; None for what is no row."""


@dataclass(slots=True)
class Recording:
    """The chapters of one recording, strictly increasing, and what is not among them."""

    number: int | None
    """As the page counts its players; None where it has but one."""
    starts: list[Start] = field(default_factory=list)
    left_out: list[tuple[Track, str]] = field(default_factory=list)
    """Rows that are not among the starts, and why: ``no cue``."""
    is_reordered: bool = False


def recordings(
    tracklist: Tracklist, *, ticks_per_s: int, precisions: Collection[CuePrecision] = EXACT
) -> list[Recording]:
    """The set's recordings in the order of their numbers, one without any cue too; cues of ``precisions`` count."""
    rows = [t for t in tracklist.tracks if t.kind is not TrackKind.MASHUP_PART]
    numbers = sorted({t.recording for t in rows if t.recording is not None})
    if not numbers:
        return [_recording(None, rows, ticks_per_s, precisions)]
    found = [_recording(n, [t for t in rows if t.recording == n], ticks_per_s, precisions) for n in numbers]
    found[0].left_out += [(t, "not known of which recording") for t in rows if t.recording is None]
    if len(found) == 1:
        found[0].number = None
    return found


def line(track: Track) -> str:
    """The track as a person writes it: ``Artist - Title``."""
    return name(track.artist, track.title) or track.text


def name(performer: str, title: str) -> str:
    """Artist and title as a person writes them; one of them may be unknown."""
    return " - ".join(filter(None, (performer, title)))


def _recording(
    number: int | None, rows: Iterable[Track], ticks_per_s: int, precisions: Collection[CuePrecision]
) -> Recording:
    recording = Recording(number)
    by_index: dict[int, Start] = {}
    for track in rows:
        main = (
            by_index.get(track.parent) if track.kind is TrackKind.WITH and track.parent is not None else None
        )
        if main is not None:
            main.title += f" w/ {line(track)}"
        elif track.cue_s is None or not 0 <= track.cue_s <= LONGEST_S:  # nan is not within either
            recording.left_out.append((track, NO_CUE))
        elif track.cue_precision not in precisions:
            recording.left_out.append((track, f"no exact cue ({track.cue_precision})"))
        else:
            by_index[track.index] = Start(
                math.floor(track.cue_s * ticks_per_s + 0.5), track.artist, track.title or track.text, track
            )
    in_page_order = list(by_index.values())
    in_time_order = sorted(in_page_order, key=lambda start: start.at)  # stable
    recording.is_reordered = in_time_order != in_page_order
    recording.starts = _without_equals(in_time_order)
    return recording


def _without_equals(starts: list[Start]) -> list[Start]:
    kept: list[Start] = []
    for start in starts:
        if kept and kept[-1].at == start.at:
            join(kept[-1], start)
        else:
            kept.append(start)
    return kept


def join(start: Start, following: Start) -> None:
    """Name ``following`` in the title of ``start``."""
    start.title += " / " + name(following.performer, following.title)
