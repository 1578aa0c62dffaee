"""The set's own fields, told apart from the page's."""

from __future__ import annotations

from datetime import date

import pytest
from page_1001 import SET_URL, FakePage, FakeRow, parse, the_set

VIDEO = (
    '<p itemscope itemtype="https://schema.org/VideoObject"><meta itemprop="duration" content="PT91M1S"></p>'
)


def test_the_set_has_every_field() -> None:
    found = the_set(FakeRow())
    assert (found.site, found.parser, found.url, found.source_id) == (
        *("1001tracklists", "1001tracklists/1"),
        *(SET_URL, "abc123x"),
    )
    assert (found.page_url, found.page_id) == (SET_URL, "abc123x")
    assert found.title == "Mira Quell @ Lighthouse Stage, Harbour Days, Ruritania 2031-05-04"
    assert found.date == date(2031, 5, 4)
    assert (found.djs, found.sources) == (["Mira Quell", "Öto"], ["Harbour Days"])
    assert (found.genres, found.is_live, found.duration_s) == (["Trance", "House"], True, 3723.0)
    assert (found.quality, found.quality_issues, found.fetched_at) == (None, [], None)


def test_num_tracks_is_a_trap_and_is_not_read() -> None:
    assert the_set(FakeRow(), FakeRow()).track_count == 2


@pytest.mark.parametrize(
    ("info", "players", "seconds"),
    [
        ("<div>Duration</div><div>45 minutes 59 seconds</div>", VIDEO, 2759.0),  # the info box first
        ("<div>\n Duration\n </div>\n<div class=x>\n 1 hour </div>", "", 3600.0),  # a re-serialised page
        ("", VIDEO, 5461.0),  # then the video
        ("", '<script>ytPlayer.idPlayer = "v"; ytPlayer.duration = "61";</script>', 61.0),  # then its script
        ("<div>Duration</div><div>unknown</div>", "", None),
    ],
)
def test_the_duration_is_the_first_that_the_page_gives(
    info: str, players: str, seconds: float | None
) -> None:
    assert the_set(FakeRow(), info=info, players=players).duration_s == seconds


def test_a_heading_without_links_leaves_the_djs_to_the_metas() -> None:
    found = the_set(FakeRow(), h1="Mira Quell &amp; Öto @ somewhere")
    assert (found.djs, found.sources) == (["Mira Quell (RU)", "Öto"], [])


def test_a_banner_above_the_heading_is_passed_over_and_saved_pages_have_whole_links() -> None:
    h1 = 'We love you</h1><h1><a href="https://www.1001tracklists.com/dj/oto/index.html"> Öto </a>'
    assert the_set(FakeRow(), h1=h1).djs == ["Öto"]


def test_without_its_own_date_the_last_day_of_the_title_counts() -> None:
    found = the_set(FakeRow(), title="Oto - Radio (Pier 2031-01-02) 2031-02-03", metas="")
    assert found.date == date(2031, 2, 3)
    assert the_set(FakeRow(), title="Oto - Radio 2031-02-31", metas="").date is None


@pytest.mark.parametrize(
    ("url", "head", "source_id"),
    [
        # the URL decides, whatever the page says of itself
        ("https://www.1001tracklists.com/tracklist/zz9/x.html", SET_URL, "zz9"),
        # a demo site on loopback has the same paths
        ("http://127.0.0.3:8080/tracklist/zz9/x.html", SET_URL, "zz9"),
        # a file has no URL: the page's own counts
        ("", "https://www.1001tracklists.com/tracklist/qq7/x.html", "qq7"),
        # neither: the page's own id
        ("http://127.0.0.1/saved.html", "", "abc123x"),
        ("https://1001.tl/zz9", SET_URL, "zz9"),
    ],
)
def test_the_source_id_is_the_urls_else_the_pages(url: str, head: str, source_id: str) -> None:
    link = f'<link rel="canonical" href="{head}">' if head else ""
    (found,) = parse(FakePage(head=link).body(), url=url).tracklists
    assert (found.source_id, found.url, found.page_id) == (source_id, url, "abc123x")


def test_og_url_stands_in_for_a_missing_canonical_link() -> None:
    found = the_set(FakeRow(), head=f'<meta property="og:url" content="{SET_URL}">')
    assert found.page_url == SET_URL


def test_a_page_without_any_of_it_still_has_its_rows() -> None:
    found = the_set(FakeRow(), metas="", h1="", head="", players="", info="", title="Quell | 1001Tracklists")
    assert (found.djs, found.date, found.recordings, found.page_url) == ([], None, [], None)
    assert found.track_count == 1
