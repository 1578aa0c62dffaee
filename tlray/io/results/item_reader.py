"""Rows of a batch's part, read again because they answer items of another batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tlray.core.scheduling.lease import LeasedItem
from tlray.errors import CannotFinish, StorageUnavailable
from tlray.io.results.part_tables import read_tables
from tlray.io.results.rows import from_tables
from tlray.io.results.store import ResultStore
from tlray.model import Tracklist


def by_part(
    items: Iterable[LeasedItem], *, at_once: int
) -> Iterator[tuple[str, str, list[tuple[int, LeasedItem]]]]:
    """Yield items by the parts whose rows answer them, at most so many at once: batch and stem, and of each item the reused one.

    Several may want the same rows: items of batches that came together.
    """
    parts: dict[tuple[str, str], list[tuple[int, LeasedItem]]] = {}
    for item in items:
        if (reused := item.reused) is not None:
            parts.setdefault((reused.batch_id, reused.stem), []).append((reused.item_id, item))
    for (batch_id, stem), of_part in parts.items():
        for begin in range(0, len(of_part), at_once):
            yield batch_id, stem, of_part[begin : begin + at_once]


def read_items(
    store: ResultStore, batch_id: str, stem: str, item_ids: Collection[int]
) -> dict[int, list[Tracklist]]:
    """Return the sets of some items of a part, by item.

    What is not there, or cannot be read any more, is left out: the part may just have been merged into another, and
    its page can be fetched. `StorageUnavailable` where nothing can be read now.
    """
    try:
        lists, tracks = read_tables(store, batch_id, stem, item_ids=item_ids)
    except StorageUnavailable:
        raise
    except CannotFinish:
        return {}
    sets: dict[int, list[Tracklist]] = {}
    found = from_tables(lists, tracks)
    for item, tracklist in zip(lists.column("item_id").to_pylist(), found, strict=True):
        sets.setdefault(item, []).append(tracklist)
    return sets
