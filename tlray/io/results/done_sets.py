"""The sets of items that succeeded, read from the parts that have them."""

from __future__ import annotations

from collections.abc import Sequence

from tlray.io.journal.rows import DoneRow
from tlray.io.results.item_reader import read_items
from tlray.io.results.store import PartMoved, ResultStore
from tlray.model import Tracklist


def read_done(store: ResultStore, batch_id: str, rows: Sequence[DoneRow]) -> list[list[Tracklist]]:
    """Return the sets of each item; `PartMoved` where a part has them no more."""
    by_part: dict[str, list[int]] = {}
    for row in rows:
        by_part.setdefault(row.part or "", []).append(row.item_id)
    found: dict[int, list[Tracklist]] = {}
    for stem, items in by_part.items():
        sets = read_items(store, batch_id, stem, items) if stem else {}
        if len(sets) < len(items):
            raise PartMoved(stem, batch_id)
        found |= sets
    return [found[row.item_id] for row in rows]
