"""NTS: episodes by its interface; a missing list is a throttle, an empty one is an answer."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.response import Fetched
from tlray.io.worker.classify import read_page
from tlray.model import CuePrecision, Identity, PageKind, ParsedPage, Tracklist
from tlray.sites.nts import Nts
from tlray.sites.registry import parse_page

URL = "https://www.nts.live/shows/tide-hour/episodes/tide-hour-4th-may-2031"
ROWS: list[dict[str, Any]] = [
    {
        "artist": "Oto",
        "title": "Tide\u00a0One",
        "uid": "u1",
        "offset": 20,
        "duration": 205,
        "isrc_id": "GBX12",
        "acr_id": "a",
        "musicbrainz_track_id": "m1",
    },
    {
        "artist": "Lio",
        "title": "Dune",
        "uid": "u2",
        "offset": None,
        "offset_estimate": 225,
        "duration_estimate": 217,
    },
    {"artist": "", "title": "", "uid": "u3"},
]


def episode(**changed: Any) -> bytes:
    made = {
        "status": "published",
        "name": "Tide Hour w/ Lio",
        "show_alias": "tide-hour",
        "episode_alias": "tide-hour-4th-may-2031",
        "broadcast": "2031-05-04T23:30:00+00:00",
        "updated": "2031-05-06T00:00:00Z",
        "mixcloud": "https://www.mixcloud.com/x/",
        "audio_sources": [{"url": "https://soundcloud.com/x", "source": "soundcloud"}],
        "location_short": "LDN",
        "genres": [{"id": "a", "value": "Hip Hop "}, {"id": "b", "value": "Dub"}],
        "embeds": {},
        "tracklist": {"metadata": {"resultset": {"count": 3, "offset": 0, "limit": 3}}, "results": ROWS},
    }
    return json.dumps({key: value for key, value in {**made, **changed}.items() if value is not ...}).encode()


def only(body: bytes, url: str = URL) -> Tracklist:
    found = parse_page(body, url=url)
    assert found.kind is PageKind.TRACKLIST, found.reason
    return found.tracklists[0]


def test_an_episode() -> None:
    made = only(episode())
    assert (made.site, made.source_id, made.url) == ("nts", "tide-hour/tide-hour-4th-may-2031", URL)
    assert (made.title, made.date, made.djs, made.sources, made.genres) == (
        "Tide Hour w/ Lio",
        date(2031, 5, 4),
        ["Tide Hour"],
        ["NTS"],
        ["Hip Hop", "Dub"],
    )
    assert made.recordings == ["https://www.mixcloud.com/x/", "https://soundcloud.com/x"]
    assert [
        (t.artist, t.title, t.cue_s, t.cue_precision, t.duration_s, t.media_id, t.identity)
        for t in made.tracks
    ] == [
        ("Oto", "Tide One", 20.0, CuePrecision.SECOND, 205.0, "GBX12", Identity.IDENTIFIED),
        ("Lio", "Dune", 225.0, CuePrecision.ESTIMATE, 217.0, None, Identity.IDENTIFIED),
        ("", "", None, CuePrecision.UNKNOWN, None, None, Identity.ID),
    ]
    assert [t.track_id for t in made.tracks] == ["m1", "u2", "u3"]
    assert (made.attribution, made.licence, made.revision) == ("NTS Radio", None, "2031-05-06T00:00:00Z")


@pytest.mark.parametrize(
    "changed", [{"tracklist": ROWS}, {"tracklist": ..., "embeds": {"tracklist": {"results": ROWS}}}]
)
def test_lists_in_other_places(changed: dict[str, Any]) -> None:
    assert only(episode(**changed)).track_count == 3


def test_the_rows_alone_are_a_set_too() -> None:
    made = only(
        json.dumps({"results": ROWS, "metadata": {}}).encode(),
        f"{URL.replace('/shows', '/api/v2/shows')}/tracklist",
    )
    assert (made.source_id, made.track_count) == ("tide-hour/tide-hour-4th-may-2031", 3)


def test_a_missing_list_is_a_throttle_and_an_empty_one_an_answer() -> None:
    throttled = episode(tracklist=...)
    assert parse_page(throttled, url=URL) == ParsedPage(PageKind.BLOCKED, "throttled")
    item = LeasedItem(1, "b1", "nts.live", URL, "nts:x", 1)
    page = Fetched(
        url=URL,
        kind=None,
        started_at=0,
        latency_s=0,
        status=200,
        body=throttled,
        has_page=True,
        content_type="application/json",
    )
    assert read_page(item, page)[0].kind is OutcomeKind.THROTTLED
    assert only(episode(tracklist={"results": []})).track_count == 0
    soon = parse_page(episode(tracklist=..., status="pending"), url=URL)
    assert (soon.kind, soon.reason) == (PageKind.UNKNOWN, "not broadcast yet")


def test_half_a_list_is_none() -> None:
    half = {"metadata": {"resultset": {"count": 30}}, "results": ROWS}
    assert parse_page(episode(tracklist=half), url=URL).reason == "rows 3 of 30"
    assert parse_page(b'{"results": [{"channel_name": "1"}]}', url=URL).kind is PageKind.SEARCH


def test_a_saved_page() -> None:
    row = (
        '<li class="track"><span class="track__artist track__artist--mobile">{0}</span><span class="track__artist">{0}</span>'
        '<span class="track__title">{1}</span></li>'
    )
    head = f'<head><meta property="og:url" content="{URL}"></head>'
    body = f"<html>{head}<h1>Tide Hour</h1><ul>{row.format('Oto', 'Tide')}</ul></html>"
    made = only(body.encode(), "")
    assert [(t.artist, t.title, t.cue_s) for t in made.tracks] == [("Oto", "Tide", None)]
    assert (made.source_id, made.media_type) == ("tide-hour/tide-hour-4th-may-2031", "text/html")


def test_an_episode_is_fetched_by_the_interface() -> None:
    site = Nts()
    for url in (
        URL,
        f"{URL}/",
        URL.replace("/shows/", "/api/v2/shows/"),
        URL.replace("tide-hour/", "TIDE-HOUR/"),
    ):
        assert site.canonical_url(url) == URL
        assert (
            site.fetch_url(url)
            == "https://www.nts.live/api/v2/shows/tide-hour/episodes/tide-hour-4th-may-2031"
        )
    show = "https://www.nts.live/shows/tide-hour"
    assert site.source_id(show) is None


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["results", "metadata", "resultset", "count", "artist", "offset", "href", "url"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.sampled_from([*json.loads(episode()), "links", "broadcast_title"]), JUNK)
def test_no_answer_breaks_the_parser(key: str, value: Any) -> None:
    assert isinstance(Nts().parse(episode(**{key: value}), url=""), ParsedPage)
    assert isinstance(Nts().parse(episode(tracklist={"results": [value]}), url=URL), ParsedPage)
    assert isinstance(Nts().parse(json.dumps({key: value}).encode(), url=""), ParsedPage)
