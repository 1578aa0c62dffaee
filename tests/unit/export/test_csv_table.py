"""A table that a spreadsheet opens without harm and a program reads back."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import fields
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sets import a_set, a_track, any_set, cued

from tlray.export.csv_table import COLUMNS, TRACK_COLUMNS, defused, restored, together
from tlray.export.options import CsvOptions
from tlray.model import Track, Tracklist


def text_of(*sets: Tracklist, **chosen: Any) -> str:
    return b"".join(together(sets, CsvOptions(**chosen))).decode()


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
    assert defused(text) == "'" + text.replace("\t=", "\t’=")
    assert restored(defused(text)) == text


@pytest.mark.parametrize(
    "text", ["", "a=b", "Artist - Title", "1-2", "'quoted'", "#1", "日本", "a; b", "a,b=1", "x;'y"]
)
def test_what_it_would_not_run_stays_as_it_is(text: str) -> None:
    assert defused(text) == text == restored(text)


@pytest.mark.parametrize("separator", [";", ",", "|", "\t", "\n", "\r"])
@pytest.mark.parametrize("before", ["", " ", '"', "'", "’", "\"' \u200b", "\x01", "\u3000"])
@pytest.mark.parametrize("sign", "=+-@＝−")
def test_a_formula_behind_any_separator_is_none(separator: str, before: str, sign: str) -> None:
    text = f"Foo{separator}{before}{sign}1+2{separator}bar"
    assert defused(text) == f"Foo{separator}’{before}{sign}1+2{separator}bar"
    assert restored(defused(text)) == text


def test_a_long_row_of_separators_costs_no_time() -> None:
    text = "\t" * 1_000_000
    assert defused(text) == "'" + text
    assert restored("'" + text) == text
    assert len(defused(text + "=")) == 2_000_002


HAZARDS = st.text(st.sampled_from(";,|\t\r\n =+-@'’\"\u200b\0ab1"), max_size=12)


@given(HAZARDS)
def test_every_text_is_read_back_as_it_was(text: str) -> None:
    tracklist = a_set(a_track(1, 0, title=text))
    [row] = rows_of(tracklist)
    assert restored(row["title"]) == text
    assert restored(row["text"]) == tracklist.tracks[0].text
    frame = pd.read_csv(io.BytesIO(text_of(tracklist).encode()), keep_default_na=False, dtype=str)
    if "\0" not in text:
        assert restored(frame["title"][0]) == text


@given(st.lists(HAZARDS, min_size=3, max_size=3), st.sampled_from(";,|\t"), st.sampled_from(["'", '"', None]))
def test_no_cell_is_a_formula_at_any_separator_and_quote(
    texts: list[str], separator: str, quote: str | None
) -> None:
    track = a_track(1, 0, title=texts[0], artist=texts[1], text=texts[2])
    quoting: Any = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    lines = io.StringIO(text_of(a_set(track, title=texts[0])), newline="")
    for row in csv.reader(lines, delimiter=separator, **quoting):
        for cell in row:
            assert not cell.lstrip(" \t\r\n\u200b\0").startswith(tuple("=+-@"))


def test_excel_gets_its_byte_order_mark_on_demand() -> None:
    assert text_of(cued(0), bom=True).startswith("\ufeffurl,")
    assert text_of(cued(0)).startswith("url,")


@given(any_set())
def test_any_set_reads_back_cell_by_cell_and_no_cell_is_a_formula(tracklist: Tracklist) -> None:
    rows = rows_of(tracklist)
    assert len(rows) == len(tracklist.tracks)
    for row, track in zip(rows, tracklist.tracks, strict=True):
        assert tuple(row) == COLUMNS
        assert restored(row["title"]) == track.title.encode("utf-8", "replace").decode()
        finite = track.cue_s is not None and math.isfinite(track.cue_s)
        assert row["cue_s"] == (repr(track.cue_s) if finite else "")
        texts = [row[c] for c in COLUMNS if c not in {"cue_s", "duration_s", "set_duration_s"}]
        assert not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠")) for cell in texts)
