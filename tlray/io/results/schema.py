"""The columns of the Parquet files, written out and never inferred.

One part whose column has another type (``null``, where no row had a value) breaks reading the whole folder.

``tracklists``  one row a set:   keys, every field of `Tracklist` but ``tracks``
``tracks``      one row a track: keys, the set's ``url site source_id title date djs``, every field of `Track`

``batch_id, item_id, set_index`` name a set in both (a page may hold several sets: 0, 1, …). Seconds are
float64; moments are microseconds in UTC.

What may be unknown and is no float has a dtype of pandas' own, by the metadata that pandas writes itself: a column of ``Int32``
or ``boolean`` is that in every batch. Without, it would be int32 where every row has a value, and float64 where one has none.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.string()
TEXTS = pa.list_(pa.string())
COUNT = pa.int32()
SECONDS = pa.float64()
MOMENT = pa.timestamp("us", tz="UTC")

_NULLABLE: Final = {COUNT: "Int32", pa.bool_(): "boolean"}

_KEY_FIELDS: Final = (
    pa.field("batch_id", TEXT, nullable=False),
    pa.field("item_id", pa.int64(), nullable=False),
    pa.field("set_index", COUNT, nullable=False),
)
KEYS: Final = tuple(field.name for field in _KEY_FIELDS)
"""What both tables have in common, and what their rows are joined by."""


def for_pandas(schema: pa.Schema) -> pa.Schema:
    """Return a schema with the dtypes that pandas is to give to columns that may be unknown."""
    columns: list[dict[str, Any]] = [
        {
            "name": f.name,
            "field_name": f.name,
            "pandas_type": str(f.type),
            "numpy_type": _NULLABLE[f.type],
            "metadata": None,
        }
        for f in schema
        if f.nullable and f.type in _NULLABLE
    ]
    metadata = {"index_columns": [], "column_indexes": [], "columns": columns, "pandas_version": "2.2.0"}
    return schema.with_metadata({"pandas": json.dumps(metadata)})


TRACKLISTS = for_pandas(
    pa.schema(
        [
            *_KEY_FIELDS,
            pa.field("fingerprint", TEXT, nullable=False),
            pa.field("url", TEXT, nullable=False),
            pa.field("site", TEXT, nullable=False),
            pa.field("source_id", TEXT),
            pa.field("page_url", TEXT),
            pa.field("page_id", TEXT),
            pa.field("title", TEXT, nullable=False),
            pa.field("date", pa.date32()),
            pa.field("djs", TEXTS, nullable=False),
            pa.field("sources", TEXTS, nullable=False),
            pa.field("genres", TEXTS, nullable=False),
            pa.field("is_live", pa.bool_()),
            pa.field("duration_s", SECONDS),
            pa.field("recordings", TEXTS, nullable=False),
            pa.field("track_count", COUNT, nullable=False),
            pa.field("identified_count", COUNT, nullable=False),
            pa.field("cued_count", COUNT, nullable=False),
            pa.field("quality", SECONDS),
            pa.field("quality_issues", TEXTS, nullable=False),
            pa.field("parser", TEXT, nullable=False),
            pa.field("published", pa.date32()),
            pa.field("licence", TEXT),
            pa.field("attribution", TEXT),
            pa.field("revision", TEXT),
            pa.field("media_type", TEXT),
            pa.field("fetched_at", MOMENT),
        ]
    )
)

TRACKS = for_pandas(
    pa.schema(
        [
            *_KEY_FIELDS,
            pa.field("url", TEXT, nullable=False),
            pa.field("site", TEXT, nullable=False),
            pa.field("source_id", TEXT),
            pa.field("set_title", TEXT, nullable=False),
            pa.field("set_date", pa.date32()),
            pa.field("set_djs", TEXTS, nullable=False),
            pa.field("index", COUNT, nullable=False),
            pa.field("number", COUNT),
            pa.field("kind", TEXT, nullable=False),
            pa.field("parent", COUNT),
            pa.field("section", TEXT),
            pa.field("recording", COUNT),
            pa.field("cue_s", SECONDS),
            pa.field("cue_precision", TEXT, nullable=False),
            pa.field("cue_text", TEXT),
            pa.field("played_at", MOMENT),
            pa.field("artist", TEXT, nullable=False),
            pa.field("title", TEXT, nullable=False),
            pa.field("labels", TEXTS, nullable=False),
            pa.field("catalogue_number", TEXT),
            pa.field("identity", TEXT, nullable=False),
            pa.field("track_id", TEXT),
            pa.field("track_url", TEXT),
            pa.field("duration_s", SECONDS),
            pa.field("genres", TEXTS, nullable=False),
            pa.field("artwork_url", TEXT),
            pa.field("media_id", TEXT),
            pa.field("text", TEXT, nullable=False),
        ]
    )
)


def completed(table: pa.Table) -> pa.Table:
    """Fill in the precision of cues in rows of an older version, all of which were exact to the second."""
    place = table.schema.get_field_index("cue_precision")
    if place < 0 or not table.column(place).null_count:
        return table
    column = pc.coalesce(
        table.column(place), pc.if_else(pc.is_valid(table.column("cue_s")), "second", "unknown")
    )
    return table.set_column(place, table.schema.field(place), column)
