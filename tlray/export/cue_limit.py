"""More than 99 tracks in CUE sheets of at most 99: by splitting, by merging, or not at all."""

from __future__ import annotations

from tlray.export.options import Over99
from tlray.export.starts import Start, join

MAX_TRACKS = 99
BEFORE_PART = "(before this part)"


def within_99(starts: list[Start], over_99: Over99, *, performer: str) -> list[list[Start]]:
    """The tracks of each sheet, in order. ``starts`` begin at 0 and increase, and so do those of each sheet.

    ``performer`` is of the track that stands for what earlier sheets hold.
    """
    if len(starts) <= MAX_TRACKS or over_99 is Over99.ALLOW:
        return [starts]
    if over_99 is Over99.MERGE:
        return [_merged(starts)]
    room = MAX_TRACKS - 1  # a track goes to what the sheets before hold
    later = (starts[begin : begin + room] for begin in range(MAX_TRACKS, len(starts), room))
    return [starts[:MAX_TRACKS], *([Start(0, performer, BEFORE_PART), *part] for part in later)]


def _merged(starts: list[Start]) -> list[Start]:
    """Those that come soonest after the one before it are named in its title, until 99 are left."""
    # not the second: the first may stand for what is not known
    gaps = [(starts[i].at - starts[i - 1].at, i) for i in range(2, len(starts))]
    too_many = {i for _, i in sorted(gaps)[: len(starts) - MAX_TRACKS]}
    kept: list[Start] = []
    for i, start in enumerate(starts):
        if i in too_many:
            join(kept[-1], start)
        else:
            kept.append(start)
    return kept
