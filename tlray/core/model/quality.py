"""The quality score of a tracklist, 0..1, and the issues that lower it.

``0.45 × share of rows identified + 0.35 × share of positions with a start time + 0.1 × DJs named + 0.1 × date known``, less the
`PENALTIES`. Mashup parts have no start of their own and are no positions. A row that is there twice is identified once; a start
time that is out of order or past the end counts as none, one to the minute as half. The weights are ours: cataloguers ask for
start times and names first (docs/results.md).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from numbers import Real
from typing import Final

from tlray.errors import UsageError
from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist

IDENTIFIED, CUED, DJS, DATE = 0.45, 0.35, 0.1, 0.1
PENALTIES: Final = {"decoy_suspected": 0.2, "incomplete": 0.1, "gap": 0.1, "encoding_guessed": 0.05}
"""Issue of a parser → what it costs: rows that contradict themselves, rows that are missing, an encoding that nobody names."""
PAST_END_S: Final = 1.0
"""A start so far behind the length is past the end."""
MAX_NAME_CHARS: Final = 60
_NUMBERS: Final = re.compile(r"\d+(?: of \d+)? ?")
_ONE: Final = re.compile(r"^1 (row|data track|unreadable character)\b")


def assess(tracklist: Tracklist) -> tuple[float, list[str]]:
    """Return (score, issues); issues are short stable words, those of the parser first."""
    issues = list(tracklist.quality_issues)
    positions = [track for track in tracklist.tracks if track.kind is not TrackKind.MASHUP_PART]
    n_rows, n_positions = max(1, tracklist.track_count), max(1, len(positions))
    n_twice = _n_twice(tracklist.tracks)
    n_identified, n_cued = min(n_rows, tracklist.identified_count), min(n_positions, tracklist.cued_count)
    if not tracklist.track_count:
        issues.append("no rows")
    elif n_identified < n_rows:
        issues.append(f"{tracklist.track_count - n_identified} of {tracklist.track_count} not identified")
    if n_twice:
        issues.append(f"{n_twice} of {n_rows} rows are there twice")
    if n_cued == 0:
        issues.append("no start times")
    elif n_cued < n_positions:
        issues.append(f"{n_positions - n_cued} of {n_positions} without a start time")
    n_wrong = 0
    for what, n in (
        ("out of order", _n_out_of_order(positions)),
        ("past the end", _n_past_end(tracklist, positions)),
    ):
        n_wrong += n
        if n:
            issues.append(f"{n} of {n_cued} start times {what}")
    n_rough = sum(t.cue_s is not None and t.cue_precision is CuePrecision.MINUTE for t in positions)
    if n_rough:
        issues.append(f"{n_rough} of {n_cued} start times to the minute")
    if not tracklist.djs:
        issues.append("no DJ named")
    if tracklist.date is None:
        issues.append("no date")
    score = (
        IDENTIFIED * max(0, n_identified - n_twice) / n_rows
        + CUED * max(0.0, n_cued - n_wrong - n_rough / 2) / n_positions
        + DJS * bool(tracklist.djs)
        + DATE * (tracklist.date is not None)
        - sum(PENALTIES.get(issue, 0.0) for issue in set(issues))
    )
    return round(max(0.0, score), 3), list(dict.fromkeys(issues))


def require_share(min_quality: object) -> None:
    """Raise `UsageError` for a least quality that is no number from 0 to 1; None is none."""
    if min_quality is None or (isinstance(min_quality, Real) and 0 <= float(min_quality) <= 1):
        return
    raise UsageError(f"the least quality is a number from 0 to 1, not {str(min_quality)[:40]}")


def issue_name(issue: str) -> str:
    """Return an issue without its numbers, to be counted by: ``not identified`` for ``3 of 21 not identified``."""
    return _NUMBERS.sub("", _ONE.sub(r"\1s", issue))[:MAX_NAME_CHARS].strip()


def _n_twice(tracks: list[Track]) -> int:
    """Return how many named rows repeat the row before, or one of the same start time."""
    n = 0
    seen: set[tuple[str, str, int | None, float]] = set()
    before = None
    for track in tracks:
        name = (track.artist.casefold(), track.title.casefold())
        if track.identity is Identity.IDENTIFIED:
            at = None if track.cue_s is None else (*name, track.recording, track.cue_s)
            n += name == before or at in seen
            if at is not None:
                seen.add(at)
        before = name if track.identity is Identity.IDENTIFIED else None
    return n


def _n_out_of_order(tracks: list[Track]) -> int:
    """Return how many start times must go, at least, so that the others never fall within a recording."""
    of_recordings: defaultdict[int | None, list[float]] = defaultdict(list)
    for track in tracks:
        if track.cue_s is not None:
            of_recordings[track.recording].append(track.cue_s)
    return sum(len(starts) - _longest_rise(starts) for starts in of_recordings.values())


def _longest_rise(starts: list[float]) -> int:
    """Return the length of a longest subsequence that never falls."""
    ends: list[float] = []
    for start in starts:
        place = bisect_right(ends, start)
        ends[place : place + 1] = [start]
    return len(ends)


def _n_past_end(tracklist: Tracklist, tracks: list[Track]) -> int:
    """Return how many starts are past the end of the set, if its length is known and is that of one recording."""
    end_s = tracklist.duration_s
    recordings = {track.recording for track in tracks if track.cue_s is not None}
    if end_s is None or end_s <= 0 or len(recordings) > 1 or len(tracklist.recordings) > 1:
        return 0
    return sum(track.cue_s is not None and track.cue_s > end_s + PAST_END_S for track in tracks)
