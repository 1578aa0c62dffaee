"""Many small parts become few large ones, and not a row is lost or doubled."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_parts import BATCH, a_set, files, page
from older_parts import as_before_november_2026

from tlray.errors import CannotFinish
from tlray.io.disk.home import Home
from tlray.io.results import compaction
from tlray.io.results.compaction import merge
from tlray.io.results.compaction_plan import PartSize, plan
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.store import PartFile, sweep
from tlray.io.results.warc import ArchiveWriter, read_record

sizes = st.lists(st.integers(1, 150)).map(lambda ns: [PartSize(f"p{i}", n) for i, n in enumerate(ns)])


@given(parts=sizes, is_final=st.booleans(), max_parts=st.integers(2, 9))
def test_a_plan_merges_small_parts_only_and_each_once(
    parts: list[PartSize], is_final: bool, max_parts: int
) -> None:
    groups = plan(parts, target_bytes=100, max_parts=max_parts, is_final=is_final)
    merged = [stem for group in groups for stem in group]
    by_stem = {part.stem: part.n_bytes for part in parts}
    assert merged == [part.stem for part in parts if part.stem in set(merged)], "in order, each once"
    for group in groups:
        assert 2 <= len(group) <= max_parts
        assert sum(by_stem[stem] for stem in group[:-1]) < 100
    small = [part for part in parts if part.n_bytes < 50]
    assert {part.stem for part in small} >= set(merged)
    if is_final:
        assert len(small) - len(merged) <= 1


def test_a_group_that_is_not_full_waits_for_more() -> None:
    parts = [PartSize(f"p{i}", 10) for i in range(25)]
    assert [len(group) for group in plan(parts, target_bytes=100)] == [10, 10]
    assert [len(group) for group in plan(parts, target_bytes=100, is_final=True)] == [10, 10, 5]
    assert plan([], target_bytes=100, is_final=True) == []


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def fill(home: Home, n_parts: int) -> dict[str, tuple[int, int]]:
    """Publish parts of one set and one page each; return where each page lies."""
    places = {}
    for number in range(n_parts):
        writer = ArchiveWriter()
        places[f"p{number}"] = writer.add(page(url=f"https://example.org/{number}"))
        stage(LocalStore(home), BATCH, f"p{number}", [a_set(number)], writer.take())
    LocalStore(home).publish(BATCH, *places)
    return places


def test_merged_parts_hold_the_same_rows_and_pages(home: Home) -> None:
    places = fill(home, 5)
    before = [pd.read_parquet(home.results(BATCH) / name) for name in ("tracklists", "tracks")]
    merged = merge(LocalStore(home), BATCH, list(places), "m1")
    assert (merged.part.n_sets, merged.part.n_tracks, merged.part.files) == (5, 15, tuple(PartFile))
    # nothing is gone, nothing is doubled, until the coordinator says so
    for old, name in zip(before, ("tracklists", "tracks"), strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(home.results(BATCH) / name), old)
    LocalStore(home).delete(BATCH, list(places))
    LocalStore(home).publish(BATCH, "m1")
    for old, name in zip(before, ("tracklists", "tracks"), strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(home.results(BATCH) / name), old)
    archive = LocalStore(home).published(BATCH, "m1", PartFile.ARCHIVE)
    file = LocalStore(home).open(BATCH, "m1", PartFile.ARCHIVE)
    for number, (stem, (offset, length)) in enumerate(places.items()):
        kept = read_record(file, merged.warc_offsets[stem] + offset, length)
        assert kept.url == f"https://example.org/{number}"
    assert gzip.decompress(archive.read_bytes()).count(b"WARC-Type: response") == 5
    assert merged.part.n_bytes == sum((home.path / name).stat().st_size for name in files(home))


@pytest.mark.parametrize("n_steps", range(4))
def test_a_crash_at_any_step_of_compaction_costs_nothing(home: Home, n_steps: int) -> None:
    stems = list(fill(home, 3))
    manifest = set(stems)
    merge(LocalStore(home), BATCH, stems, "m1")
    if n_steps > 0:
        manifest = {"m1"}
    if n_steps > 1:
        LocalStore(home).delete(BATCH, stems[:2])
    if n_steps > 2:
        LocalStore(home).delete(BATCH, stems)
    # a new start
    sweep(LocalStore(home), BATCH, manifest)
    LocalStore(home).publish(BATCH, *manifest)
    assert sorted(pd.read_parquet(home.results(BATCH) / "tracklists")["item_id"]) == [0, 1, 2]
    assert len(files(home)) == 3 * len(manifest)


def test_parts_of_unequal_pieces_are_merged(home: Home) -> None:
    stage(LocalStore(home), BATCH, "blocks", [], b"WARC1")
    stage(LocalStore(home), BATCH, "rows", [a_set(1)], b"")
    stage(LocalStore(home), BATCH, "more-blocks", [], b"WARC2")
    LocalStore(home).publish(BATCH, "blocks", "rows", "more-blocks")
    merged = merge(LocalStore(home), BATCH, ["blocks", "rows", "more-blocks"], "m1")
    assert merged.warc_offsets == {"blocks": 0, "more-blocks": 5}
    assert merged.part.files == tuple(PartFile)
    merged = merge(LocalStore(home), BATCH, ["blocks", "more-blocks"], "m2")
    assert merged.part.files == (PartFile.ARCHIVE,)
    merged = merge(LocalStore(home), BATCH, ["rows"], "m3")
    assert merged.part.files == (PartFile.TRACKS, PartFile.TRACKLISTS)


def test_rows_are_regrouped_and_memory_is_bounded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "ROW_GROUP_ROWS", 6)
    merge(LocalStore(home), BATCH, list(fill(home, 5)), "m1")
    LocalStore(home).publish(BATCH, "m1")
    tracks = pq.read_metadata(LocalStore(home).published(BATCH, "m1", PartFile.TRACKS))
    assert [tracks.row_group(i).num_rows for i in range(tracks.num_row_groups)] == [6, 6, 3]


def test_a_part_of_an_older_version_gets_the_columns_it_lacks(home: Home) -> None:
    fill(home, 2)
    old = LocalStore(home).published(BATCH, "p0", PartFile.TRACKS)
    pq.write_table(pq.read_table(old).drop_columns(["artwork_url", "cue_s"]), old)
    merge(LocalStore(home), BATCH, ["p0", "p1"], "m1")
    LocalStore(home).delete(BATCH, ["p0", "p1"])
    LocalStore(home).publish(BATCH, "m1")
    assert pd.read_parquet(home.results(BATCH) / "tracks")["artwork_url"].isna().all()


def test_cues_of_an_older_version_are_exact_to_the_second_when_parts_are_merged(home: Home) -> None:
    fill(home, 2)
    for piece in (PartFile.TRACKS, PartFile.TRACKLISTS):
        as_before_november_2026(LocalStore(home).published(BATCH, "p0", piece))
    before = pq.read_table(LocalStore(home).published(BATCH, "p0", PartFile.TRACKS))["cue_s"].to_pylist()
    merge(LocalStore(home), BATCH, ["p0", "p1"], "m1")
    LocalStore(home).delete(BATCH, ["p0", "p1"])
    LocalStore(home).publish(BATCH, "m1")
    tracks = pd.read_parquet(home.results(BATCH) / "tracks")
    assert tracks["cue_precision"].notna().all()
    assert [s is not None for s in before] == list(tracks["cue_precision"][: len(before)] == "second")


@pytest.mark.parametrize("damage", [b"", b"no Parquet at all", b"PAR1" + bytes(50) + b"PAR1"])
def test_a_damaged_part_stops_the_merge_and_leaves_all_as_it_was(home: Home, damage: bytes) -> None:
    fill(home, 3)
    LocalStore(home).published(BATCH, "p1", PartFile.TRACKS).write_bytes(damage)
    before = files(home)
    with pytest.raises(CannotFinish, match="part p1 is damaged"):
        merge(LocalStore(home), BATCH, ["p0", "p1", "p2"], "m1")
    assert files(home) == before


def test_a_part_that_is_not_there_is_not_merged_away(home: Home) -> None:
    fill(home, 2)
    with pytest.raises(CannotFinish, match="part gone of batch b1 is lost"):
        merge(LocalStore(home), BATCH, ["p0", "gone", "p1"], "m1")
    LocalStore(home).published(BATCH, "p1", PartFile.TRACKS).unlink()
    with pytest.raises(CannotFinish, match="part p1 of batch b1 is lost"):
        merge(LocalStore(home), BATCH, ["p0", "p1"], "m1")


def test_the_schema_of_today_is_what_is_written(home: Home) -> None:
    merge(LocalStore(home), BATCH, list(fill(home, 2)), "m1")
    LocalStore(home).publish(BATCH, "m1")
    assert pq.read_schema(LocalStore(home).published(BATCH, "m1", PartFile.TRACKS)).equals(compaction.TRACKS)
    assert isinstance(compaction.TRACKS, pa.Schema)
