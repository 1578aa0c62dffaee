"""``tlray export --all --merged`` and ``tlray.load(merged=True)``: a row a performance, with the source of each field."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pyarrow.parquet as pq
import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track

import tlray
from tlray.cli import run
from tlray.core.model.merged import ROW_COLUMNS, SET_COLUMNS
from tlray.errors import UsageError
from tlray.export.csv_table import COLUMNS, MERGED_COLUMNS
from tlray.export.formats import all_formats
from tlray.model import CuePrecision, Tracklist

NAMES = "ABCDEF"
FIRST, SECOND = "1001tracklists:1", "mixesdb:m1"


def page(site: str, source_id: str, names: str = NAMES, *, cued: bool = False, **given: Any) -> Tracklist:
    tracks = [
        a_track(
            n, 60.0 * n if cued else None, artist=name, title=f"T{name}", labels=[] if cued else [f"={name}"],
            cue_precision=CuePrecision.SECOND if cued else CuePrecision.UNKNOWN,
        )
        for n, name in enumerate(names)
    ]  # fmt: skip
    for n, track in enumerate(tracks, 1):
        track.index = n
    return a_set(*tracks, site=site, source_id=source_id, url=f"https://{site}.test/{source_id}", **given)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with a performance of two sites, and a set that is on one only."""
    made = MadeHome(tmp_path / "home")
    made.batch(
        "b1", [page("1001tracklists", "1", cued=True)], [page("1001tracklists", "2", "XYZ", djs=["Other"])]
    )
    made.batch("b2", [page("mixesdb", "m1", "ABCDE", date=date(2026, 5, 16))])
    yield made.home.path
    made.close()


def exported(home: Path, out: Path) -> None:
    format_ = out.suffix.removeprefix(".") or "parquet"
    assert (
        run(["export", "--all", "--merged", "--format", format_, "--out", str(out), "--home", str(home)]) == 0
    )


def test_json_lines_say_where_each_field_comes_from(home: Path, tmp_path: Path) -> None:
    exported(home, tmp_path / "all.jsonl")
    alone, whole = map(json.loads, (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines())
    assert alone["merged_from"] == ["1001tracklists:2"]
    assert (whole["merged_from"], whole["sources_of"]["title"]) == ([FIRST, SECOND], FIRST)
    assert whole["tracks"][0]["sources_of"] == {"name": FIRST, "cue": FIRST, "labels": SECOND}
    assert whole["conflicts"] == [
        {"field": "date", "index": None, "values": {FIRST: "2026-05-15", SECOND: "2026-05-16"}}
    ]


def test_a_table_has_a_column_for_the_source_of_each_field_and_runs_nothing(
    home: Path, tmp_path: Path
) -> None:
    exported(home, tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    assert tuple(table[0]) == COLUMNS + MERGED_COLUMNS
    rows = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    row = next(row for row in rows if row["source_id"] == "1" and row["artist"] == "A")
    assert (row["labels"], row["labels_from"], row["cue_from"], row["section_from"]) == (
        "'=A",
        SECOND,
        FIRST,
        "",
    )
    assert (row["set_merged_from"], row["set_date_from"]) == (f"{FIRST} / {SECOND}", FIRST)
    assert row["set_conflicts"] == f"date: {FIRST} 2026-05-15, {SECOND} 2026-05-16"


def test_frames_and_parquet_say_the_same(home: Path, tmp_path: Path) -> None:
    tracklists, tracks = tlray.load(home=home, merged=True)
    exported(home, tmp_path / "folder")
    exported(home, tmp_path / "one.parquet")
    folder = [pd.read_parquet(tmp_path / "folder" / f"{name}.parquet") for name in ("tracklists", "tracks")]
    for ours, theirs in zip((tracklists, tracks), folder, strict=True):
        common = [name for name in theirs.columns if name != "set_number"]
        assert list(ours.columns[-3:]) == list(theirs.columns[-3:])
        pd.testing.assert_frame_equal(ours[common], theirs[common])
    assert set(tracks["labels_from"].dropna()) == {SECOND, "1001tracklists:2"}
    whole = tracklists[tracklists["source_id"] == "1"].iloc[0]
    assert list(whole["merged_from"]) == [FIRST, SECOND]
    (conflict,) = whole["conflicts"]
    assert (conflict["field"], list(conflict["values"])[1]) == (
        "date",
        {"source": SECOND, "value": "2026-05-16"},
    )
    nested = pq.read_table(tmp_path / "one.parquet").to_pylist()
    assert [row["title_from"] for row in nested] == list(tracklists["title_from"])
    assert nested[1]["tracks"][0]["labels_from"] == SECOND
    with pytest.raises(UsageError, match="leave out the batch"):
        tlray.load("b1", home=home, merged=True)


def test_a_database_and_a_workbook_have_the_columns_too(home: Path, tmp_path: Path) -> None:
    exported(home, tmp_path / "all.sqlite")
    exported(home, tmp_path / "all.xlsx")
    with closing(sqlite3.connect(tmp_path / "all.sqlite")) as db:
        found = db.execute(
            "SELECT merged_from, date_from, conflicts FROM tracklists WHERE source_id = '1'"
        ).fetchone()
        assert list(map(json.loads, (found[0], found[2]))) == [
            [FIRST, SECOND], [f"date: {FIRST} 2026-05-15, {SECOND} 2026-05-16"],
        ]  # fmt: skip
        assert db.execute("SELECT DISTINCT labels_from FROM tracks WHERE artist = 'A'").fetchall() == [
            (SECOND,)
        ]
    with ZipFile(tmp_path / "all.xlsx") as book:
        text = book.read("xl/worksheets/sheet1.xml").decode() + book.read("xl/worksheets/sheet2.xml").decode()
    assert all(f">{name}<" in text for name in (*SET_COLUMNS, *ROW_COLUMNS, SECOND))


@pytest.mark.parametrize("name", [format_.name for format_ in all_formats()])
def test_every_format_takes_it_and_writes_the_same_bytes_again(home: Path, tmp_path: Path, name: str) -> None:
    command = ["export", "--all", "--merged", "--format", name, "--home", str(home), "--out"]
    for out in ("one", "two"):
        assert run([*command, str(tmp_path / out)]) == 0
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / out).iterdir()} for out in ("one", "two"))
    assert one == two
    assert one
    assert run(command[:-1]) == 0
    assert (home / "exports" / "merged").exists()
