"""A set survives the two tables whole, whatever is in it."""

from __future__ import annotations

import dataclasses
import math
import time
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlray.io.results import rows
from tlray.io.results.rows import ItemKey, from_tables, to_tables
from tlray.io.results.schema import TRACKLISTS, TRACKS
from tlray.model import CuePrecision, Identity, Track, TrackKind, Tracklist

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe_text = st.none() | text
texts = st.lists(text, max_size=3)
count = st.integers(0, 2**31 - 1)
seconds = st.none() | st.floats(allow_nan=False)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
tracks = st.builds(
    Track,
    index=count,
    number=st.none() | count,
    kind=st.sampled_from(TrackKind),
    parent=st.none() | count,
    section=maybe_text,
    recording=st.none() | count,
    cue_s=seconds,
    artist=text,
    title=text,
    labels=texts,
    identity=st.sampled_from(Identity),
    track_id=maybe_text,
    track_url=maybe_text,
    duration_s=seconds,
    genres=texts,
    artwork_url=maybe_text,
    media_id=maybe_text,
    text=text,
    cue_precision=st.sampled_from(CuePrecision),
    cue_text=maybe_text,
    played_at=st.none() | moments,
    catalogue_number=maybe_text,
)
tracklists = st.builds(
    Tracklist,
    url=text,
    site=text,
    source_id=maybe_text,
    page_url=maybe_text,
    page_id=maybe_text,
    title=text,
    date=st.none() | st.dates(),
    djs=texts,
    sources=texts,
    genres=texts,
    is_live=st.none() | st.booleans(),
    duration_s=seconds,
    recordings=texts,
    track_count=count,
    identified_count=count,
    cued_count=count,
    tracks=st.lists(tracks, max_size=4),
    quality=seconds,
    quality_issues=texts,
    parser=text,
    fetched_at=st.none() | moments,
    published=st.none() | st.dates(),
    licence=maybe_text,
    attribution=maybe_text,
    revision=maybe_text,
    media_type=maybe_text,
)


def a_track(index: int, **given_: Any) -> Track:
    known: dict[str, Any] = {
        "index": index,
        "number": index,
        "kind": TrackKind.MAIN,
        "artist": "A",
        "title": f"T{index}",
        "identity": Identity.IDENTIFIED,
        "text": f"A - T{index}",
    }
    return Track(**known | given_)


def a_set(n_tracks: int = 2, **given_: Any) -> Tracklist:
    known: dict[str, Any] = {
        "url": "https://example.com/1",
        "site": "example",
        "source_id": "1",
        "title": "Someone @ Somewhere",
        "date": date(2026, 5, 15),
        "djs": ["Someone"],
        "track_count": n_tracks,
        "identified_count": n_tracks,
        "cued_count": 0,
        "tracks": [a_track(i) for i in range(1, n_tracks + 1)],
        "parser": "example/1",
    }
    return Tracklist(**known | given_)


def key(item_id: int) -> ItemKey:
    return ItemKey("b1", item_id, f"example:{item_id}")


@given(st.lists(st.tuples(st.integers(0, 5), tracklists), max_size=6))
def test_any_sets_come_back_as_they_were(sets: list[tuple[int, Tracklist]]) -> None:
    tables = to_tables([(key(item_id), tracklist) for item_id, tracklist in sets])
    assert [t.schema for t in tables] == [TRACKLISTS, TRACKS]
    for table in tables:
        table.validate(full=True)
    assert list(from_tables(*tables)) == [tracklist for _, tracklist in sets]


def test_the_sets_of_one_page_are_numbered_from_nought_in_both_tables() -> None:
    tables = to_tables([(key(7), a_set(1)), (key(7), a_set(2)), (key(8), a_set(1))])
    assert tables[0]["set_index"].to_pylist() == [0, 1, 0]
    assert tables[1]["set_index"].to_pylist() == [0, 1, 1, 0]
    assert tables[1]["item_id"].to_pylist() == [7, 7, 7, 8]


def test_a_tracks_row_names_the_set_that_it_belongs_to() -> None:
    _, tracks_table = to_tables([(key(1), a_set(1)), (key(2), a_set(1, title="Other", date=None, djs=[]))])
    rows_ = tracks_table.select(["batch_id", "set_title", "set_date", "set_djs", "title"]).to_pylist()
    assert rows_ == [
        {
            "batch_id": "b1",
            "set_title": "Someone @ Somewhere",
            "set_date": date(2026, 5, 15),
            "set_djs": ["Someone"],
            "title": "T1",
        },
        {"batch_id": "b1", "set_title": "Other", "set_date": None, "set_djs": [], "title": "T1"},
    ]


def test_sets_find_their_tracks_in_any_order_of_the_rows() -> None:
    sets = [a_set(3, title="A"), a_set(0, title="B"), a_set(2, title="C")]
    tracklists_table, tracks_table = to_tables([(key(i), s) for i, s in enumerate(sets)])
    backwards = tracks_table.take(pa.array([4, 3, 2, 1, 0]))
    found = {s.title: sorted(t.index for t in s.tracks) for s in from_tables(tracklists_table, backwards)}
    assert found == {"A": [1, 2, 3], "B": [], "C": [1, 2]}
    torn = tracks_table.take(pa.array([0, 3, 1, 4, 2]))  # rows of two sets in turns
    assert list(from_tables(tracklists_table, torn)) == sets


def test_more_sets_than_are_made_at_once_come_back_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SETS_AT_ONCE", 3)
    sets = [a_set(i % 4, title=f"S{i}") for i in range(10)]
    assert list(from_tables(*to_tables([(key(i), s) for i, s in enumerate(sets)]))) == sets


def test_nan_is_null() -> None:
    tables = to_tables([(key(1), a_set(0, quality=math.nan, tracks=[a_track(1, cue_s=math.nan)]))])
    assert tables[0]["quality"].to_pylist() == [None]
    assert tables[1]["cue_s"].null_count == 1


def test_a_value_that_no_column_holds_costs_neither_the_page_nor_the_part() -> None:
    broken = a_track(1, title="half \ud83d pair", labels=["\ud83d"], number=2**40, recording=10**30)
    (back,) = from_tables(*to_tables([(key(1), a_set(2, tracks=[broken, a_track(2)]))]))
    assert dataclasses.asdict(back.tracks[0]) | {
        "title": "half ? pair",
        "labels": ["?"],
    } == dataclasses.asdict(back.tracks[0])
    assert (back.tracks[0].number, back.tracks[0].recording, back.tracks[1].number) == (None, None, 2)


def test_a_page_of_forty_tracks_costs_no_more_than_a_fraction_of_its_parsing() -> None:
    pages = [(key(i), a_set(40)) for i in range(64)]
    fastest = math.inf
    for _ in range(5):
        began = time.perf_counter()
        to_tables(pages)
        fastest = min(fastest, time.perf_counter() - began)
    assert fastest / len(pages) < 0.003  # measured: 0.00007; parsing is 0.003
