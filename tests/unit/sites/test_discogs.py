"""Discogs: releases by its interface; positions, discs, parts, medleys, credits."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.site_profile import politeness_key
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.worker.request import refusal_of
from tlray.model import CuePrecision, PageKind, ParsedPage, Track, TrackKind, Tracklist
from tlray.sites.discogs import Discogs
from tlray.sites.registry import parse_page

URL = "https://www.discogs.com/release/13835"


def artists(*names: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "anv": "", "join": join, "role": ""} for name, join in names]


def track(position: str, title: str, duration: str = "", by: str = "Oto (2)", **more: Any) -> dict[str, Any]:
    return {
        "position": position,
        "type_": "track",
        "title": title,
        "duration": duration,
        "artists": artists((by, "")),
        **more,
    }


def heading(title: str) -> dict[str, Any]:
    return {"position": "", "type_": "heading", "title": title, "duration": ""}


def release(*tracklist: dict[str, Any], **changed: Any) -> bytes:
    made = {
        "id": 13835,
        "title": "Pier Nation",
        "uri": URL,
        "resource_url": "https://api.discogs.com/releases/13835",
        "data_quality": "Correct",
        "artists": artists(("Various", "")),
        "released": "2031-05-04",
        "date_changed": "2031-06-01T00:00:00-07:00",
        "formats": [{"name": "CD", "qty": "2", "descriptions": ["Compilation", "Mixed"]}],
        "labels": [{"name": "Pier (3)", "catno": "P 1"}],
        "genres": ["Electronic"],
        "styles": ["Trance"],
        "tracklist": list(tracklist),
        "extraartists": [
            {"name": "Lio", "anv": "", "role": "Compiled By"},
            {"name": "Mira Quell (2)", "anv": "M. Quell*", "role": "DJ Mix"},
        ],
    }
    return json.dumps({**made, **changed}).encode()


def only(body: bytes, url: str = "") -> Tracklist:
    found = parse_page(body, url=url)
    assert found.kind is PageKind.TRACKLIST, found.reason
    return found.tracklists[0]


def rows(*tracklist: dict[str, Any], **changed: Any) -> list[Track]:
    return only(release(*tracklist, **changed)).tracks


def test_a_mixed_release() -> None:
    made = only(
        release(
            heading("CD1 - Lio"),
            track("1-01", "Tide", "3:12"),
            track("1-02", "Ebb", "1:02:03"),
            heading("CD2"),
            track("2-01", "Dune", "2:00", by="Unknown Artist"),
        ),
        URL,
    )
    assert (made.site, made.source_id, made.url, made.page_url) == ("discogs", "13835", URL, URL)
    assert (made.djs, made.sources, made.genres, made.published) == (
        ["M. Quell"],
        ["Pier"],
        ["Trance"],
        date(2031, 5, 4),
    )
    assert (made.licence, made.attribution, made.revision) == (
        "CC0-1.0",
        "Discogs",
        "2031-06-01T00:00:00-07:00",
    )
    assert made.quality_issues == []
    assert [
        (t.section, t.recording, t.number, t.artist, t.title, t.cue_s, t.duration_s) for t in made.tracks
    ] == [
        ("CD1 - Lio", 1, 1, "Oto", "Tide", 0.0, 192.0),
        ("CD1 - Lio", 1, 2, "Oto", "Ebb", 192.0, 3723.0),
        ("CD2", 2, 1, "", "Dune", 0.0, 120.0),
    ]
    assert {t.cue_precision for t in made.tracks} == {CuePrecision.ESTIMATE}


@pytest.mark.parametrize(
    ("positions", "discs", "numbers"),
    [
        (("1-01", "1-02", "2-01"), [1, 1, 2], [1, 2, 1]),
        (("1.01", "1.02", "2.01"), [1, 1, 2], [1, 2, 1]),
        (("CD1-1", "CD1-2", "CD2-1"), [1, 1, 2], [1, 2, 1]),
        (("A1", "A2", "B1"), [1, 1, 2], [1, 2, 1]),
        (("A", "B", "C"), [1, 2, 3], [None, None, None]),
        (("1.", "2.", "3."), [None] * 3, [1, 2, 3]),
        (("", "", ""), [None] * 3, [None] * 3),
    ],
)
def test_positions(positions: tuple[str, ...], discs: list[int | None], numbers: list[int | None]) -> None:
    found = rows(*(track(position, f"T{n}", "1:00") for n, position in enumerate(positions)))
    assert [t.recording for t in found] == discs
    assert [t.number for t in found] == numbers


def test_parts_of_one_position_without_a_length_are_played_with_the_first() -> None:
    found = rows(
        track("2.11", "Ebb", "2:00"),
        track("2.12A", "Tide", "3:28"),
        track("2.12B", "Dune"),
        track("2.13", "End", "1:00"),
    )
    assert [(t.kind, t.parent, t.number, t.cue_s) for t in found] == [
        (TrackKind.MAIN, None, 11, 0.0),
        (TrackKind.MAIN, None, 12, 120.0),
        (TrackKind.WITH, 2, None, None),
        (TrackKind.MAIN, None, 13, 328.0),
    ]
    found = rows(track("5a", "One", "1:00"), track("5b", "Two", "1:00"))
    assert [t.kind for t in found] == [TrackKind.MAIN, TrackKind.MAIN]


def test_more_numbers_before_the_point_than_discs_are_tracks_of_parts() -> None:
    one_disc = [{"name": "CD", "qty": "1", "descriptions": ["Mixed"]}]
    found = rows(
        track("1.01", "Intro", "1:01"),
        track("1.02", "Tide"),
        track("2.01", "Dune", "0:45"),
        track("3", "Ebb", "1:00"),
        formats=one_disc,
    )
    assert [(t.kind, t.number, t.recording, t.cue_s) for t in found] == [
        (TrackKind.MAIN, 1, None, 0.0),
        (TrackKind.WITH, None, None, None),
        (TrackKind.MAIN, 2, None, 61.0),
        (TrackKind.MAIN, 3, None, 106.0),
    ]


def test_times_end_with_the_first_blank_and_there_are_none_without_lengths() -> None:
    assert [t.cue_s for t in rows(track("1", "A", "1:00"), track("2", "B"), track("3", "C", "1:00"))] == [
        0.0,
        60.0,
        None,
    ]
    assert [t.cue_s for t in rows(track("1", "A"), track("2", "B"))] == [None, None]


def test_a_track_of_several_parts() -> None:
    parts = [
        {"position": "1a", "type_": "track", "title": "Rise", "duration": ""},
        {"position": "1b", "title": "Fall", "duration": "4:00"},
    ]
    whole = {
        "position": "",
        "type_": "index",
        "title": "Suite",
        "duration": "9:00",
        "artists": artists(("Lio", "")),
        "sub_tracks": parts,
    }
    found = rows(whole, track("2", "Ebb", "1:00"))
    assert [(t.kind, t.parent, t.artist, t.title, t.cue_s) for t in found] == [
        (TrackKind.MAIN, None, "Lio", "Suite", 0.0),
        (TrackKind.MASHUP_PART, 1, "Lio", "Rise", None),
        (TrackKind.MASHUP_PART, 1, "Lio", "Fall", None),
        (TrackKind.MAIN, None, "Oto", "Ebb", 540.0),
    ]


def test_credits_are_joined_as_printed() -> None:
    by = [
        *artists(("Oto (2)", "Vs."), ("Lio*", ","), ("Ana", "Feat.")),
        {"name": "Mira Quell (3)", "anv": "M.Q.", "join": ""},
    ]
    (found,) = rows(track("1", "Tide", artists=by))
    assert found.artist == "Oto Vs. Lio, Ana Feat. M.Q."


def test_an_album_of_one_artist_and_a_master() -> None:
    bare = {"position": "1", "type_": "track", "title": "Tide", "duration": "1:00"}
    made = only(release(bare, artists=artists(("Oto (2)", "")), extraartists=[], formats=[], main_release=5))
    assert (made.djs, made.tracks[0].artist, made.source_id) == (["Oto"], "Oto", "master-13835")
    assert made.page_url == "https://www.discogs.com/master/13835"
    assert made.quality_issues == ["not marked as mixed"]


@pytest.mark.parametrize(
    ("path", "source_id", "fetched"),
    [
        ("/release/13835-Various-Pier-Nation", "13835", "releases/13835"),
        ("/de/release/13835", "13835", "releases/13835"),
        ("/Various-Pier-Nation/release/13835", "13835", "releases/13835"),
        ("/master/77-Oto-Tide", "master-77", "masters/77"),
        ("/artist/5-Oto", None, "artists/5/releases?page=1&per_page=100"),
        ("/release/stats/13835", None, None),
        ("/sell/release/13835", "13835", "releases/13835"),
    ],
)
def test_pages_are_read_by_the_interface_and_no_other_page_is_fetched(
    path: str, source_id: str | None, fetched: str | None
) -> None:
    site, url = Discogs(), f"https://www.discogs.com{path}"
    assert site.source_id(url) == source_id
    assert site.fetch_url(url) == (fetched and f"https://api.discogs.com/{fetched}")
    assert site.source_id(site.canonical_url(url)) == source_id
    refused = refusal_of(LeasedItem(1, "b", "api.discogs.com", url, "x", 1), "")
    assert (refused is None) == (fetched is not None)


def test_the_pages_share_the_interfaces_bucket_and_robots_txt() -> None:
    assert (
        politeness_key("www.discogs.com")
        == politeness_key("discogs.com")
        == politeness_key("api.discogs.com")
        == "api.discogs.com"
    )
    policy = PolitenessOptions().policy("api.discogs.com")
    assert (round(policy.rate * 60), policy.concurrency) == (25, 1)


def test_what_is_no_release_is_told() -> None:
    def kind(body: bytes) -> tuple[PageKind, str | None]:
        found = parse_page(body, url=URL)
        return found.kind, found.reason

    assert kind(b'{"message": "Release not found."}') == (PageKind.GONE, "Release not found.")
    assert kind(b'{"message": "You are making requests too quickly."}')[0] is PageKind.UNKNOWN
    assert kind(b'{"id": 5, "name": "Oto"}')[0] is PageKind.SEARCH
    assert kind(release(heading("CD1"))) == (PageKind.UNKNOWN, "a release without tracks")
    assert kind(release()[:-4])[0] is PageKind.UNKNOWN


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["1.01", "A1", "3:12", "index", "heading", "2.12B"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "position",
                    "type_",
                    "title",
                    "duration",
                    "artists",
                    "sub_tracks",
                    "name",
                    "anv",
                    "join",
                    "role",
                    "qty",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=14,
)


@settings(deadline=None)
@given(st.lists(JUNK, max_size=4), st.sampled_from(sorted(json.loads(release()))), JUNK)
def test_no_answer_breaks_the_parser(tracklist: list[Any], key: str, value: Any) -> None:
    assert isinstance(Discogs().parse(release(*tracklist), url=""), ParsedPage)
    assert isinstance(Discogs().parse(release(track("1", "A"), **{key: value}), url=""), ParsedPage)
