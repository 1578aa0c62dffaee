"""What a batch left behind, read by pandas and by tlray."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from older_parts import as_before_november_2026
from test_rows import a_set, key

from tlray.errors import CannotFinish
from tlray.io.disk.home import Home
from tlray.io.results import reader
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.reader import iter_tracklists, load
from tlray.io.results.rows import to_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS
from tlray.io.results.store import PartFile, PartMoved, replace_parts
from tlray.model import Tracklist

BATCH = "b"


def put(home: Home, stem: str, *sets: Tracklist, first_item: int = 0, is_published: bool = True) -> None:
    stage(LocalStore(home), BATCH, stem, [(key(first_item + i), s) for i, s in enumerate(sets)], b"")
    if is_published:
        LocalStore(home).publish(BATCH, stem)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path).create()
    put(home, "p2", a_set(1, title="C"), first_item=2)
    put(home, "p1", a_set(2, title="A"), a_set(0, title="B"))
    return home


def both() -> list[str]:
    return ["p2", "p1"]


def titles(home: Home, named: reader.NamedStems = both) -> list[str]:
    return [tracklist.title for tracklist in iter_tracklists(LocalStore(home), BATCH, named)]


def test_sets_come_part_by_part_with_their_tracks(home: Home) -> None:
    found = [(s.title, len(s.tracks)) for s in iter_tracklists(LocalStore(home), BATCH, both)]
    assert found == [("A", 2), ("B", 0), ("C", 1)]


def test_pandas_reads_the_folders_as_they_stand_and_load_reads_the_same(home: Home) -> None:
    tracklists, tracks = load(LocalStore(home), BATCH, both)
    pd.testing.assert_frame_equal(tracks, pd.read_parquet(home.results(BATCH) / "tracks"))
    pd.testing.assert_frame_equal(tracklists, pd.read_parquet(home.results(BATCH) / "tracklists"))
    assert tracks.groupby("set_title").size().to_dict() == {"A": 2, "C": 1}


def test_a_part_in_which_a_column_is_never_known_reads_like_any_other(home: Home) -> None:
    nothing = a_set(1, title="D", source_id=None, date=None, is_live=None, duration_s=None)
    put(home, "p3", nothing, first_item=9)
    assert len(pd.read_parquet(home.results(BATCH) / "tracks")) == 4
    assert list(iter_tracklists(LocalStore(home), BATCH, lambda: ["p1", "p2", "p3"]))[-1] == nothing


def test_a_part_that_counts_and_is_not_published_yet_is_read(home: Home) -> None:
    put(home, "p3", a_set(1, title="D"), first_item=9, is_published=False)
    (home.results(BATCH) / "tracks" / "p1.parquet").rename(
        LocalStore(home).staged(BATCH, "p1", PartFile.TRACKS)
    )
    assert titles(home, lambda: ["p1", "p2", "p3"]) == ["A", "B", "C", "D"]
    assert len(load(LocalStore(home), BATCH, lambda: ["p1", "p2", "p3"])[1]) == 4


def test_only_the_parts_that_the_manifest_names_are_read(home: Home) -> None:
    assert titles(home, lambda: ["p2"]) == ["C"]
    assert load(LocalStore(home), BATCH, lambda: ["p1"])[0]["title"].to_list() == ["A", "B"]


@pytest.mark.parametrize("made", [True, False])
def test_a_batch_without_parts_is_empty_with_every_column(tmp_path: Path, made: bool) -> None:
    home = Home(tmp_path)
    if made:
        LocalStore(home).publish(BATCH)
        assert len(pd.read_parquet(home.results(BATCH) / "tracks")) == 0
    tracklists, tracks = load(LocalStore(home), BATCH, list)
    assert (len(tracklists), len(tracks)) == (0, 0)
    assert (list(tracklists), list(tracks)) == (TRACKLISTS.names, TRACKS.names)
    assert titles(home, list) == []


def test_a_part_of_an_older_version_without_a_column_reads_as_null(home: Home) -> None:
    older = to_tables([(key(9), a_set(1, title="Old"))])
    for table, piece, without in zip(
        older, (PartFile.TRACKLISTS, PartFile.TRACKS), ("quality", "media_id"), strict=True
    ):
        pyarrow.parquet.write_table(
            table.drop_columns([without]), LocalStore(home).published(BATCH, "p0", piece)
        )
    assert titles(home, lambda: ["p0", *both()]) == ["Old", "A", "B", "C"]
    assert len(load(LocalStore(home), BATCH, lambda: ["p0", *both()])[0]) == 4


def test_a_part_of_the_older_schema_reads_and_its_cues_are_exact_to_the_second(home: Home) -> None:
    old = a_set(3, title="Old")
    old.tracks[0].cue_s, old.tracks[2].cue_s = 0.0, 61.5
    put(home, "p0", old, first_item=9)
    for piece in (PartFile.TRACKLISTS, PartFile.TRACKS):
        as_before_november_2026(LocalStore(home).published(BATCH, "p0", piece))
    named = lambda: ["p0", *both()]  # noqa: E731
    [first, *_] = iter_tracklists(LocalStore(home), BATCH, named)
    assert [t.cue_precision for t in first.tracks] == ["second", "unknown", "second"]
    assert {t.cue_text for t in first.tracks} == {t.played_at for t in first.tracks} == {None}
    assert (first.published, first.licence, first.media_type) == (None, None, None)
    tracklists, tracks = load(LocalStore(home), BATCH, named)
    assert (list(tracklists), list(tracks)) == (TRACKLISTS.names, TRACKS.names)
    assert list(tracks["cue_precision"][:3]) == ["second", "unknown", "second"]
    assert str(tracks["played_at"].dtype) == "datetime64[us, UTC]"
    assert len(pd.read_parquet(home.results(BATCH) / "tracks")) == 6  # old and new, as they stand


def test_a_part_that_is_nowhere_is_lost_and_not_passed_over(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAUSE_S", 0.0)
    LocalStore(home).published(BATCH, "p2", PartFile.TRACKS).unlink()
    with pytest.raises(PartMoved, match="part p2 of batch b cannot be read"):
        titles(home)
    with pytest.raises(PartMoved):
        load(LocalStore(home), BATCH, both)


@pytest.mark.parametrize("damage", [b"", b"no Parquet at all", b"PAR1" + bytes(50) + b"PAR1"])
def test_a_damaged_part_is_named(home: Home, damage: bytes) -> None:
    LocalStore(home).published(BATCH, "p2", PartFile.TRACKS).write_bytes(damage)
    with pytest.raises(CannotFinish, match="part p2 of batch b is damaged"):
        titles(home)


# -- read while the batch goes on


class Merging:
    """A manifest that is changed at a moment of the reading."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.names: Collection[str] = [f"p{i}" for i in range(4)]
        for number in range(4):
            put(home, f"p{number}", a_set(1, title=f"T{number}"), first_item=10 * number)

    def __call__(self) -> Collection[str]:
        return self.names

    def merge(self) -> None:
        """Make one part of the first three, and commit a new one."""
        put(self.home, "p0m", *[a_set(1, title=f"T{n}") for n in range(3)], is_published=False)
        _renumber(self.home, "p0m")
        put(self.home, "p4", a_set(1, title="T4"), first_item=40, is_published=False)
        self.names = ["p0m", "p3", "p4"]
        replace_parts(LocalStore(self.home), BATCH, ["p0", "p1", "p2"], "p0m")


def _renumber(home: Home, stem: str) -> None:
    """Give a staged part's items the numbers 0, 10, 20."""
    for piece in (PartFile.TRACKLISTS, PartFile.TRACKS):
        path = LocalStore(home).staged(BATCH, stem, piece)
        table = pyarrow.parquet.read_table(path)
        ids = pyarrow.array([10 * i for i in table.column("item_id").to_pylist()], pyarrow.int64())
        place = table.column_names.index("item_id")
        pyarrow.parquet.write_table(table.set_column(place, table.schema.field("item_id"), ids), path)


@pytest.mark.parametrize("n_read", range(4))
def test_every_set_comes_once_though_parts_are_merged_meanwhile(tmp_path: Path, n_read: int) -> None:
    manifest = Merging(Home(tmp_path).create())
    reading = iter_tracklists(LocalStore(manifest.home), BATCH, manifest)
    found = [next(reading).title for _ in range(n_read)]
    manifest.merge()
    found += [tracklist.title for tracklist in reading]
    wanted = {f"T{n}" for n in range(4)}
    assert len(found) == len(set(found))
    assert wanted <= set(found) <= wanted | {"T4"}


def test_a_frame_has_every_set_once_though_parts_are_merged_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = Merging(Home(tmp_path).create())
    read, n_calls = reader.read_tables, 0

    def merged_meanwhile(*arguments: str) -> object:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 2:
            manifest.merge()
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "read_tables", merged_meanwhile)
    tracklists, tracks = load(LocalStore(manifest.home), BATCH, manifest)
    assert sorted(tracklists["title"]) == sorted(tracks["set_title"]) == [f"T{n}" for n in range(5)]


def test_a_part_that_is_read_when_it_goes_is_read_to_its_end(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pyarrow.parquet.read_table

    def gone_meanwhile(*arguments: object, **options: object) -> object:
        LocalStore(home).delete(BATCH, both())
        return read(*arguments, **options)

    monkeypatch.setattr("tlray.io.results.part_tables.pq.read_table", gone_meanwhile)
    assert titles(home, lambda: ["p1"]) == ["A", "B"]


NULLABLE = {"number": "Int32", "parent": "Int32", "recording": "Int32", "is_live": "boolean"}


@pytest.mark.parametrize("known", ["all", "none", "some"])
def test_a_column_has_one_dtype_whatever_the_batch_holds(home: Home, known: str) -> None:
    first = a_set(1, title="D").tracks[0]
    numbers = [1, 2] if known == "all" else [None, None] if known == "none" else [None, 1]
    rows = [replace(first, index=i, number=n, parent=n, recording=n) for i, n in enumerate(numbers, 1)]
    sets = [replace(a_set(0, title="D", is_live=None if n is None else True), tracks=rows) for n in numbers]
    put(home, "p3", *sets, first_item=9)
    for name in ("p1", "p2"):
        for piece in ("tracklists", "tracks"):
            (home.results(BATCH) / piece / f"{name}.parquet").unlink()
    loaded = load(LocalStore(home), BATCH, lambda: ["p3"])
    empty = load(LocalStore(home), BATCH, list)
    for frame, none, piece in zip(loaded, empty, ("tracklists", "tracks"), strict=True):
        read = pd.read_parquet(home.results(BATCH) / piece)
        assert frame.dtypes.to_dict() == read.dtypes.to_dict() == none.dtypes.to_dict()
        told = {name: str(dtype) for name, dtype in frame.dtypes.items() if name in NULLABLE}
        assert told == {name: dtype for name, dtype in NULLABLE.items() if name in frame}
        assert str(frame["set_index"].dtype) == "int32"


def test_what_an_older_version_wrote_loads_with_the_same_dtypes(home: Home) -> None:
    before = [frame.dtypes.to_dict() for frame in load(LocalStore(home), BATCH, both)]
    for piece in (PartFile.TRACKLISTS, PartFile.TRACKS):
        path = LocalStore(home).published(BATCH, "p1", piece)
        table = pyarrow.parquet.read_table(path).replace_schema_metadata(None)
        pyarrow.parquet.write_table(table, path)
    assert [frame.dtypes.to_dict() for frame in load(LocalStore(home), BATCH, both)] == before
    assert [frame.dtypes.to_dict() for frame in load(LocalStore(home), BATCH, lambda: ["p1"])] == before
    assert len(pd.read_parquet(home.results(BATCH) / "tracks")) == 3
