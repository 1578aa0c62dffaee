"""JSON that any reader takes, with the public names."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from made_sets import a_set, a_track, any_set, cued

from tlray.export import json_document, json_lines
from tlray.export.interface import NoOptions
from tlray.export.json_shape import dumps, dumps_by_row, plain
from tlray.model import Track, Tracklist


def document(*sets: Tracklist) -> Any:
    return strict(b"".join(json_document.together(sets, NoOptions())))


def strict(text: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_the_names_are_those_of_the_model() -> None:
    shape = plain(cued(0))
    assert list(shape) == [f.name for f in fields(Tracklist)]
    assert list(shape["tracks"][0]) == [f.name for f in fields(Track)]


def test_dates_are_iso_and_moments_are_utc() -> None:
    elsewhere = datetime(2026, 11, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))
    assert document(cued(0))[0]["date"] == "2026-05-15"
    assert document(cued(0))[0]["fetched_at"] == "2026-11-01T12:00:00.250000Z"
    assert document(cued(0, fetched_at=elsewhere))[0]["fetched_at"] == "2026-11-01T00:00:00Z"
    assert document(cued(0, fetched_at=None, date=None))[0]["date"] is None


def test_a_document_is_an_array_of_whatever_number_of_sets() -> None:
    assert [s["title"] for s in document(cued(0))] == ["Someone @ Somewhere"]
    assert [s["title"] for s in document(cued(0), cued(0, title="B"), cued(0, title="C"))] == [
        "Someone @ Somewhere",
        "B",
        "C",
    ]
    assert document() == []


def test_the_array_is_streamed_a_set_at_a_time() -> None:
    asked = []

    def endless() -> Any:
        while True:
            asked.append(1)
            yield cued(0)

    chunks = json_document.together(endless(), NoOptions())
    for _ in range(5):
        next(chunks)
    assert len(asked) <= 6


def test_names_are_written_as_they_are_not_escaped() -> None:
    assert "夜桜".encode() in dumps(a_set(a_track(1, title="夜桜")))


@given(any_set())
def test_any_set_is_a_line_that_reads_back(tracklist: Tracklist) -> None:
    (line,) = json_lines.together([tracklist], NoOptions())
    assert line.count(b"\n") == 1
    shape = strict(line)
    assert shape["title"] == tracklist.title.encode("utf-8", "replace").decode()
    assert len(shape["tracks"]) == len(tracklist.tracks)
    assert shape == strict(dumps_by_row(tracklist))


def test_nothing_in_json_drives_a_terminal_and_it_means_the_same() -> None:
    title = "a\x1b[2J\x9b\x7f\u202e\u2066\u2028 Имя"
    text = dumps(cued(0, title=title)).decode()
    assert not set("\x1b\x9b\x7f\u202e\u2066\u2028") & set(text)
    assert "Имя" in text
    assert json.loads(text)["title"] == title
