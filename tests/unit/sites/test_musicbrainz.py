"""MusicBrainz: a release by the JSON-LD of its page and by the web service; which of them is fetched."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.worker.request import refusal_of, request_for
from tlray.model import CuePrecision, PageKind, ParsedPage, Tracklist
from tlray.sites.musicbrainz import MusicBrainz
from tlray.sites.registry import parse_page

MBID = "6c4f766f-3351-4c10-a53d-b119452c27b2"
URL = f"https://musicbrainz.org/release/{MBID}"
ROBOTS = "User-agent: *\nCrawl-delay: 2\nDisallow: /ws\nDisallow: /recording/\n"
TRACKS = [
    ("Oto", "Tide", 244_000, 1),
    ("Mira Quell & Lio", "Dune", 300_500, 1),
    ("[unknown]", "[untitled]", 61_000, 2),
]


def credit(name: str) -> list[dict[str, Any]]:
    first, _, second = name.partition(" & ")
    joined = [{"name": first, "joinphrase": " & " if second else "", "artist": {"name": first, "id": "x"}}]
    return joined + (
        [{"name": second, "joinphrase": "", "artist": {"name": second, "id": "y"}}] if second else []
    )


def track(at: int, artist: str, title: str, length_ms: int | None) -> dict[str, Any]:
    recording = {
        "id": f"0000000{at}-0000-0000-0000-000000000000",
        "title": title,
        "length": length_ms,
        "isrcs": [f"GBX{at}"],
    }
    return {
        "position": at,
        "number": str(at),
        "title": title,
        "length": length_ms,
        "artist-credit": credit(artist),
        "recording": recording,
    }


def release(**changed: Any) -> bytes:
    media = [
        {"position": disc, "title": f"Night {disc}", "track-count": len(rows), "tracks": rows}
        for disc in (1, 2)
        if (rows := [track(at, *row[:3]) for at, row in enumerate((r for r in TRACKS if r[3] == disc), 1)])
    ]
    made = {
        "id": MBID,
        "title": "Pier Nights",
        "date": "2031-05-04",
        "text-representation": {},
        "release-events": [],
        "media": media,
        "artist-credit": [
            {
                "name": "Various Artists",
                "artist": {"id": "89ad4ac3-39f7-470e-963a-56509c546377"},
                "joinphrase": "",
            }
        ],
        "label-info": [{"catalog-number": "P1", "label": {"name": "Pier"}}],
        "release-group": {"secondary-types": ["DJ-mix"]},
        "relations": [{"type": "mix-DJ", "attributes": ["medium 2"], "artist": {"name": "Mira Quell"}}],
    }
    return json.dumps({**made, **changed}).encode()


def page(**changed: Any) -> bytes:
    rows = [
        {
            "@type": "MusicRecording",
            "@id": f"https://musicbrainz.org/recording/{at}",
            "name": title,
            "isrcCode": f"GBX{at}",
            "trackNumber": f"{disc}.{at}",
            "duration": f"PT0{ms // 60_000}M{ms % 60_000 // 1000:02}S",
        }
        for disc in (1, 2)
        for at, (_, title, ms, _) in enumerate((r for r in TRACKS if r[3] == disc), 1)
    ]
    thing = {
        "@context": "http://schema.org",
        "@type": "MusicRelease",
        "@id": f"http://musicbrainz.org/release/{MBID}",
        "name": "Pier Nights",
        "creditedTo": "Mira Quell & Lio",
        "track": rows,
        "recordLabel": [{"@type": "MusicGroup", "name": "Pier"}],
        "hasReleaseRegion": [{"@type": "CreativeWorkReleaseRegion", "releaseDate": "2031-05-04"}],
        "releaseOf": {
            "@type": "MusicAlbum",
            "hasAlbumProductionType": "http://schema.org/DJMixAlbum",
            "byArtist": [{"name": "Mira Quell"}, {"name": "Lio"}],
        },
    }
    script = f'<script type="application/ld+json">{json.dumps({**thing, **changed})}</script>'
    return f"<!DOCTYPE html><html><head><title>Release</title>{script}</head><body></body></html>".encode()


def only(body: bytes, url: str = "") -> Tracklist:
    found = parse_page(body, url=url)
    assert found.kind is PageKind.TRACKLIST, found.reason
    return found.tracklists[0]


def test_a_release_of_the_web_service() -> None:
    made = only(release(), URL)
    assert (made.site, made.source_id, made.url, made.page_url) == ("musicbrainz", MBID, URL, URL)
    assert (made.title, made.date, made.published, made.djs, made.sources) == (
        "Pier Nights",
        None,
        date(2031, 5, 4),
        ["Mira Quell"],
        ["Pier"],
    )
    assert (made.licence, made.attribution) == ("CC0-1.0", "MusicBrainz")
    assert made.quality_issues == ["mixed: medium 2 only"]
    assert [
        (t.artist, t.title, t.recording, t.number, t.section, t.cue_s, t.duration_s) for t in made.tracks
    ] == [
        ("Oto", "Tide", 1, 1, "Night 1", 0.0, 244.0),
        ("Mira Quell & Lio", "Dune", 1, 2, "Night 1", 244.0, 300.5),
        ("", "[untitled]", 2, 1, "Night 2", 0.0, 61.0),
    ]
    assert all(t.cue_precision is CuePrecision.SECOND and t.track_id and t.media_id for t in made.tracks)


def test_the_page_of_a_release_names_no_artists_of_a_mix_that_it_does_not_have() -> None:
    made = only(page(), URL)
    assert (made.site, made.source_id, made.page_url, made.parser) == (
        "musicbrainz",
        MBID,
        URL,
        "musicbrainz/1",
    )
    assert (made.djs, made.published, made.licence) == (["Mira Quell", "Lio"], date(2031, 5, 4), "CC0-1.0")
    assert [(t.artist, t.title, t.recording, t.cue_s) for t in made.tracks] == [
        ("", "Tide", 1, 0.0),
        ("", "Dune", 1, 244.0),
        ("", "[untitled]", 2, 0.0),
    ]
    assert {t.cue_precision for t in made.tracks} == {CuePrecision.SECOND}


def test_times_end_with_the_first_length_that_is_unknown() -> None:
    rows = [track(at, "A", f"T{at}", ms) for at, ms in enumerate([60_000, None, 60_000], 1)]
    made = only(release(media=[{"position": 1, "track-count": 3, "tracks": rows}]))
    assert [t.cue_s for t in made.tracks] == [0.0, 60.0, None]


def test_what_is_before_the_first_track_counts_in_its_time_and_data_tracks_do_not() -> None:
    medium = {
        "position": 1,
        "track-count": 1,
        "pregap": track(0, "Lio", "Hidden", 88_000),
        "tracks": [track(1, "Oto", "Tide", 1000)],
        "data-tracks": [track(2, "Oto", "Film", 9000)],
    }
    assert [(t.title, t.number, t.cue_s) for t in only(release(media=[medium])).tracks] == [
        ("Hidden", 0, 0.0),
        ("Tide", 1, 88.0),
    ]


def test_a_mix_of_one_track_has_its_list_in_the_annotation() -> None:
    annotation = "Tracklist:\n" + "\n".join(f"{n}. Oto {n} - Tide {n}" for n in range(1, 8))
    made = only(
        release(
            media=[{"track-count": 1, "tracks": [track(1, "Oto", "Mix", 3_600_000)]}], annotation=annotation
        )
    )
    assert made.track_count == 7


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"media": []}, "a release without tracks"),
        ({"media": [{"track-count": 5, "format": "CD"}]}, "rows 0 of 5"),
        ({"error": "Not Found"}, "Not Found"),
    ],
)
def test_a_release_without_its_tracks_is_none(changed: dict[str, Any], reason: str) -> None:
    found = parse_page(release(**changed), url=URL)
    assert (found.kind, found.reason) == (PageKind.UNKNOWN, reason)


def item(url: str, *terms: str) -> LeasedItem:
    return LeasedItem(1, "b1", "musicbrainz.org", url, "x", 1, terms=BatchConfig(api_terms=terms))


def test_the_web_service_is_fetched_only_where_its_terms_were_chosen() -> None:
    ws = f"https://musicbrainz.org/ws/2/release/{MBID.upper()}?fmt=json"
    for url in (URL, f"{URL}/cover-art", ws):
        assert MusicBrainz().canonical_url(url) == URL
        assert MusicBrainz().source_id(url) == MBID
        plain, chosen = request_for(item(url)), request_for(item(url, "musicbrainz"))
        assert plain is not None
        assert chosen is not None
        assert (plain.url, plain.by_terms) == (URL, False)
        assert (chosen.url.partition("?")[0], chosen.by_terms) == (
            f"https://musicbrainz.org/ws/2/release/{MBID}",
            True,
        )
        assert refusal_of(item(url), ROBOTS) is refusal_of(item(url, "musicbrainz"), ROBOTS) is None
    artist = "https://musicbrainz.org/recording/x"
    assert refusal_of(item(artist, "musicbrainz"), ROBOTS) is not None, "terms loosen nothing else"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "tracks",
                    "recording",
                    "length",
                    "artist-credit",
                    "name",
                    "title",
                    "artist",
                    "pregap",
                    "attributes",
                    "id",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(json.loads(release()))), JUNK)
def test_no_answer_breaks_the_parser(key: str, value: Any) -> None:
    for changed in (
        {key: value},
        {"media": [value, {"tracks": [value], "track-count": value}]},
        {"relations": [value], "annotation": value},
    ):
        assert isinstance(MusicBrainz().parse(release(**changed), url=""), ParsedPage)
