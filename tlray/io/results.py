"""What did a batch leave behind? Reads ``results/<batch_id>/`` as pandas frames or as `Tracklist`\\ s.

A part is two Parquet files of one name, ``tracklists/NAME.parquet`` and ``tracks/NAME.parquet``. Names that
begin with ``_`` or ``.`` are no parts (pandas and Arrow skip them too). A part that has only one of its two
files is just being published and is skipped. ``parts`` names those that the journal's manifest counts; None
takes all.

``pandas.read_parquet(".../tracks")`` reads the same; only a batch without parts differs, which it
reads as a frame without columns, and `load` as an empty one with all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

from tlray.io.rows import from_tables
from tlray.io.schema import TRACKLISTS, TRACKS
from tlray.model import Tracklist


def load(results_dir: Path | str, parts: Collection[str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The batch's (tracklists, tracks), a row a set and a row a track; empty where it has no parts."""
    names = part_names(results_dir, parts)
    tracklists = _frame(Path(results_dir, "tracklists"), names, TRACKLISTS)
    return tracklists, _frame(Path(results_dir, "tracks"), names, TRACKS)


def iter_tracklists(results_dir: Path | str, parts: Collection[str] | None = None) -> Iterator[Tracklist]:
    """Every set, part by part; at most one part's rows are in memory, and 256 sets as objects."""
    for name in part_names(results_dir, parts):
        tracklists = _table([Path(results_dir, "tracklists", name)], TRACKLISTS)
        yield from from_tables(tracklists, _table([Path(results_dir, "tracks", name)], TRACKS))


def part_names(results_dir: Path | str, parts: Collection[str] | None = None) -> list[str]:
    """The file names of the complete parts, sorted; only those in ``parts``, if given."""
    both = _names(Path(results_dir, "tracklists")) & _names(Path(results_dir, "tracks"))
    if parts is not None:
        both &= {name.removesuffix(".parquet") + ".parquet" for name in parts}
    return sorted(both)


def _names(folder: Path) -> set[str]:
    if not folder.is_dir():
        return set()
    return {p.name for p in folder.iterdir() if p.suffix == ".parquet" and not p.name.startswith(("_", "."))}


def _frame(folder: Path, names: list[str], schema: pa.Schema) -> pd.DataFrame:
    frame: pd.DataFrame = _table([folder / name for name in names], schema).to_pandas()
    return frame


def _table(files: list[Path], schema: pa.Schema) -> pa.Table:
    if not files:
        return schema.empty_table()
    # by the schema of today: a column that an older part does not have is null
    return pa.dataset.dataset([str(f) for f in files], schema=schema, format="parquet").to_table()
