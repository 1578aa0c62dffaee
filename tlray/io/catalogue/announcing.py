"""The changes that nobody was notified of yet, grouped for notices; and the mark up to which they were.

A catalogue that is new, or was made anew, has its mark behind all of its changes: they are old.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, NamedTuple

from tlray.io.catalogue.change_list import changed_sets, last_change
from tlray.io.catalogue.database import meta, opened, set_meta
from tlray.io.disk.home import Home

SETS_PER_NOTICE: Final = 100


class Announcement(NamedTuple):
    """Changed sets of one batch."""

    batch_id: str
    subject: str
    """The number of the last change."""
    sets: list[dict[str, Any]]


def pending(home: Home) -> tuple[list[Announcement], int]:
    """Return what is to be announced, and the mark for `announced`."""
    with opened(home) as db:
        mark, last = meta(db, "announced"), last_change(db)
        if mark is None:
            set_meta(db, "announced", str(last))
            return [], last
        of_batches: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for batch_id, found in changed_sets(db, after=int(mark), until=last):
            of_batches[batch_id].append(found)
    return [
        Announcement(batch_id, str(max(int(found.pop("seq")) for found in some)), some)
        for batch_id, sets in of_batches.items()
        for begin in range(0, len(sets), SETS_PER_NOTICE)
        if (some := sets[begin : begin + SETS_PER_NOTICE])
    ], last


def announced(home: Home, mark: int) -> None:
    """Note that all changes up to a number were announced."""
    with opened(home) as db:
        set_meta(db, "announced", str(mark))
