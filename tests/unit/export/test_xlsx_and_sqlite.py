"""Excel and SQLite: types, bounds and the same bytes in every run; LibreOffice opens the workbook in ``tests/parts``."""

from __future__ import annotations

import errno
import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from made_sets import a_set, a_track, any_set, cued

from tlray.errors import StorageFull
from tlray.export.formats import get
from tlray.export.json_shape import plain
from tlray.export.safe_text import NO_CHARACTERS
from tlray.io.export import sqlite_file, xlsx_book
from tlray.io.export.files import write
from tlray.model import Tracklist

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FEW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])


def sheets(*sets: Tracklist) -> dict[str, list[dict[str, Any]]]:
    """The cells of each sheet by the name of their column, as they stand in the file."""
    with zipfile.ZipFile(BytesIO(b"".join(xlsx_book.book(sets)))) as archive:
        names = [e.get("name") for e in etree.fromstring(archive.read("xl/workbook.xml")).iter(f"{M}sheet")]
        return {
            name: _rows(etree.fromstring(archive.read(f"xl/worksheets/sheet{n}.xml")))
            for n, name in enumerate(names, 1)
        }


def _rows(root: Any) -> list[dict[str, Any]]:
    assert root.find(f"{M}sheetViews/{M}sheetView/{M}pane").get("state") == "frozen"
    assert not list(root.iter(f"{M}f", f"{M}hyperlink"))
    header, *rows = [
        {c.get("r").rstrip("0123456789"): _value(c) for c in row} for row in root.iter(f"{M}row")
    ]
    return [{header[column]: value for column, value in row.items()} for row in rows]


def _value(cell: Any) -> Any:
    if cell.get("t") == "inlineStr":
        return cell.findtext(f"{M}is/{M}t")
    assert cell.get("t") is None
    return float(cell.findtext(f"{M}v"))


def test_numbers_are_numbers_and_texts_are_texts() -> None:
    played = datetime(2026, 5, 15, 23, 30, tzinfo=UTC)
    tracks = [
        a_track(1, 60.5, title="=1+2", labels=["A", "B"], played_at=played),
        a_track(2, title="12", text="https://a.example"),
    ]
    found = sheets(a_set(*tracks, title="+1", quality=0.5), a_set(title="Old", date=date(1850, 1, 1)))
    one, old = found["tracklists"]
    assert (one["title"], one["quality"], one["track_count"], one["djs"]) == ("+1", 0.5, 2.0, "Someone")
    assert one["date"] == (date(2026, 5, 15) - date(1899, 12, 30)).days
    assert old["date"] == "1850-01-01"
    first, second = found["tracks"]
    assert (first["set_number"], first["set_title"], first["cue_s"], first["title"], first["labels"]) == (
        1,
        "+1",
        60.5,
        "=1+2",
        "A / B",
    )
    assert first["played_at"] == pytest.approx(one["date"] + 23.5 / 24)
    assert (second["title"], second["text"]) == ("12", "https://a.example")
    assert "cue_s" not in second


def test_a_full_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_book, "MAX_ROWS", 3)
    found = sheets(cued(*range(5)))
    assert {name: [row.get("index") for row in rows] for name, rows in found.items()} == {
        "tracklists": [None], "tracks": [1, 2], "tracks 2": [3, 4], "tracks 3": [5],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "n_kept"), [("x" * 32_767, 32_767), ("x" * 40_000, 32_766), ("😀" * 20_000, 16_383)]
)
def test_a_text_that_no_cell_holds_is_cut(text: str, n_kept: int) -> None:
    title = sheets(a_set(title=text))["tracklists"][0]["title"]
    assert title == (text if n_kept == len(text) else text[:n_kept] + "…")
    assert len(title.encode("utf-16-le")) <= 2 * 32_767


@FEW
@given(st.lists(any_set(max_tracks=4), max_size=2))
def test_any_sets_make_a_workbook_that_is_well_formed(sets: list[Tracklist]) -> None:
    found = sheets(*sets)
    assert [row["set_number"] for row in found["tracklists"]] == list(range(1, len(sets) + 1))
    assert len(found["tracks"]) == sum(len(made.tracks) for made in sets)


def opened(path: Path, *sets: Tracklist) -> sqlite3.Connection:
    path.write_bytes(b"".join(sqlite_file.database(sets)))
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    return db


def legal(value: Any) -> Any:
    """A value as the database has it: lists are JSON, and what is no character is another."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return NO_CHARACTERS.sub("\ufffd", text.replace("\0", "\ufffd")) if isinstance(text, str) else text


@FEW
@given(st.lists(any_set(max_tracks=4), max_size=3))
def test_any_sets_come_back_from_the_database(
    tmp_path_factory: pytest.TempPathFactory, sets: list[Tracklist]
) -> None:
    with closing(opened(tmp_path_factory.mktemp("sqlite") / "sets.sqlite", *sets)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        for number, (made, row) in enumerate(
            zip(sets, db.execute("SELECT * FROM tracklists ORDER BY set_number"), strict=True), 1
        ):
            shape = plain(made)
            tracks = shape.pop("tracks")
            assert dict(row) == {"set_number": number} | {name: legal(value) for name, value in shape.items()}
            rows = db.execute(
                'SELECT * FROM tracks WHERE set_number = ? ORDER BY "index"', (number,)
            ).fetchall()
            assert [dict(row) for row in rows] == [
                {"set_number": number} | {name: legal(value) for name, value in track.items()}
                for track in tracks
            ]


def test_the_database_is_indexed_and_its_lists_are_json(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "sets.sqlite", a_set(a_track(1, 0, labels=["A", "B"])))) as db:
        labels = db.execute("SELECT value FROM tracks, json_each(labels)").fetchall()
        assert [row[0] for row in labels] == ["A", "B"]
        for where in (
            "tracks WHERE set_number = 1",
            "tracks WHERE artist = 'a' AND title = 'b'",
            "tracks WHERE title = 'b'",
            "tracks WHERE track_id = 'x'",
            "tracklists WHERE site = 's' AND source_id = 'x'",
            "tracklists WHERE date > '2026'",
        ):
            plan = db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {where}").fetchone()["detail"]  # noqa: S608
            assert "USING INDEX" in plan, where


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(db: sqlite3.Connection, sets: object) -> None:
        db.execute("PRAGMA max_page_count = 1")
        db.execute("CREATE TABLE a (b)")
        db.execute("CREATE TABLE c (d)")

    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sqlite_file, "_write", full)
    monkeypatch.setattr("xlsxwriter.workbook.ZipFile", no_room)
    for name in ("sqlite", "xlsx"):
        with pytest.raises(StorageFull, match=r"\(TMPDIR\) is full"):
            write([cued(0)], get(name), tmp_path / f"out.{name}")
    assert list(tmp_path.iterdir()) == []
