"""The start of each row, and the recording in which it counts. Nothing is invented.

A row's start is its hidden seconds, but only where the visible ``.cue`` is not empty: "not set" is a hidden 0
too. A page whose rows have no ``.cue`` at all (pages cut down by hand) is read by hidden seconds that are not
0. Mashup parts have no start of their own. One exception, as in the site's own export: the opening row of a
set whose other rows have starts is at 0, even though its ``.cue`` is empty. It is the set's opening row only:
of the row that opens a second recording nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlray.model import TrackKind
from tlray.sites.tracklists1001.players import Players
from tlray.sites.tracklists1001.rows import Row
from tlray.sites.tracklists1001.wording import clock_s

_ID_PLAYER = re.compile(r"\bidPlayer\s*:\s*['\"]([\w-]{1,64})['\"]")


def starts(rows: Sequence[Row]) -> list[float | None]:
    """Seconds into its recording for every row, or None."""
    page_shows_cues = any(row.cue_text is not None for row in rows)
    found = [_start(row, page_shows_cues=page_shows_cues) for row in rows]
    if rows and rows[0].kind is TrackKind.MAIN and found[0] is None and any(s is not None for s in found):
        found[0] = 0.0
    return found


def _start(row: Row, *, page_shows_cues: bool) -> float | None:
    if row.kind is TrackKind.MASHUP_PART:
        return None
    hidden = float(row.cue_seconds) if _is_count(row.cue_seconds) else None
    if page_shows_cues:
        return (hidden or clock_s(row.cue_text)) if row.cue_text else None
    return hidden or None


def _is_count(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 7


def recordings_of(rows: Sequence[Row], players: Players) -> list[int | None]:
    """The number of the player that each row's start counts in.

    A heading ``Player n`` above the row decides. Else, with several players, the row's own play button, which
    names the medium (of a rebroadcast it is the second player's), carried on over rows whose button names
    none. Else it is 1 where the page has a recording at all, and None where it has none.
    """
    if not players.recordings:
        return [row.player for row in rows]
    named = [_played_by(row, players) for row in rows]
    number = next(filter(None, named), 1)
    found: list[int | None] = []
    for row, own in zip(rows, named, strict=True):
        number = row.player or own or number
        found.append(number)
    return found


def _played_by(row: Row, players: Players) -> int | None:
    if len(players.recordings) < 2 or row.play is None:
        return None
    named = _ID_PLAYER.search(row.play.attributes.get("onclick") or "")
    return players.number_of.get(named.group(1)) if named else None
