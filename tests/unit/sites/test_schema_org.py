"""Pages that describe a set in schema.org's vocabulary: all syntaxes and shapes give the same rows; what is no set is none."""

from __future__ import annotations

import html
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.model import CuePrecision, PageKind, ParsedPage, Tracklist
from tlray.sites.registry import for_page, parse_page
from tlray.sites.schemaorg import SchemaOrg

URL = "https://shop.example/album/pier"
ROWS = [("Oto", "Tide (Ebb Mix)", 244.0), ("Mira Quell", "Dune", 300.0), ("Lio & Ana", "Lantern", 61.0)]


def recording(artist: str, title: str, length_s: float, *, spelled: str = "PT{m}M{s}S") -> dict[str, Any]:
    minutes, seconds = divmod(int(length_s), 60)
    return {
        "@type": "MusicRecording", "name": title, "byArtist": {"@type": "MusicGroup", "name": artist},
        "duration": spelled.format(h=0, m=minutes, s=seconds, all=int(length_s)), "@id": f"https://shop.example/{title[:4]}",
    }  # fmt: skip


def album(**changed: Any) -> dict[str, Any]:
    made = {
        "@context": "https://schema.org", "@type": "MusicAlbum", "@id": URL, "name": "Pier &amp; Quay", "numTracks": 3,
        "byArtist": {"@type": "Person", "name": "Mira Quell"}, "datePublished": "17 Jul 2031 00:00:00 GMT", "genre": ["Techno"],
        "track": [recording(*row) for row in ROWS],
    }  # fmt: skip
    return {**made, **changed}


def page(*documents: Any, head: str = 'type="application/ld+json"') -> bytes:
    scripts = "".join(
        f"<script {head}>{d if isinstance(d, str) else json.dumps(d)}</script>" for d in documents
    )
    head = f"<head><title>Shop</title><style>{'.' * 70_000}</style></head>"
    return f"<!DOCTYPE html><html>{head}<body>{scripts}</body></html>".encode()


def only(body: bytes, url: str = URL) -> Tracklist:
    found = parse_page(body, url=url)
    assert found.kind is PageKind.TRACKLIST, found.reason
    return found.tracklists[0]


def rows(made: Tracklist) -> list[tuple[str, str, float | None]]:
    return [(track.artist, track.title, track.duration_s) for track in made.tracks]


def test_an_album_in_json_ld_behind_a_long_head() -> None:
    made = only(page(album()))
    assert (made.site, made.source_id, made.page_url) == ("schema.org", "shop.example/album/pier", URL)
    assert (made.title, made.djs, made.genres, made.published, made.date) == (
        "Pier & Quay", ["Mira Quell"], ["Techno"], date(2031, 7, 17), None,
    )  # fmt: skip
    assert rows(made) == ROWS
    assert [(t.cue_s, t.cue_precision, t.number) for t in made.tracks] == [
        (0.0, CuePrecision.ESTIMATE, 1), (244.0, CuePrecision.ESTIMATE, 2), (544.0, CuePrecision.ESTIMATE, 3),
    ]  # fmt: skip
    assert (made.media_type, made.tracks[0].track_url) == ("text/html", "https://shop.example/Tide")
    assert rows(only(page(album()).decode().encode("utf-16"))) == ROWS


def items(*, wrapped: bool, reverse: bool = False) -> dict[str, Any]:
    elements: list[dict[str, Any]] = [
        {"@type": "ListItem", "position": n, "item": recording(*row)}
        if wrapped
        else {**recording(*row), "position": str(n)}
        for n, row in enumerate(ROWS, 1)
    ]
    return {
        "@type": "ItemList",
        "numberOfItems": 3,
        "itemListElement": elements[::-1] if reverse else elements,
    }


@pytest.mark.parametrize(
    "document",
    [
        album(track=items(wrapped=True)),
        album(track=items(wrapped=False, reverse=True)),
        album(track=None, tracks=[recording(*row) for row in ROWS]),
        album(**{"@type": ["MusicAlbum", "Product"]}, track=[recording(*row, spelled="P00H{m:02}M{s:02}S") for row in ROWS]),
        album(**{"@type": "http://schema.org/MusicPlaylist"}, track=[recording(*row, spelled="PT0{m}M0{s}S") for row in ROWS]),
        album(track=[{**recording(*row), "byArtist": row[0], "duration": row[2]} for row in ROWS]),
        album(track=[{**recording(*row, spelled="{m}:{s:02}"), "byArtist": [{"name": row[0]}]} for row in ROWS]),
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, album(**{"@type": "MusicRelease"})]},
        {"@type": "WebPage", "mainEntity": album()},
        [{"@type": "BreadcrumbList"}, album()],
        "<!-- " + json.dumps(album()) + " -->",
        json.dumps(album(description="x")).replace('"x"', '"a \\label \t tab"'),
    ],
)  # fmt: skip
def test_the_shapes_of_json_ld_in_the_wild(document: Any) -> None:
    assert rows(only(page(document))) == ROWS


def test_scripts_that_are_told_by_their_id_or_name_only() -> None:
    assert rows(only(page(album(), head="type=application/json id=schema:music-album"))) == ROWS
    assert rows(only(page(album(), head='type="application/json" name="schema:music-playlist"'))) == ROWS


def in_elements(type_name: str, *, rdfa: bool = False) -> bytes:
    prop = "property" if rdfa else "itemprop"

    def scope(name: str, of: str = "") -> str:
        return (f'{prop}="{of}" ' if of else "") + (
            f'typeof="{name}"' if rdfa else f'itemscope itemtype="https://schema.org/{name}"'
        )

    listed = "".join(
        f"<li {scope('MusicRecording', 'track')}><b><a {prop}=url href=https://shop.example/{n}>"
        f"<span {prop}=name>{html.escape(title)}</span></a></b> by <i {scope('MusicGroup', 'byArtist')}>"
        f"<meta {prop}=name content='{html.escape(artist)}'></i> <time {prop}=duration datetime=PT{int(length_s)}S>x</time></li>"
        for n, (artist, title, length_s) in enumerate(ROWS, 1)
    )
    vocabulary = "vocab=https://schema.org/" if rdfa else ""
    return (
        f"<html><body {vocabulary}><div {scope(type_name)}><h1 {prop}=name>Pier</h1><ol>{listed}</ol></div></body></html>"
    ).encode()


@pytest.mark.parametrize("rdfa", [False, True])
@pytest.mark.parametrize("name", ["MusicPlaylist", "MusicAlbum"])
def test_microdata_and_rdfa(name: str, rdfa: bool) -> None:
    made = only(in_elements(name, rdfa=rdfa))
    assert rows(made) == ROWS
    assert (made.title, made.tracks[1].track_url) == ("Pier", "https://shop.example/2")


def test_names_that_hold_the_artist_are_split_and_what_numbers_them_is_dropped() -> None:
    for prefix in ("", "A{n} - ", "{n:02}. ", "PIER01 {n:02} "):
        listed = [
            {"@type": "MusicRecording", "name": f"{prefix.format(n=n)}{a} - {t}"}
            for n, (a, t, _) in enumerate(ROWS, 1)
        ]
        label = {"name": "Pier Records"}
        made = only(page(album(track=listed, byArtist=label, publisher=label)))
        assert [(t.artist, t.title) for t in made.tracks] == [(a, t) for a, t, _ in ROWS]
        assert (made.djs, made.sources, made.cued_count) == ([], ["Pier Records"], 0)
    listed = [{"@type": "MusicRecording", "name": t} for _, t, _ in ROWS]
    label = {"name": "Pier Records"}
    made = only(page(album(name="Oto - Tides", track=listed, byArtist=label, publisher=label)))
    assert ({t.artist for t in made.tracks}, made.djs) == ({"Oto"}, ["Oto"])


@pytest.mark.parametrize(
    "changed",
    [
        {"@type": "MusicPlaylist"},
        {"albumProductionType": "https://schema.org/DJMixAlbum"},
        {"byArtist": None, "author": {"name": "Mira Quell"}},
    ],
)
def test_who_made_a_playlist_or_a_mix_is_not_the_artist_of_its_tracks(changed: dict[str, Any]) -> None:
    listed = [{"@type": "MusicRecording", "name": t} for _, t, _ in ROWS]
    made = only(page(album(track=listed, **changed)))
    assert ({t.artist for t in made.tracks}, made.djs) == ({""}, ["Mira Quell"])


def test_a_dj_mix_of_a_shop_loses_its_mark_and_discs_restart_the_time() -> None:
    listed = [
        {**recording(a, f"{t} (Mixed)", s), "trackNumber": f"{1 + n // 2}.{1 + n % 2}"}
        for n, (a, t, s) in enumerate(ROWS)
    ]
    made = only(page(album(track=listed)))
    assert rows(made) == ROWS
    assert [(t.recording, t.number, t.cue_s) for t in made.tracks] == [
        (1, 1, 0.0),
        (1, 2, 244.0),
        (2, 1, 0.0),
    ]


def test_one_length_that_is_missing_and_there_are_no_times() -> None:
    listed = [recording(*row) for row in ROWS]
    del listed[1]["duration"]
    assert [t.cue_s for t in only(page(album(track=listed))).tracks] == [None] * 3


def test_the_description_of_an_episode_holds_its_list() -> None:
    lines = "\n".join(f"{n}. {a} - {t}" for n, (a, t, _) in enumerate(ROWS * 2, 1))
    episode = {
        "@type": "PodcastEpisode", "name": "Pier 12", "description": f"Tracklist:\n{lines}", "datePublished": "2031-05-04",
        "partOfSeries": {"name": "Pier Radio"}, "associatedMedia": {"contentUrl": "https://shop.example/12.mp3"},
    }  # fmt: skip
    made = only(page(episode))
    assert (made.track_count, made.sources, made.published) == (6, ["Pier Radio"], date(2031, 5, 4))
    assert made.recordings == ["https://shop.example/12.mp3"]
    assert (
        parse_page(page({**episode, "description": "A fine hour.\nWith friends.\nAll of them."})).kind
        is PageKind.UNKNOWN
    )


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (album(numTracks=4), "rows 3 of 4"),
        (album(track=[recording(*ROWS[0])], numTracks=1), "1 recordings: too few for a set"),
        (album(track=[]), "no list of recordings"),
        (
            {"@type": "MusicGroup", "name": "Oto", "track": [recording(*row) for row in ROWS]},
            "no list of recordings",
        ),
        ('{"@type": "MusicAlbum", ', "no list of recordings"),
    ],
)
def test_what_is_no_set_is_told(document: Any, reason: str) -> None:
    found = parse_page(page(document), url=URL)
    assert (found.kind, found.reason) == (PageKind.UNKNOWN, reason)


def test_the_pages_own_list_counts_before_a_longer_one() -> None:
    other = album(
        **{"@id": "https://shop.example/other"}, track=[recording(*row) for row in ROWS * 2], numTracks=6
    )
    assert only(page(other, album())).track_count == 3


def test_a_document_of_json_ld_is_read_and_other_pages_are_left_alone() -> None:
    assert only(json.dumps(album()).encode(), "").media_type == "application/ld+json"
    for body in (
        b"<html><p>https://schema.org</p></html>",
        b'{"@type": "Product"}',
        b"<html>MusicAlbum</html>",
    ):
        assert for_page("", body) is None


KEYS = st.sampled_from([
    "@type", "@id", "track", "item", "itemListElement", "name", "byArtist", "duration", "position", "numTracks",
    "publisher", "description", "trackNumber",
])  # fmt: skip
JUNK = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["MusicAlbum", "PT1M", "1.2", URL]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None)
@given(JUNK, st.sampled_from(list(album())), JUNK)
def test_no_document_breaks_the_parser(junk: Any, key: str, value: Any) -> None:
    for document in (
        junk,
        album(**{key: junk}),
        album(track=[value, *map(dict, [ROWS and recording(*ROWS[0])])]),
    ):
        body = json.dumps(document).encode()
        assert isinstance(SchemaOrg().parse(body, url=""), ParsedPage)
        assert isinstance(SchemaOrg().parse(page(document), url=URL), ParsedPage)


TAGS = st.sampled_from([
    "<div itemscope", " itemtype=x/MusicAlbum", ">", "</div>", "<a itemprop=track", " itemprop='name url'", "text",
    " typeof=MusicAlbum", " property=track", "<meta", " content=1", "</a>", "<script type=application/ld+json>", "[",
    "</script>", " itemid=x", "<template>", "</template>",
])  # fmt: skip


@settings(deadline=None)
@given(st.lists(TAGS, max_size=60).map("".join))
def test_no_markup_breaks_the_parser(markup: str) -> None:
    assert isinstance(SchemaOrg().parse(markup.encode(), url=""), ParsedPage)


def test_documents_made_to_hang_do_not() -> None:
    deep: Any = {}
    for _ in range(300):
        deep = (
            {"track": [deep, deep], "@type": "MusicAlbum"}
            if len(json.dumps(deep)) < 100_000
            else {"track": [deep]}
        )
    wide = album(track=[recording(*ROWS[0])] * 30_000, numTracks=30_000)
    nested = b"<div itemscope itemtype=x/MusicAlbum itemprop=track>" * 15_000
    for body in (
        page(deep),
        page(wide),
        nested,
        b"[" * 1_000_000,
        page("[" * 100_000),
        b"<p typeof=x property=y>" * 15_000,
    ):
        assert SchemaOrg().parse(body, url="").kind is PageKind.UNKNOWN
