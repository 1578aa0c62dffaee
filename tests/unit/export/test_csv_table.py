"""A table that a spreadsheet opens without harm and a program reads back."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from made_sets import a_set, a_track, any_set, cued

from tlray.export.csv_table import COLUMNS, TRACK_COLUMNS, defused, together
from tlray.export.options import Options
from tlray.model import Track, Tracklist


def text_of(*sets: Tracklist, **chosen: Any) -> str:
    return b"".join(together(sets, Options(**chosen))).decode()


def rows_of(*sets: Tracklist) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(*sets), newline="")))


def test_every_field_of_a_track_is_a_column() -> None:
    assert tuple(f.name for f in fields(Track)) == TRACK_COLUMNS


def test_a_row_a_track_with_the_columns_of_its_set() -> None:
    first, second = rows_of(
        a_set(a_track(1, 0.5, labels=["STMPD", "TH3RD BRAIN"])), cued(None, title="Other")
    )
    assert first["set_title"] == "Someone @ Somewhere"
    assert first["set_date"] == "2026-05-15"
    assert first["set_genres"] == "House / Techno"
    assert first["labels"] == "STMPD / TH3RD BRAIN"
    assert first["cue_s"] == "0.5"
    assert first["kind"] == "main"
    assert (second["set_title"], second["cue_s"], second["parent"]) == ("Other", "", "")


def test_lines_end_as_rfc_4180_says_and_quotes_are_doubled() -> None:
    text = text_of(a_set(a_track(1, 0, title='The "Big", one\nhere')))
    assert text.count("\r\n") == 2
    assert '"The ""Big"", one\nhere"' in text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1+1",
        "\u00a0=1", "\u3000@x", "＝1", "＋1", "－1", "＠x",
        "\ufeff=1", "\u200b=1", " \u200b =1", '=HYPERLINK("http://x")', "-",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert defused(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=b", "Artist - Title", "1-2", "'quoted'", "#1", "日本"])
def test_what_it_would_not_run_stays_as_it_is(text: str) -> None:
    assert defused(text) == text


def test_excel_gets_its_byte_order_mark_on_demand() -> None:
    assert text_of(cued(0), bom=True).startswith("\ufeffurl,")
    assert text_of(cued(0)).startswith("url,")


@given(any_set())
def test_any_set_reads_back_cell_by_cell_and_no_cell_is_a_formula(tracklist: Tracklist) -> None:
    rows = rows_of(tracklist)
    assert len(rows) == len(tracklist.tracks)
    for row, track in zip(rows, tracklist.tracks, strict=True):
        assert tuple(row) == COLUMNS
        assert row["title"].removeprefix("'") in {
            t.encode("utf-8", "replace").decode() for t in (track.title, track.title.removeprefix("'"))
        }
        finite = track.cue_s is not None and math.isfinite(track.cue_s)
        assert row["cue_s"] == (repr(track.cue_s) if finite else "")
        texts = [row[c] for c in COLUMNS if c not in {"cue_s", "duration_s", "set_duration_s"}]
        assert not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠")) for cell in texts)
