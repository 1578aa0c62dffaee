"""Where an export goes, and that it arrives whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from made_sets import a_set, a_track, cued

from tlray.errors import CannotFinish, StorageFull, UsageError
from tlray.export import formats
from tlray.io.export.files import Summary, write
from tlray.model import Tracklist


def export(
    sets: list[Tracklist] | Iterator[Tracklist], name: str, out: Path | str, **given: object
) -> Summary:
    return write(sets, formats.get(name), out, **given)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


TWO = [cued(0, 60), cued(0, 90, title="Other", source_id="b2")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("json", ["Other [b2].json", "Someone @ Somewhere [1pn8l919].json"]),
        ("csv", ["Other [b2].csv", "Someone @ Somewhere [1pn8l919].csv"]),
        ("cue", ["Other [b2].cue", "Someone @ Somewhere [1pn8l919].cue"]),
        ("jsonl", ["tracklists.jsonl"]),
        ("parquet", ["tracklists.parquet", "tracks.parquet"]),
    ],
)
def test_a_folder_gets_the_formats_files_and_nothing_else(
    tmp_path: Path, name: str, expected: list[str]
) -> None:
    summary = export(TWO, name, tmp_path / "new" / "out")
    assert names(tmp_path / "new" / "out") == expected
    assert sorted(p.name for p in summary.files) == expected
    assert (summary.n_sets, summary.n_files, summary.n_left_out) == (2, len(expected), 0)


@pytest.mark.parametrize("name", ["json", "jsonl", "csv", "parquet"])
def test_a_path_with_the_formats_suffix_is_one_file(tmp_path: Path, name: str) -> None:
    out = tmp_path / f"sets.{name}"
    summary = export(TWO, name, out)
    assert summary.files == [out]
    assert names(tmp_path) == [out.name]
    if name == "parquet":
        titles = pd.read_parquet(out)["title"].to_list()
    elif name == "csv":
        rows = csv.DictReader(out.read_text().splitlines())
        titles = list(dict.fromkeys(row["set_title"] for row in rows))
    else:
        text = out.read_text()
        sets = json.loads(text) if name == "json" else [json.loads(line) for line in text.splitlines()]
        titles = [s["title"] for s in sets]
    assert titles == ["Someone @ Somewhere", "Other"]


def test_a_folder_whose_name_ends_with_the_suffix_is_still_a_folder(tmp_path: Path) -> None:
    (tmp_path / "odd.json").mkdir()
    export(TWO, "json", tmp_path / "odd.json")
    assert len(names(tmp_path / "odd.json")) == 2


def test_a_cue_file_holds_exactly_one_sheet(tmp_path: Path) -> None:
    export([cued(0, 60)], "cue", tmp_path / "one.cue")
    assert (tmp_path / "one.cue").read_text().startswith("REM")
    with pytest.raises(UsageError, match="2 cue files do not fit one file; name a folder"):
        export(TWO, "cue", tmp_path / "two.cue")
    with pytest.raises(UsageError, match="nothing to write as cue: no row has a cue"):
        export([cued(None)], "cue", tmp_path / "none.cue")
    with pytest.raises(UsageError, match="there are no sets"):
        export([], "cue", tmp_path / "none.cue")
    assert names(tmp_path) == ["one.cue"]


def test_a_file_may_end_with_the_last_part_of_a_suffix(tmp_path: Path) -> None:
    export([cued(0, 60)], "podcasting", tmp_path / "one.json")
    export(TWO, "rekordbox", tmp_path / "LIBRARY.XML")
    export(TWO, "json", tmp_path / "my.chapters.json")
    assert names(tmp_path) == ["LIBRARY.XML", "my.chapters.json", "one.json"]
    with pytest.raises(
        UsageError, match=r"one\.xml ends with \.xml, but podcasting files end with \.chapters\.json"
    ):
        export(TWO, "podcasting", tmp_path / "one.xml")


def test_what_is_left_out_of_one_file_of_all_is_counted_too(tmp_path: Path) -> None:
    sets = [cued(0, None), cued(None)]
    for out in (tmp_path / "all.nml", tmp_path / "folder"):
        summary = export(sets, "traktor", out)
        assert [one.reason for one in summary.left_out] == [
            "1 row without a start: no cue",
            "no row has a cue",
        ]
    assert (summary.n_sets, summary.n_files, summary.n_left_out) == (2, 2, 2)


def test_sets_without_cues_are_counted_and_named(tmp_path: Path) -> None:
    summary = export([cued(None, title="Silent"), cued(0)], "cue", tmp_path)
    assert (summary.n_sets, summary.n_files, summary.n_left_out) == (2, 1, 1)
    assert summary.left_out[0].title == "Silent"


def test_a_dash_is_stdout() -> None:
    stdout = io.BytesIO()
    export(TWO, "jsonl", "-", stdout=stdout)
    assert len(stdout.getvalue().splitlines()) == 2
    with pytest.raises(UsageError, match="cannot go to stdout"):
        export(TWO, "parquet", "-", stdout=stdout)


def test_no_sets_are_an_empty_export_in_every_format(tmp_path: Path) -> None:
    for format_ in formats.all_formats():
        summary = export([], format_.name, tmp_path / format_.name)
        assert summary.n_sets == 0
    export([], "parquet", tmp_path / "none.parquet")
    assert len(pd.read_parquet(tmp_path / "parquet")) == 0
    assert "tracks" in pd.read_parquet(tmp_path / "none.parquet")


def broken() -> Iterator[Tracklist]:
    yield cued(0)
    yield cued(0, title="B")
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", formats.names())
@pytest.mark.parametrize("as_file", [True, False])
def test_nothing_half_done_stays_when_it_breaks_off(tmp_path: Path, name: str, as_file: bool) -> None:
    suffix = formats.get(name).suffix
    old = tmp_path / f"old{suffix}"
    old.write_text("old")
    for out in [old, tmp_path / "a" / f"new{suffix}"] if as_file else [tmp_path, tmp_path / "a" / "b"]:
        with pytest.raises(KeyboardInterrupt):
            export(broken(), name, out)
    assert names(tmp_path) == [old.name]
    assert old.read_text() == "old"


def test_what_stood_in_the_folder_before_stays_and_the_same_name_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    export([cued(0)], "cue", tmp_path)
    export([cued(0, 60)], "cue", tmp_path)
    assert names(tmp_path) == ["Someone @ Somewhere [1pn8l919].cue", "mine.txt"]
    assert "01:00:00" in (tmp_path / "Someone @ Somewhere [1pn8l919].cue").read_text()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("")
    (tmp_path / "link.json").symlink_to("real.json")
    export(TWO, "json", tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert len(json.loads((tmp_path / "real.json").read_text())) == 2


def test_a_file_in_the_way_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is no folder"):
        export(TWO, "json", tmp_path / "file")
    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        export(TWO, "json", tmp_path / "file" / "x.json")


def test_the_suffix_of_another_format_is_a_slip(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends with .csv, but json files end with .json"):
        export(TWO, "json", tmp_path / "x.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "full.json").symlink_to("/dev/full")
    with pytest.raises(StorageFull, match=r"full\.json is full"):
        export(TWO, "json", tmp_path / "full.json")
    (tmp_path / "full.parquet").symlink_to("/dev/full")
    with pytest.raises(UsageError, match="is no file"):
        export(TWO, "parquet", tmp_path / "full.parquet")
    assert not Path("/dev/full").is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_without_permission_is_an_error_that_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"):
        export(TWO, "json", tmp_path / "x.json")


def test_results_that_cannot_be_read_are_not_blamed_on_the_place(tmp_path: Path) -> None:
    def unreadable() -> Iterator[Tracklist]:
        yield cued(0)
        raise PermissionError(13, "Permission denied", "results/part-1.parquet")

    with pytest.raises(CannotFinish, match="results cannot be read"):
        export(unreadable(), "json", tmp_path)


def test_the_parquet_folder_joins_by_number_and_the_file_nests(tmp_path: Path) -> None:
    sets = [a_set(title="Trackless"), cued(0, None, 90), cued(0, title="Other")]
    export(sets, "parquet", tmp_path)
    joined = pd.read_parquet(tmp_path / "tracklists.parquet").merge(
        pd.read_parquet(tmp_path / "tracks.parquet"), on="set_number", suffixes=("", "_of_track")
    )
    assert joined["title"].to_list() == ["Someone @ Somewhere"] * 3 + ["Other"]
    export(sets, "parquet", tmp_path / "nested.parquet")
    nested = pd.read_parquet(tmp_path / "nested.parquet")
    assert [len(t) for t in nested["tracks"]] == [0, 3, 1]
    assert nested["tracks"][1][2]["cue_s"] == 90.0
    assert "batch_id" not in nested


def test_a_thousand_sets_keep_their_tracks_across_row_groups(tmp_path: Path) -> None:
    sets = (a_set(a_track(1, 0, title=f"T{i}"), title=f"S{i}") for i in range(1100))
    export(sets, "parquet", tmp_path / "many.parquet")
    read = pd.read_parquet(tmp_path / "many.parquet")
    assert [t[0]["title"] for t in read["tracks"]] == [f"T{i}" for i in range(1100)]
