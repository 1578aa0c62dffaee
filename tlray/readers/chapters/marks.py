"""Chapters of a recording as tracks. Many chapters are none: "Intro", a talk, an advertisement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlray.model import CuePrecision, Track, TrackKind
from tlray.sites.text.characters import clean
from tlray.sites.text.lines import Line, lex
from tlray.sites.text.names import is_unknown
from tlray.sites.text.numbering import counted
from tlray.sites.text.rows import Row, read, row_of, section_name
from tlray.sites.text.separators import Separator, is_loose, majority

MIN_TRACKS = 3
"""Fewer chapters with artist and title are a coincidence."""
MIN_SHARE = 0.5
"""Of all chapters that must be tracks; a talk has a dash in some of its chapters."""
MAX_CHAPTERS = 5_000
MAX_START_S = 1e7
"""Four months. No recording is so long."""
_SEPARATORS = (Separator.DASH, Separator.BY, Separator.QUOTED)
"""Colons, slashes and the like stand in the chapters of talks."""
_NORMAL_PLAY_TIME = re.compile(r"(?:npt:)?(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,7}(?:[.,]\d{1,9})?)\s*s?")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A mark in a recording."""

    title: str
    start_s: float | None
    start_text: str
    """The start as the file writes it."""
    url: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class ChapterTracks:
    """The tracks among chapters."""

    tracks: list[Track]
    issues: list[str]


def seconds(text: str) -> float | None:
    """Return a start in seconds: ``37``, ``3:07``, ``01:02:03.400`` (Normal Play Time); None for other text."""
    found = _NORMAL_PLAY_TIME.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, rest = found[1] or "0", found[2] or "0", found[3].replace(",", ".")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def tracks_of(chapters: Iterable[Chapter], *, duration_s: float | None = None) -> ChapterTracks | str:
    """Return the chapters that are tracks, or why they are none.

    They are tracks where most of them name artist and title. Of the others, one in front of a track names its section.
    """
    marks = [mark for mark in chapters if clean(mark.title)]
    if not marks or len(marks) > MAX_CHAPTERS:
        return "no chapters" if not marks else f"{len(marks)} chapters: more than {MAX_CHAPTERS}"
    if all(mark.start_s is not None for mark in marks):
        marks.sort(key=lambda mark: mark.start_s or 0.0)
    lines = _lines([clean(mark.title) for mark in marks])
    separator = majority([line.body for line in lines if not is_unknown(line.body)])
    are_tracks = [is_unknown(line.body) or _is_pair(line.body, separator) for line in lines]
    n_pairs = sum(_is_pair(line.body, separator) for line in lines)
    if n_pairs < MIN_TRACKS or sum(are_tracks) < MIN_SHARE * len(marks):
        return f"{len(marks)} chapters, {n_pairs} of them with artist and title: no tracklist"
    rows, kept = _rows(lines, marks, are_tracks)
    reading = read(rows, duration_s=duration_s)
    starts = [track for track in reading.tracks if track.kind is TrackKind.MAIN]
    for track, mark in zip(starts, kept, strict=True):
        _set_start(track, mark)
    _drop_zeros(starts)
    issues = list(reading.issues)
    if n_others := len(marks) - len(kept):
        issues.append(f"{n_others} chapters are no tracks")
    return ChapterTracks(reading.tracks, issues)


def _is_pair(body: str, separator: Separator | None) -> bool:
    return separator in _SEPARATORS and is_loose(body, separator)


def _lines(titles: Sequence[str]) -> list[Line]:
    """Take titles apart; a number counts where the numbers count up."""
    lines = [lex(title, at) for at, title in enumerate(titles)]
    numbers = counted(lines)
    for at, line in enumerate(lines):
        if line.number is not None and at not in numbers:
            line.number, line.body = None, line.numbered_body
    return lines


def _rows(
    lines: Sequence[Line], marks: Sequence[Chapter], are_tracks: Sequence[bool]
) -> tuple[list[Row], list[Chapter]]:
    """Return the rows of tracks and their chapters; a chapter in front of a track names the section."""
    rows: list[Row] = []
    kept: list[Chapter] = []
    section: str | None = None
    for at, (line, mark) in enumerate(zip(lines, marks, strict=True)):
        if are_tracks[at]:
            row = row_of(line)
            row.cue, row.is_with, row.section = None, False, section
            rows.append(row)
            kept.append(mark)
        elif at + 1 < len(lines) and are_tracks[at + 1]:
            section = section_name(line.raw)
    return rows, kept


def _set_start(track: Track, mark: Chapter) -> None:
    is_known = mark.start_s is not None and mark.start_s <= MAX_START_S
    track.cue_s, track.cue_text = mark.start_s if is_known else None, mark.start_text or None
    track.cue_precision = CuePrecision.SECOND if is_known else CuePrecision.UNKNOWN
    track.recording = 1 if is_known else None
    track.track_url, track.artwork_url = mark.url, mark.image_url


def _drop_zeros(tracks: Sequence[Track]) -> None:
    """Let a zero behind the first track be no time: programs write it for "not set"."""
    for track in tracks[1:]:
        if track.cue_s == 0:
            track.cue_s, track.cue_precision, track.recording = None, CuePrecision.UNKNOWN, None
