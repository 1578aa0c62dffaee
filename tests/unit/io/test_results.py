"""What a batch left behind, read by pandas and by tlray."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from test_rows import a_set, key

from tlray.io.results import iter_tracklists, load, part_names
from tlray.io.rows import to_tables
from tlray.io.schema import TRACKLISTS, TRACKS
from tlray.model import Tracklist


def write_part(results: Path, name: str, *sets: Tracklist, first_item: int = 0) -> None:
    tables = to_tables([(key(first_item + i), s) for i, s in enumerate(sets)])
    for folder, table in zip(("tracklists", "tracks"), tables, strict=True):
        (results / folder).mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(table, results / folder / name)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_part(tmp_path, "p2.parquet", a_set(1, title="C"), first_item=2)
    write_part(tmp_path, "p1.parquet", a_set(2, title="A"), a_set(0, title="B"))
    return tmp_path


def test_sets_come_part_by_part_with_their_tracks(results: Path) -> None:
    assert [(s.title, len(s.tracks)) for s in iter_tracklists(results)] == [("A", 2), ("B", 0), ("C", 1)]


def test_pandas_reads_the_folders_as_they_stand_and_load_reads_the_same(results: Path) -> None:
    tracklists, tracks = load(results)
    pd.testing.assert_frame_equal(tracks, pd.read_parquet(results / "tracks"))
    pd.testing.assert_frame_equal(tracklists, pd.read_parquet(results / "tracklists"))
    assert tracks.groupby("set_title").size().to_dict() == {"A": 2, "C": 1}


def test_a_part_in_which_a_column_is_never_known_reads_like_any_other(results: Path) -> None:
    nothing = a_set(1, title="D", source_id=None, date=None, is_live=None, duration_s=None)
    write_part(results, "p3.parquet", nothing, first_item=9)
    assert len(pd.read_parquet(results / "tracks")) == 4
    assert list(iter_tracklists(results))[-1] == nothing


def test_what_begins_with_an_underscore_or_a_dot_is_no_part(results: Path) -> None:
    for name in ("_staging.parquet", ".hidden.parquet"):
        (results / "tracks" / name).write_bytes(b"half")
        (results / "tracklists" / name).write_bytes(b"half")
    assert part_names(results) == ["p1.parquet", "p2.parquet"]
    assert len(load(results)[1]) == len(pd.read_parquet(results / "tracks")) == 3


def test_a_part_that_is_half_published_is_not_there_yet(results: Path) -> None:
    (results / "tracks" / "p2.parquet").unlink()
    assert [s.title for s in iter_tracklists(results)] == ["A", "B"]
    assert load(results)[0]["title"].to_list() == ["A", "B"]


def test_only_the_parts_that_the_manifest_names_are_read(results: Path) -> None:
    assert [s.title for s in iter_tracklists(results, parts=["p2", "gone"])] == ["C"]
    assert load(results, parts=["p1.parquet"])[0]["title"].to_list() == ["A", "B"]


@pytest.mark.parametrize("made", [True, False])
def test_a_batch_without_parts_is_empty_with_every_column(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "tracks").mkdir()
        (tmp_path / "tracklists").mkdir()
        assert len(pd.read_parquet(tmp_path / "tracks")) == 0
    tracklists, tracks = load(tmp_path)
    assert (len(tracklists), len(tracks)) == (0, 0)
    assert (list(tracklists), list(tracks)) == (TRACKLISTS.names, TRACKS.names)
    assert list(iter_tracklists(tmp_path)) == []


def test_a_part_of_an_older_version_without_a_column_reads_as_null(results: Path) -> None:
    older = to_tables([(key(9), a_set(1, title="Old"))])
    pyarrow.parquet.write_table(older[0].drop_columns(["quality"]), results / "tracklists" / "p0.parquet")
    pyarrow.parquet.write_table(older[1].drop_columns(["media_id"]), results / "tracks" / "p0.parquet")
    assert next(iter_tracklists(results)).title == "Old"
    assert len(load(results)[0]) == 4
