"""Merged sets as the two tables: the columns of all sets, and of each field the source (``cue_from``), and conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from tlray.core.model.merged import OF_ROW, OF_SET, MergedTrack, MergedTracklist
from tlray.io.results.rows import ItemKey, to_tables
from tlray.io.results.schema import COUNT, TEXT, TEXTS, TRACKLISTS, TRACKS, for_pandas
from tlray.model import Tracklist

_VALUE: Final = pa.struct([pa.field("source", TEXT), pa.field("value", TEXT)])
_CONFLICT: Final = pa.struct(
    [pa.field("field", TEXT), pa.field("index", COUNT), pa.field("values", pa.list_(_VALUE))]
)
SET_COLUMNS: Final = (
    pa.field("merged_from", TEXTS, nullable=False),
    *(pa.field(f"{name}_from", TEXT) for name in OF_SET),
    pa.field("conflicts", pa.list_(_CONFLICT), nullable=False),
)
ROW_COLUMNS: Final = tuple(pa.field(f"{name}_from", TEXT) for name in OF_ROW)
MERGED_TRACKLISTS: Final = for_pandas(pa.schema([*TRACKLISTS, *SET_COLUMNS]))
MERGED_TRACKS: Final = for_pandas(pa.schema([*TRACKS, *ROW_COLUMNS]))


def to_merged_tables(sets: Sequence[tuple[ItemKey, Tracklist]]) -> tuple[pa.Table, pa.Table]:
    """Return the rows of sets, all of which are merged, as (tracklists, tracks), in their order."""
    tracklists, tracks = to_tables(sets)
    merged = [found for _, found in sets if isinstance(found, MergedTracklist)]
    of_sets: list[list[Any]] = [
        [found.merged_from for found in merged],
        *([found.sources_of.get(name) for found in merged] for name in OF_SET),
        [_conflicts(found) for found in merged],
    ]
    rows = [track.sources_of for found in merged for track in found.tracks if isinstance(track, MergedTrack)]
    of_rows = [[sources.get(name) for sources in rows] for name in OF_ROW]
    return (
        _table(tracklists, of_sets, MERGED_TRACKLISTS),
        _table(tracks, of_rows, MERGED_TRACKS),
    )


def _table(table: pa.Table, more: list[list[Any]], schema: pa.Schema) -> pa.Table:
    fields = list(schema)[table.num_columns :]
    arrays = [pa.array(values, field.type) for values, field in zip(more, fields, strict=True)]
    return pa.table([*table.columns, *arrays], schema=schema)


def _conflicts(found: MergedTracklist) -> list[dict[str, Any]]:
    return [
        {
            "field": conflict.field,
            "index": conflict.index,
            "values": [{"source": source, "value": value} for source, value in conflict.values.items()],
        }
        for conflict in found.conflicts
    ]
