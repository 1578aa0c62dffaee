"""Times of CUE sheets: minutes, seconds and 75ths, or the hours, minutes and seconds of rekordbox.

``INDEX 01 01:18:53`` is 1 min 18.7 s in any sheet but one of rekordbox's recordings, where it is 1 h 18 min 53 s. rekordbox says
that it wrote the sheet. Where the remark is gone, a sheet of whole tracks that each last a few seconds is one of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tlray.readers.cue_sheet import Sheet

FRAMES_PER_S = 75
BAD_TIME, HOURS_GUESSED, HUNDREDTHS, ORDER = "bad_time", "hours_guessed", "hundredths_guessed", "cue_order"
_TIME = re.compile(r"(?:(\d{1,2}):(?=\d{1,2}:\d{1,2}[:.,]\d))?(\d{1,6}):(\d{1,2})(?:[:.,](\d{1,9}))?")
"""Frames, or a decimal fraction where there are three digits or more; with an hour before them where there are four parts."""
_LONGEST_AS_FRAMES_S = 300.0
_LONGEST_TRACK_AS_FRAMES_S = 15.0
"""A quarter of an hour that is read as frames."""
_NEVER_BY_REKORDBOX = frozenset({"PREGAP", "POSTGAP", "CATALOG", "ISRC", "FLAGS", "CDTEXTFILE"})

Parts = tuple[int, int, float | None]


def starts_s(sheet: Sheet) -> tuple[list[float | None], list[str]]:
    """Return the start of every track within its file, in seconds, and what is wrong; rekordbox's sheets have one file."""
    parts = [_parts(track.start) for track in sheet.tracks]
    known = [part for part in parts if part is not None]
    issues: list[str] = []
    is_rekordbox = "REKORDBOX" in sheet.remark("RECORDED_BY").upper()
    if known and _may_be_hours(known) and (is_rekordbox or _is_like_rekordbox(sheet, known)):
        if not is_rekordbox:
            issues.append(HOURS_GUESSED)
        for track in sheet.tracks:
            track.file = track.file and 1  # the file of a track in rekordbox's collection is no recording
        return [part and float(part[0] * 3600 + part[1] * 60 + (part[2] or 0)) for part in parts], issues
    per_s = FRAMES_PER_S
    if any(part[2] is not None and part[2] >= FRAMES_PER_S and part[1] < 60 for part in known):
        per_s = 100
        issues.append(HUNDREDTHS)
    starts = [part and _seconds(part, per_s) for part in parts]
    _drop_zeros(sheet, starts)
    if any(start is None and track.start for start, track in zip(starts, sheet.tracks, strict=True)):
        issues.append(BAD_TIME)
    if _fall(sheet, starts):
        issues.append(ORDER)
    return starts, issues


def _drop_zeros(sheet: Sheet, starts: list[float | None]) -> None:
    """Let a zero below the first track of a file be no time: programs write it for "not set"."""
    for at, (start, (before, track)) in enumerate(zip(starts[1:], pairwise(sheet.tracks), strict=True), 1):
        if start == 0 and before.file == track.file:
            starts[at] = None


def _fall(sheet: Sheet, starts: Sequence[float | None]) -> bool:
    """True if a track begins before the one above it, in the same file."""
    known = [
        (track.file, start) for track, start in zip(sheet.tracks, starts, strict=True) if start is not None
    ]
    return any(file == below and start > later for (file, start), (below, later) in pairwise(known))


def _parts(text: str | None) -> Parts | None:
    found = _TIME.match(text) if text else None
    if found is None:
        return None
    digits = found[4] or ""
    frames = float(f"0.{digits}") * FRAMES_PER_S if len(digits) > 2 else int(digits) if digits else None
    return int(found[1] or 0) * 60 + int(found[2]), int(found[3]), frames


def _seconds(part: Parts, per_s: int) -> float | None:
    return None if part[1] > 59 else part[0] * 60 + part[1] + (part[2] or 0) / per_s


def _may_be_hours(parts: Sequence[Parts]) -> bool:
    return all(
        first < 24 and second < 60 and third is not None and third < 60 for first, second, third in parts
    )


def _is_like_rekordbox(sheet: Sheet, parts: Sequence[Parts]) -> bool:
    """True if tracks last a few seconds each, in a sheet that has nothing that rekordbox never writes."""
    if (
        len(parts) < 3
        or _NEVER_BY_REKORDBOX & sheet.commands.keys()
        or sheet.commands["INDEX"] > len(sheet.tracks)
    ):
        return False
    starts = [_seconds(part, FRAMES_PER_S) or 0.0 for part in parts]
    is_one_run = starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    mean_s = starts[-1] / (len(starts) - 1)
    return is_one_run and starts[-1] < _LONGEST_AS_FRAMES_S and mean_s < _LONGEST_TRACK_AS_FRAMES_S
