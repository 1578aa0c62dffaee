"""Pages that list sets: categories, results of a search, the episodes of a show, the releases of an artist, feeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_feeds import item, rss
from made_mixes import MadeMix, explorer

from tlray.cli import run
from tlray.model import FoundSet, PageKind, ParsedPage
from tlray.sites.discogs import Discogs
from tlray.sites.mixesdb import MixesDB
from tlray.sites.nts import Nts
from tlray.sites.registry import parse_page
from tlray.sites.tracklists1001 import Tracklists1001

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
<div id="mw-pages">{LINKS}<a href="/w/Nextmen">Nextmen</a><a href="/w/Next_Page?from=2">Next Pageant</a>
<a href="/w/Category:Oto?from=A">previous 200</a>
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


@pytest.mark.parametrize(
    ("text", "href", "goes_on"),
    [
        ("next page", "/w/index.php?title=Category:Oto&amp;pagefrom=2031#mw-pages", True),
        ("next 1,000", "/w/MixesDB:Explorer/Mixes?do=mx&amp;offset=1000", True),
        ("Next \u203a", "/w/Category:Oto?pagefrom=2031", True),
        ("next 200", "/w/Category:Oto", False),
        ("Next", "/w/Next", False),
        ("Next to Nothing", "/w/Next_to_Nothing?from=1", False),
    ],
)
def test_only_a_link_that_pages_leads_on(text: str, href: str, goes_on: bool) -> None:
    link = f'<a href="{href}">{text}</a></div></div></body>'
    body = CATEGORY.rpartition('<a href="/w/Category:Oto?pagefrom')[0] + link
    found = parse_page(body.encode(), url="https://www.mixesdb.com/w/Category:Oto").next_url
    assert found == ("https://www.mixesdb.com" + href.replace("&amp;", "&") if goes_on else None)


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


def test_a_site_on_another_host_lists_pages_of_that_host() -> None:
    demo = "http://127.0.0.1:8123"
    category = parse_page(CATEGORY.encode(), url=f"{demo}/w/Category:Oto")
    assert [one.url for one in category.found] == [
        url.replace("https://www.mixesdb.com", demo) for url, _ in ON_WIKI
    ]
    assert category.next_url == f"{demo}/w/Category:Oto?pagefrom=2031#mw-pages"
    search = parse_page(json.dumps(SEARCH).encode(), url=f"{demo}/w/rest.php/v1/search/page?q=oto")
    assert search.found == category.found
    show = parse_page(json.dumps(EPISODES).encode(), url=f"{demo}/api/v2/shows/tide-hour/episodes")
    assert show.found[0].url == f"{demo}/shows/tide-hour/episodes/tide-hour-0"


HIT = '<div class="oItm"><div class="bTitle"><a href="{}">Oto @ Quay</a></div></div>'
SITE_1001 = "https://www.1001tracklists.com"


def index_of(*links: str, title: str = "Oto Tracklists Overview", path: str = "/dj/oto/index.html") -> bytes:
    hits = "".join(map(HIT.format, links))
    return (
        f'<html><head><title>{title}</title><link rel="canonical" href="{SITE_1001}{path}"><link rel="next" href="?p=2"></head>'
        f'<body><a href="//www.1001tracklists.com" id="topLogo"></a>{hits}</body></html>'
    ).encode()


@pytest.mark.parametrize(
    ("url", "root"), [(f"{SITE_1001}/dj/oto/index.html", SITE_1001), ("", SITE_1001), ("http://127.0.0.1:9/dj/oto/index.html", "http://127.0.0.1:9")]
)  # fmt: skip
def test_the_page_of_a_dj_of_1001tracklists_lists_sets(url: str, root: str) -> None:
    body = index_of(
        "/tracklist/1abc/oto.html",
        "/tracklist/1abc/oto.html",
        "/tracklist/2abc/",
        "/tracklist/",
        "https://[x/tracklist/3",
    )
    page = Tracklists1001().parse(body, url=url)
    assert (page.kind, page.reason) == (PageKind.SEARCH, "a list of 2 sets")
    assert pairs(page) == [
        (f"{root}/tracklist/1abc/oto.html", "Oto @ Quay"),
        (f"{root}/tracklist/2abc/", "Oto @ Quay"),
    ]
    assert page.next_url == f"{root}/dj/oto/index.html?p=2"


def test_the_home_page_of_1001tracklists_is_no_list() -> None:
    body = index_of("/tracklist/1abc/oto.html", title="Home", path="/")
    assert Tracklists1001().parse(body, url=f"{SITE_1001}/").kind is PageKind.UNKNOWN


def test_a_feed_goes_on_at_its_next_page() -> None:
    for href, url, expected in (
        ("https://tidal.example/feed?page=2", "", "https://tidal.example/feed?page=2"),
        ("/feed?page=2", "https://tidal.example/feed", "https://tidal.example/feed?page=2"),
        ("javascript:x()", "https://tidal.example/feed", None),
        ("http://[x", "https://tidal.example/feed", None),
    ):
        link = f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="{href}"/>'
        page = parse_page(rss(item("<description>x</description>"), channel=link), url=url)
        assert page.next_url == expected
