"""The rows of one part, from wherever its files lie just then: published, or staged still."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.errors import CannotFinish
from tlray.io.disk.home import Home
from tlray.io.results.part_files import PartMoved, Piece, published_file, staged_file
from tlray.io.results.schema import TRACKLISTS, TRACKS, completed

_SCHEMAS = {Piece.TRACKLISTS: TRACKLISTS, Piece.TRACKS: TRACKS}


def read_tables(
    home: Home, batch_id: str, stem: str, *, item_ids: Collection[int] | None = None
) -> tuple[pa.Table, pa.Table]:
    """Return a part's (tracklists, tracks), of some items or of all, by the schema of today: a column that it lacks is null.

    `PartMoved` where one of its files is nowhere, CannotFinish where one is damaged.
    """
    filters = None if item_ids is None else [("item_id", "in", set(item_ids))]
    with ExitStack() as stack:
        # both are open before the first is read: a file that goes meanwhile is read to its end
        files = {piece: stack.enter_context(_opened(home, batch_id, stem, piece)) for piece in _SCHEMAS}
        try:
            tracklists, tracks = (
                pq.read_table(file, schema=_SCHEMAS[piece], filters=filters) for piece, file in files.items()
            )
        except (OSError, pa.ArrowException) as error:
            why = str(error).splitlines()[0][:200]
            raise CannotFinish(f"part {stem} of batch {batch_id} is damaged: {why}") from error
    return tracklists, completed(tracks)


def _opened(home: Home, batch_id: str, stem: str, piece: Piece) -> Any:
    published, staged = (place(home, batch_id, stem, piece) for place in (published_file, staged_file))
    for path in (published, staged, published):  # it may be published between the first look and the second
        try:
            return pa.OSFile(str(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CannotFinish(f"part {stem} of batch {batch_id} cannot be read: {error}") from error
    raise PartMoved(stem, batch_id)
