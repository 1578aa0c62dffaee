"""The rows of one part, published or staged."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.errors import CannotFinish
from tlray.io.results.schema import KEYS, TRACKLISTS, TRACKS, completed
from tlray.io.results.store import PartFile, ResultStore

_SCHEMAS = {PartFile.TRACKLISTS: TRACKLISTS, PartFile.TRACKS: TRACKS}


def read_tables(
    store: ResultStore,
    batch_id: str,
    stem: str,
    *,
    item_ids: Collection[int] | None = None,
    columns: Collection[str] | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Return a part's (tracklists, tracks), of some items or of all, by the schema of today: a column that it lacks is null.

    ``columns``: only those, and the keys.

    `PartMoved` if one of its files is nowhere, `CannotFinish` if one is damaged.
    """
    filters = None
    if item_ids is not None:  # the two ends let Arrow pass over row groups
        first, last = min(item_ids, default=0), max(item_ids, default=0)
        filters = [("item_id", ">=", first), ("item_id", "<=", last), ("item_id", "in", set(item_ids))]
    with ExitStack() as stack:
        # both are open before the first is read: a file that goes meanwhile is read to its end
        files = {kind: stack.enter_context(store.open(batch_id, stem, kind)) for kind in _SCHEMAS}
        try:
            tracklists, tracks = (
                pq.read_table(file, schema=_SCHEMAS[kind], filters=filters, columns=_chosen(kind, columns))
                for kind, file in files.items()
            )
        except (OSError, pa.ArrowException) as error:
            why = str(error).splitlines()[0][:200]
            raise CannotFinish(f"part {stem} of batch {batch_id} is damaged: {why}") from error
    return tracklists, completed(tracks)


def _chosen(kind: PartFile, columns: Collection[str] | None) -> list[str] | None:
    return (
        None
        if columns is None
        else [name for name in _SCHEMAS[kind].names if name in columns or name in KEYS]
    )
