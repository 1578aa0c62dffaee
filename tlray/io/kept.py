"""Rows of a batch's part, read again because they answer items of another batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.core.lease import LeasedItem
from tlray.io.home import Home
from tlray.io.part_files import Piece, published_file
from tlray.io.rows import from_tables
from tlray.io.schema import TRACKLISTS, TRACKS
from tlray.model import Tracklist


def in_parts(
    items: Iterable[LeasedItem], *, at_once: int
) -> Iterator[tuple[str, str, list[tuple[int, LeasedItem]]]]:
    """Yield items by the parts whose rows answer them, at most so many at once: batch and stem, and of each item the kept one.

    Several may want the same rows: items of batches that came together.
    """
    by_part: dict[tuple[str, str], list[tuple[int, LeasedItem]]] = {}
    for item in items:
        if (kept := item.kept) is not None:
            by_part.setdefault((kept.batch_id, kept.stem), []).append((kept.item_id, item))
    for (batch_id, stem), of_part in by_part.items():
        for begin in range(0, len(of_part), at_once):
            yield batch_id, stem, of_part[begin : begin + at_once]


def read_kept(home: Home, batch_id: str, stem: str, item_ids: Collection[int]) -> dict[int, list[Tracklist]]:
    """Return the sets of some items of a published part, by item.

    What is not there, or cannot be read any more, is left out: the part may just have been merged into another, and
    its page can be fetched.
    """
    wanted = [("item_id", "in", set(item_ids))]
    try:
        tables = {
            piece: pq.read_table(published_file(home, batch_id, stem, piece), schema=schema, filters=wanted)
            for piece, schema in ((Piece.TRACKLISTS, TRACKLISTS), (Piece.TRACKS, TRACKS))
        }
    except (OSError, pa.ArrowException):
        return {}
    lists = tables[Piece.TRACKLISTS]
    sets: dict[int, list[Tracklist]] = {}
    found = from_tables(lists, tables[Piece.TRACKS])
    for item, tracklist in zip(lists.column("item_id").to_pylist(), found, strict=True):
        sets.setdefault(item, []).append(tracklist)
    return sets
