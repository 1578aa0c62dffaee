"""The quality score of a tracklist, 0..1, and the reasons for what is missing.

``0.45 × share of rows identified + 0.35 × share of positions with a start time + 0.1 × DJs named + 0.1 × date known``. Mashup
parts have no start of their own and are no positions. The weights are ours: cataloguers ask for start times and names first
(docs/results.md).
"""

from __future__ import annotations

from tlray.model import TrackKind, Tracklist

IDENTIFIED, CUED, DJS, DATE = 0.45, 0.35, 0.1, 0.1


def assess(tracklist: Tracklist) -> tuple[float, list[str]]:
    """Return (score, issues); issues are short stable words, those of the parser first."""
    issues = list(tracklist.quality_issues)
    n_rows = max(1, tracklist.track_count)
    n_positions = max(1, sum(1 for track in tracklist.tracks if track.kind is not TrackKind.MASHUP_PART))
    identified = min(1.0, tracklist.identified_count / n_rows)
    cued = min(1.0, tracklist.cued_count / n_positions)
    if identified < 1:
        issues.append(
            f"{tracklist.track_count - tracklist.identified_count} of {tracklist.track_count} not identified"
        )
    if tracklist.cued_count == 0:
        issues.append("no start times")
    elif cued < 1:
        issues.append(f"{n_positions - tracklist.cued_count} of {n_positions} without a start time")
    if not tracklist.djs:
        issues.append("no DJ named")
    if tracklist.date is None:
        issues.append("no date")
    score = (
        IDENTIFIED * identified
        + CUED * cued
        + DJS * bool(tracklist.djs)
        + DATE * (tracklist.date is not None)
    )
    return round(score, 3), list(dict.fromkeys(issues))
