"""What a page that lists sets becomes in a batch that finds sets: an outcome, and the links that are followed."""

from __future__ import annotations

import json

import pytest
from made_feeds import LINES, TRACKS, item, podcasting_chapters, rss, simple_chapters

from tlray.core.model.discovery import MOST_ON_A_PAGE, PageFound, admit
from tlray.core.model.item import FrontierItem
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.response import Fetched
from tlray.io.intake.url_list import read_line
from tlray.io.results.open_part import OpenPart
from tlray.io.worker.classify import read_page
from tlray.io.worker.request import refusal_of
from tlray.model import Tracklist

K = OutcomeKind
FINDS = BatchConfig(contact="me@example.org", max_found=100)
ONLY = BatchConfig(contact="me@example.org", max_found=100, is_only_finding=True)
WIKI = "https://www.mixesdb.com/w/Category:Oto"
FEED = "https://tidal.example/feed.xml"
MIX = "2031-05-04_-_Mira_Quell_-_Pier_Radio"


def leased(url: str, terms: BatchConfig | None = FINDS) -> LeasedItem:
    entry = read_line(1, url)
    return LeasedItem(1, "b1", entry.domain, entry.url, entry.fingerprint, 1, terms=terms)  # type: ignore[union-attr]


def read(
    url: str,
    body: bytes | str,
    terms: BatchConfig | None = FINDS,
    *,
    content_type: str = "text/html",
    peer: str = "",
) -> tuple[Outcome, tuple[Tracklist, ...]]:
    raw = body.encode() if isinstance(body, str) else body
    fetched = Fetched(
        url=url, kind=None, started_at=0, latency_s=0, body=raw, wire_body=raw, has_page=True, content_type=content_type,
        peer=peer or None,
    )  # fmt: skip
    return read_page(leased(url, terms), fetched)


def wiki(*links: str) -> str:
    hrefs = "".join(f'<a href="{link}">x</a>' for link in links)
    return f'<html><head><link href="//cdn-mixesdb.com"></head><body><div id="mw-content-text">{hrefs}</div></body></html>'


def followed(outcome: Outcome) -> list[str]:
    return [link.url + (" +" if link.is_list else "") for link in outcome.found]


def test_a_category_lists_mixes_and_where_it_goes_on() -> None:
    body = wiki(f"/w/{MIX}", f"/w/{MIX}", "/w/Help:Me", "/w/Category:Oto?pagefrom=2").replace(
        ">x</a></div>", ">next 200</a></div>"
    )
    outcome, sets = read(WIKI, body, peer="93.184.216.34")
    assert (outcome.kind, outcome.reason, sets) == (K.LISTED, None, ())
    assert followed(outcome) == [
        f"https://www.mixesdb.com/w/{MIX}", "https://www.mixesdb.com/w/Category:Oto?pagefrom=2 +",
    ]  # fmt: skip
    assert outcome.found[0].fingerprint == f"mixesdb:{MIX}"
    assert outcome.from_public
    assert not read(WIKI, body, peer="127.0.0.1")[0].from_public


@pytest.mark.parametrize(("max_found", "n_pages"), [(100, 1), (500, 3), (2_000, 5)])
def test_a_large_category_is_followed_to_its_end_or_to_max_found(max_found: int, n_pages: int) -> None:
    """Five pages of 200 mixes, each with the last mix of the page before, the last one with the link back to the first."""
    pages = {}
    for number in range(5):
        mixes = [
            f"/w/2031-05-04_-_Oto_-_Pier_Radio_{at}"
            for at in range(200 * number - bool(number), 200 * (number + 1))
        ]
        goes_on = f"/w/index.php?title=Category:Oto&amp;pagefrom={(number + 1) % 5}#mw-pages"
        pages[number] = wiki(*mixes, goes_on).replace(">x</a></div>", ">next page</a></div>")
    known: set[str] = set()
    queue, n_read, n_found, n_barren = [WIKI], 0, 0, 0
    while queue:
        url = queue.pop()
        body = pages[int(url.rpartition("=")[2]) if "pagefrom" in url else 0]
        outcome, _ = read(url, body)
        page = PageFound(FrontierItem(1, 1, "mixesdb.com", url, url), outcome.found, True, max_found, False)
        admitted = admit(page, known, n_found=n_found, n_barren=n_barren)
        known |= {link.fingerprint for link in admitted.new}
        queue += [link.url for link in admitted.new if link.is_list]
        n_read, n_found, n_barren = n_read + 1, n_found + admitted.n_sets, admitted.n_barren
        assert n_read < 20
    # the first page comes again under the URL that the last one has for it
    assert (n_read, n_found) == (n_pages + (max_found > 1_000), min(max_found, 1_000))


def test_without_find_a_page_that_lists_sets_is_no_set_as_ever() -> None:
    for terms in (None, BatchConfig()):
        outcome, _ = read(WIKI, wiki(f"/w/{MIX}"), terms)
        assert (outcome.kind, outcome.found) == (K.NOT_A_SET, ())
        assert outcome.reason == "a list of 1 mixes; --find scrapes what it lists"


def test_a_page_on_another_host_lists_pages_of_that_host() -> None:
    body = wiki(f"/w/{MIX}", f"https://www.mixesdb.com/w/{MIX}")
    outcome, _ = read("http://127.0.0.1:8123/w/Category:Oto", body)
    assert followed(outcome) == [f"http://127.0.0.1:8123/w/{MIX}"]


def test_a_page_that_lists_nothing_says_so_and_which_pages_do() -> None:
    outcome, _ = read(WIKI, wiki("/w/Help:Me"))
    assert outcome.kind is K.NOT_A_SET
    assert (outcome.reason or "").startswith(
        "it lists no sets (a page that is no mix); lists are read of MixesDB"
    )
    refused = refusal_of(leased("https://www.discogs.com/sell/list"), "")
    assert refused is not None
    assert (refused.reason or "").startswith("no set of this site has such a URL; lists are read of MixesDB")


def test_a_half_page_is_fetched_again_unless_the_batch_only_finds() -> None:
    body = "<html><body>nothing</body></html>"
    assert read("https://tidal.example/x", body)[0].kind is K.UNREADABLE
    assert read("https://tidal.example/x", body, ONLY)[0].kind is K.NOT_A_SET


def test_a_link_to_another_host_is_followed_to_a_set_of_a_known_site_only() -> None:
    links = (
        "https://tidal.example/12", f"https://www.mixesdb.com/w/{MIX}", "https://www.mixesdb.com/w/Category:Oto",
        "https://evil.example/1", "http://169.254.169.254/latest/", "javascript:alert(1)", "http://127.0.0.1/x",
    )  # fmt: skip
    body = rss(*(item(guid=link, link=False) for link in links))
    outcome, _ = read(FEED, body, content_type="application/rss+xml")
    assert outcome.kind is K.LISTED
    assert followed(outcome) == [
        "https://tidal.example/12", f"https://www.mixesdb.com/w/{MIX}",
    ]  # fmt: skip
    assert outcome.reason == "4 links left out: they lead to other hosts, and to no set of a known site"
    outcome, _ = read(FEED, rss(item(guid="https://evil.example/1", link=False)), content_type="text/xml")
    assert outcome.kind is K.NOT_A_SET
    assert (outcome.reason or "").startswith("none of what it lists is followed: 1 link left out")


def test_a_public_host_needs_a_contact() -> None:
    body = rss(*(item(guid=f"http://{host}/9", link=False) for host in ("127.0.0.1:9", "www.mixesdb.com/w")))
    body = body.replace(b"www.mixesdb.com/w/9", f"www.mixesdb.com/w/{MIX}".encode())
    outcome, _ = read(
        "http://127.0.0.1:9/feed", body, BatchConfig(max_found=9), content_type="application/rss+xml"
    )
    assert followed(outcome) == ["http://127.0.0.1:9/9"]
    assert outcome.reason == "1 link left out: they lead to public hosts, for which a contact is needed"


def test_a_feed_leads_to_files_of_chapters_on_its_own_domain() -> None:
    def episode(number: int, host: str) -> str:
        inside = f'<podcast:chapters url="https://{host}/{number}/chapters.json" type="application/json+chapters"/>'
        return item(inside, guid=f"episode-{number}", link=False)

    outcome, sets = read(
        FEED, rss(episode(1, "tidal.example"), episode(2, "cdn.example")), content_type="application/rss+xml"
    )
    assert (outcome.kind, sets) == (K.LISTED, ())
    assert followed(outcome) == ["https://tidal.example/1/chapters.json"]
    assert outcome.reason == "1 link left out: they lead to other hosts, and to no set of a known site"
    outcome, (made,) = read(followed(outcome)[0], podcasting_chapters(), content_type="application/json")
    assert (outcome.kind, made.title, made.cued_count) == (K.FETCHED, "1", len(TRACKS))


def feed() -> bytes:
    with_list = item(simple_chapters())
    without = item("<description>A fine hour.</description>", guid="https://tidal.example/13", link=False)
    return rss(with_list, without).replace(
        b"<item>", b'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="?page=2"/><item>', 1
    )


def test_an_episode_that_holds_its_list_is_a_set_and_the_page_of_another_one_is_fetched() -> None:
    outcome, sets = read(FEED, feed(), content_type="application/rss+xml")
    assert (outcome.kind, len(sets), outcome.n_sets) == (K.FETCHED, 1, 1)
    assert followed(outcome) == ["https://tidal.example/13", "https://tidal.example/feed.xml?page=2 +"]


def test_a_batch_that_only_finds_lists_the_pages_of_all_episodes_and_keeps_no_rows() -> None:
    outcome, sets = read(FEED, feed(), ONLY, content_type="application/rss+xml")
    assert (outcome.kind, sets, outcome.n_sets) == (K.LISTED, (), 0)
    assert followed(outcome) == [
        "https://tidal.example/12", "https://tidal.example/13", "https://tidal.example/feed.xml?page=2 +",
    ]  # fmt: skip


def test_a_set_is_found_and_not_fetched_where_its_url_says_that_it_is_one() -> None:
    url = f"https://www.mixesdb.com/w/{MIX}"
    refused = refusal_of(leased(url, ONLY), "")
    assert refused is not None
    assert (refused.kind, refused.reason) == (K.FOUND, "not fetched")
    assert refusal_of(leased(url, FINDS), "") is None
    notes = "<description>{}</description>".format("&lt;br&gt;".join(LINES))
    outcome, sets = read(
        "http://127.0.0.1:9/one.xml",
        rss(item(notes, link=False, guid="x-1")),
        ONLY,
        content_type="text/xml",
    )
    assert (outcome.kind, outcome.reason, sets, outcome.found) == (K.FOUND, "not stored", (), ()), (
        "a page that is a set by itself"
    )


@pytest.mark.parametrize("n", [MOST_ON_A_PAGE + 50])
def test_a_page_of_very_many_links_is_bounded(n: int) -> None:
    pages = [{"key": f"2031-05-04_-_Oto_-_{k}", "title": "x", "matched_title": None} for k in range(n)]
    outcome, _ = read(
        "https://www.mixesdb.com/w/index.php?search=oto",
        json.dumps({"pages": pages}),
        content_type="application/json",
    )
    assert len(outcome.found) == MOST_ON_A_PAGE
    assert outcome.reason == "50 links left out: they are beyond the most of one page"


def test_a_page_that_lists_sets_is_not_archived() -> None:
    part = OpenPart("b1")
    fetched = Fetched(url=WIKI, kind=None, started_at=0, latency_s=0, body=b"x", wire_body=b"x")
    assert part.add(leased(WIKI), fetched, Outcome(1, K.LISTED), ()).raw is None
    assert part.pages.n_bytes == 0
