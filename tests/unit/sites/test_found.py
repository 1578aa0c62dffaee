"""Pages that list sets: categories, results of a search, the episodes of a show, the releases of an artist, feeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_mixes import MadeMix, explorer

from tlray.cli import run
from tlray.model import FoundSet, PageKind, ParsedPage
from tlray.sites.discogs import Discogs
from tlray.sites.mixesdb import MixesDB
from tlray.sites.nts import Nts
from tlray.sites.registry import parse_page

MIXES = [MadeMix(), MadeMix(title="2031-05-05 - Lio & Oto - Quay")]
ON_WIKI = [
    ("https://www.mixesdb.com/w/2031-05-04_-_Mira_Quell_-_Pier_Radio", MIXES[0].title),
    ("https://www.mixesdb.com/w/2031-05-05_-_Lio_%26_Oto_-_Quay", MIXES[1].title),
]
LINKS = "".join(
    f'<li><a href="/w/{mix.key.replace("&", "%26")}" title="{mix.title.replace("&", "&amp;")}">x</a></li>'
    for mix in MIXES * 2
)
CATEGORY = f"""<html><head><link href="//cdn-mixesdb.com"></head><body><div id="mw-content-text"><a href="/w/Help:Me">Help</a>
<div id="mw-pages">{LINKS}<a href="/w/Category:Oto?from=A">previous 200</a>
<a href="/w/Category:Oto?pagefrom=2031#mw-pages">next 200</a></div></div></body></html>"""
SEARCH = {"pages": [{"id": 1, "key": mix.key, "title": mix.title, "matched_title": None} for mix in MIXES]}
SEARCH["pages"].append({"id": 3, "key": "Category:Oto", "title": "Category:Oto"})
EPISODES = {
    "metadata": {"resultset": {"count": 30, "offset": 12, "limit": 12}},
    "results": [
        {"show_alias": "tide-hour", "episode_alias": f"tide-hour-{n}", "name": f"Tide Hour {n}"}
        for n in range(12)
    ],
}
RELEASES = {
    "pagination": {"urls": {"next": "https://api.discogs.com/artists/5/releases?page=2&per_page=100"}},
    "releases": [
        {"id": 7, "type": "master", "artist": "Oto", "title": "Tide", "resource_url": "https://api.discogs.com/masters/7"},
        {"id": 9, "type": "release", "artist": "Oto", "title": "Ebb", "resource_url": "https://api.discogs.com/releases/9"},
    ],
}  # fmt: skip


def pairs(page: ParsedPage) -> list[tuple[str, str]]:
    return [(one.url, one.title) for one in page.found]


def test_a_category_and_a_search_of_mixesdb_list_mixes_each_once() -> None:
    for url in ("https://www.mixesdb.com/w/Category:Oto", ""):
        category = parse_page(CATEGORY.encode(), url=url)
        assert (category.kind, category.reason, pairs(category)) == (
            PageKind.SEARCH,
            "a list of 2 mixes",
            ON_WIKI,
        )
        assert category.next_url == "https://www.mixesdb.com/w/Category:Oto?pagefrom=2031#mw-pages"
    search = parse_page(json.dumps(SEARCH).encode())
    assert (search.kind, pairs(search), search.next_url) == (PageKind.SEARCH, ON_WIKI, None)
    more = '<a href="https://www.mixesdb.com/w/MixesDB:Explorer/Mixes?offset=25#results">next 25</a><div data-explorer'
    listed = parse_page(explorer(*MIXES).replace(b"<div data-explorer", more.encode(), 1))
    assert (listed.kind, listed.next_url) == (
        PageKind.TRACKLIST, "https://www.mixesdb.com/w/MixesDB:Explorer/Mixes?offset=25#results",
    )  # fmt: skip


def test_a_show_of_nts_lists_its_episodes_and_goes_on() -> None:
    page = parse_page(json.dumps(EPISODES).encode(), url="https://www.nts.live/shows/tide-hour")
    assert page.kind is PageKind.SEARCH
    assert page.found[0] == FoundSet(
        "https://www.nts.live/shows/tide-hour/episodes/tide-hour-0", "Tide Hour 0"
    )
    assert (len(page.found), page.next_url) == (
        12, "https://www.nts.live/api/v2/shows/tide-hour/episodes?offset=24&limit=12",
    )  # fmt: skip
    EPISODES["metadata"]["resultset"]["count"] = 24  # type: ignore[call-overload]
    assert parse_page(json.dumps(EPISODES).encode(), url=page.next_url or "").next_url is None


def test_an_artist_of_discogs_lists_releases_and_goes_on() -> None:
    page = parse_page(json.dumps(RELEASES).encode())
    assert (page.kind, page.reason) == (PageKind.SEARCH, "a list of 2 releases")
    assert pairs(page) == [
        ("https://www.discogs.com/master/7", "Oto - Tide"),
        ("https://www.discogs.com/release/9", "Oto - Ebb"),
    ]
    assert page.next_url == RELEASES["pagination"]["urls"]["next"]  # type: ignore[call-overload]
    elsewhere = {**RELEASES, "pagination": {"urls": {"next": "https://evil.example/"}}}
    assert parse_page(json.dumps(elsewhere).encode()).next_url is None


@pytest.mark.parametrize(
    ("site", "url", "fetched"),
    [
        (MixesDB(), "https://www.mixesdb.com/w/index.php?search=Ben+UFO", "https://www.mixesdb.com/w/rest.php/v1/search/page?q=Ben%20UFO&limit=100"),
        (MixesDB(), "https://www.mixesdb.com/w/Category:Oto", "https://www.mixesdb.com/w/Category:Oto"),
        (Nts(), "https://www.nts.live/shows/Tide-Hour", "https://www.nts.live/api/v2/shows/tide-hour/episodes?offset=0&limit=12"),
        (Nts(), "https://www.nts.live/api/v2/shows/x/episodes?offset=12&limit=12", "https://www.nts.live/api/v2/shows/x/episodes?offset=12&limit=12"),
        (Discogs(), "https://www.discogs.com/artist/5-Oto", "https://api.discogs.com/artists/5/releases?page=1&per_page=100"),
        (Discogs(), "https://www.discogs.com/de/label/8-Pier", "https://api.discogs.com/labels/8/releases?page=1&per_page=100"),
        (Discogs(), "https://api.discogs.com/artists/5/releases?page=2&per_page=100", "https://api.discogs.com/artists/5/releases?page=2&per_page=100"),
        (Discogs(), "https://www.discogs.com/sell/list", None),
    ],
)  # fmt: skip
def test_lists_are_fetched_by_the_interfaces(
    site: MixesDB | Nts | Discogs, url: str, fetched: str | None
) -> None:
    assert site.fetch_url(url) == fetched


def test_parse_prints_what_a_page_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "category.html").write_text(CATEGORY)
    assert run(["parse", str(tmp_path / "category.html")]) == 3
    line = json.loads(capsys.readouterr().out)
    assert (line["kind"], line["tracklists"]) == ("search", [])
    assert [(one["url"], one["title"]) for one in line["found"]] == ON_WIKI
    assert line["next_url"].endswith("pagefrom=2031#mw-pages")
