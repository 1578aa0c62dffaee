"""MixesDB: the same mix as wikitext by REST in both markups of a list, as a page, and on a page of the Explorer."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_mixes import MadeMix, explorer

from tlray.model import CuePrecision, Identity, PageKind, Tracklist
from tlray.sites.mixesdb import MixesDB
from tlray.sites.registry import parse_page

SITE = "https://www.mixesdb.com/w/"
MIX = MadeMix()
TWO_FILES = MadeMix(
    title="2031-05-04 - Above & Beyond b2b Mira Quell @ The Pier, Aalborg (Pier Radio 12, 2031-06-01)",
    rows=(
        ";Part 1", "[00] Oto - Tide", "[46] Lio - Dune [[RE] SOURCES - RSCS022]", "...", ";Part 2",
        "[06] [[Korolova]] - Intro", "[1:12] '''Rewind 2…1999:''' Steve - Rein (X Remix) [Neo]",
        "[4?:??] ? - Untitled (B1)",
    ),
    files=("46:30", "1:20:00"),
    player="mode=multi\n |https://play.example/one\n |t1=Part 1\n |https://play.example/two",
    categories=("2031", "Above & Beyond", "Mira Quell", "House", "Pier Radio (Aalborg)", "Tracklist: incomplete"),
)  # fmt: skip


def rows(made: Tracklist) -> list[tuple[object, ...]]:
    return [
        (
            t.section,
            t.recording,
            t.cue_s,
            t.cue_text,
            t.artist,
            t.title,
            t.labels,
            t.catalogue_number,
            t.identity,
        )
        for t in made.tracks
    ]


def only(body: bytes, url: str = "") -> Tracklist:
    page = parse_page(body, url=url)
    assert page.kind is PageKind.TRACKLIST, page.reason
    (made,) = page.tracklists
    return made


def test_a_mix_by_rest_has_all_that_its_page_says() -> None:
    made = only(MIX.rest(), SITE + MIX.key)
    assert (made.site, made.source_id, made.page_id, made.revision) == ("mixesdb", MIX.key, "4711", "9001")
    assert (made.url, made.page_url, made.parser) == (SITE + MIX.key, SITE + MIX.key, "mixesdb/1")
    assert (made.title, made.date, made.djs, made.sources) == (
        MIX.title,
        date(2031, 5, 4),
        ["Mira Quell"],
        ["Pier Radio"],
    )
    assert (made.genres, made.is_live, made.duration_s, made.recordings) == (
        ["Techno"], False, 3723.0, ["https://play.example/one"],
    )  # fmt: skip
    assert (made.licence, made.attribution, made.media_type) == (
        "CC-BY-SA-3.0-US",
        "MixesDB",
        "application/json",
    )
    assert rows(made) == [
        (None, None, 0.0, "[00]", "Oto", "Tide", ["Pier"], "P 1", Identity.IDENTIFIED),
        (None, None, 420.0, "[07]", "Mira Quell", "Ebb (Oto Remix)", [], None, Identity.IDENTIFIED),
        (None, None, None, "[??]", "Lio", "Dune", [], None, Identity.IDENTIFIED),
        (None, None, 3660.0, "[61]", "?", "?", [], None, Identity.ID),
    ]
    assert [t.cue_precision for t in made.tracks if t.cue_s is not None] == [CuePrecision.MINUTE] * 3
    assert {"cue_minutes", "guessed"} <= set(made.quality_issues)


@pytest.mark.parametrize("mix", [MIX, TWO_FILES])
def test_both_markups_of_a_list_the_page_and_the_explorer_give_the_same_rows(mix: MadeMix) -> None:
    by_rest = only(mix.rest())
    assert by_rest.track_count
    assert rows(only(mix.rest(source=mix.wikitext(as_list=True)))) == rows(by_rest)
    page, listed = only(mix.page(), SITE + "x"), only(explorer(mix), SITE + "MixesDB:Explorer/Mixes")
    for other in (page, listed):
        assert rows(other) == rows(by_rest)
        assert (other.source_id, other.page_id, other.page_url) == (mix.key, "4711", by_rest.page_url)
        assert (other.title, other.date, other.djs, other.sources, other.genres) == (
            by_rest.title, by_rest.date, by_rest.djs, by_rest.sources, by_rest.genres,
        )  # fmt: skip
        assert other.duration_s == by_rest.duration_s
    assert listed.url == SITE + "MixesDB:Explorer/Mixes", "the item's, of which it is one set"


def test_a_mix_of_several_files_restarts_its_cues_with_each() -> None:
    made = only(TWO_FILES.rest())
    assert [(t.section, t.recording, t.cue_s) for t in made.tracks] == [
        ("Part 1", 1, 0.0), ("Part 1", 1, 2760.0), ("Part 2", 2, 360.0), ("Part 2", 2, 4320.0), ("Part 2", 2, None),
    ]  # fmt: skip
    assert (made.duration_s, made.recordings) == (
        None,
        ["https://play.example/one", "https://play.example/two"],
    )
    assert (made.djs, made.is_live) == (["Above & Beyond", "Mira Quell"], True)
    assert (made.sources, made.genres) == (["The Pier, Aalborg", "Pier Radio 12"], ["House"])
    assert {"gap", "incomplete"} <= set(made.quality_issues)
    assert (made.tracks[1].labels, made.tracks[1].catalogue_number) == (["[RE] SOURCES"], "RSCS022")
    assert made.tracks[2].artist == "Korolova"


def test_chapters_of_one_running_file_are_its_djs() -> None:
    mix = replace(MIX, rows=(";Oto", "[00] A - B", "[20] C - D", ";Guest", "[31] E - F", "[70] G - H"))
    made = only(mix.rest())
    assert [(t.section, t.recording, t.cue_s) for t in made.tracks] == [
        ("Oto", None, 0.0), ("Oto", None, 1200.0), ("Guest", None, 1860.0), ("Guest", None, 4200.0),
    ]  # fmt: skip


def test_a_page_that_says_it_has_no_list_is_an_answer_and_one_that_says_nothing_is_not() -> None:
    none = replace(MIX, rows=(), categories=("2031", "Mira Quell", "Tracklist: none"))
    made = only(none.rest())
    assert (made.track_count, made.tracks, made.djs) == (0, [], ["Mira Quell"])
    page = parse_page(replace(none, categories=("2031",)).rest())
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, "no list of tracks")


def test_a_title_without_a_day_has_no_date() -> None:
    made = only(replace(MIX, title="2031-05 - Mira Quell - Pier Radio").rest())
    assert made.date is None
    assert "date without a day" in made.quality_issues


@pytest.mark.parametrize(
    ("path", "key", "fetched"),
    [
        ("2031-05-04_-_Oto_-_Show", "2031-05-04_-_Oto_-_Show", "rest.php/v1/page/2031-05-04_-_Oto_-_Show"),
        ("2031-05-04%20-%20Oto%20-%20Show", "2031-05-04_-_Oto_-_Show", "rest.php/v1/page/2031-05-04_-_Oto_-_Show"),
        ("index.php?title=2031_-_oto_%26_Li_-_S", "2031_-_oto_&_Li_-_S", "rest.php/v1/page/2031_-_oto_%26_Li_-_S"),
        ("rest.php/v1/page/2031_-_Oto_-_S%3F", "2031_-_Oto_-_S?", "rest.php/v1/page/2031_-_Oto_-_S%3F"),
        ("2031_-_A/B_-_S", "2031_-_A/B_-_S", "2031_-_A/B_-_S"),
        ("rest.php/v1/page/2031_-_A%2FB_-_S", "2031_-_A/B_-_S", "2031_-_A/B_-_S"),
        ("Category:House", None, "Category:House"),
        ("MixesDB:Explorer/Mixes?do=mx&cat1=Oto", None, "MixesDB:Explorer/Mixes?do=mx&cat1=Oto"),
    ],
)  # fmt: skip
def test_a_mix_is_fetched_by_rest_but_for_a_key_with_a_slash(
    path: str, key: str | None, fetched: str
) -> None:
    site = MixesDB()
    assert site.source_id(SITE + path) == key
    assert site.fetch_url(SITE + path) == SITE + fetched
    assert site.source_id(site.canonical_url(SITE + path)) == key


def test_what_is_no_mix_is_told_apart() -> None:
    def kind(body: bytes, key: str = "2031_-_A_-_B") -> tuple[PageKind, str | None]:
        page = parse_page(body, url=SITE + key)
        return page.kind, page.reason

    gone = json.dumps({"errorKey": "rest-nonexistent-title", "httpCode": 404}).encode()
    assert kind(gone) == (PageKind.GONE, "rest-nonexistent-title")
    assert kind(gone, "rest.php/v1/page/2031_-_A/B_-_C")[0] is PageKind.UNKNOWN, (
        "REST finds no key with a slash"
    )
    assert kind(MIX.rest(source="#REDIRECT [[2031 - Oto - X]]")) == (
        PageKind.UNKNOWN,
        "a redirect to 2031 - Oto - X",
    )
    assert kind(MIX.rest(key="Help:Tracklists"))[0] is PageKind.SEARCH
    assert kind(MIX.rest()[:-9])[0] is PageKind.UNKNOWN
    html = '<html><body><div id="mw-content-text">{}</div></body></html>'
    assert kind(html.format("<p>Mixes of Oto</p>").encode(), "Category:Oto") == (
        PageKind.SEARCH,
        "a page that is no mix",
    )
    assert kind(html.format('<div class="noarticletext">none</div>').encode())[0] is PageKind.GONE
    assert kind(b"<html><title>Just a moment...</title></html>") == (PageKind.BLOCKED, "turnstile")
    assert kind(b"") == (PageKind.UNKNOWN, "empty")


PIECES = st.sampled_from([
    "== Tracklist ==\n", "==", "<list>", "</list>", "\n# ", "\n", "[00] ", "[??] ", ";Part 2\n", "...\n", "''", "'''",
    "{{Player|", "}}", "mode=multi", "|", "https://play.example/one", "{|", "\n|}", "\n|-\n", "\n! dur\n", "| 1:02:03",
    "[[Category:", "]]", "[[", "A - B", "<!--", "-->", "#REDIRECT [[x", "\x00", "\u202e", "é", "[Pier - P 1]",
    "== File details ==\n",
])  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(PIECES, max_size=80).map("".join), st.sampled_from(["source", "key", "title", "latest", "id"])
)
def test_no_wikitext_breaks_the_parser(text: str, field: str) -> None:
    MixesDB().parse(MIX.rest(source=text), url="")
    MixesDB().parse(MIX.rest(**{field: text}), url=SITE + MIX.key)
    MixesDB().parse(MIX.page().replace(b"<li>", text.encode(), 2), url="")
    MixesDB().parse(explorer(MIX).replace(b"explorer", text.encode(), 3), url="")


KEYS = st.sampled_from(["id", "key", "title", "source", "latest", "httpCode"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
)


@settings(deadline=None, max_examples=50)
@given(VALUES)
def test_no_json_breaks_the_parser(data: object) -> None:
    page = MixesDB().parse(b"{" + json.dumps(data).encode() + b"}", url="")
    assert page.kind is PageKind.UNKNOWN
    MixesDB().parse(
        json.dumps({"content_model": "wikitext", "source": data, "latest": data, "key": data}).encode(),
        url="",
    )


def test_markup_made_to_hang_does_not() -> None:
    for text in (
        "{{" * 100_000,
        "<list>" * 50_000,
        "[[Category:" * 50_000,
        "<!--" * 50_000,
        "== x " * 50_000,
        "{|\n" * 50_000,
    ):
        MixesDB().parse(MIX.rest(source="== Tracklist ==\n" + text), url="")


@pytest.mark.parametrize(
    "source",
    [
        "{{Player|" + " " * 60_000 + "https:x|" + "url" + " " * 60_000 + "}}",
        "== Tracklist ==\n" + "{{a b}}\n" * 60_000,
        "== Tracklist ==\n# A - B [" + " " * 60_000 + "]",
        "{|\n" + "|-\n" * 60_000,
    ],
)
def test_wikitext_made_to_hang_does_not(source: str) -> None:
    began = time.process_time()
    MixesDB().parse(MIX.rest(source=source), url="")
    assert time.process_time() - began < 10
