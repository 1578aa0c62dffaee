"""A feed, or a file of chapters, at a URL: the same sets as from a file."""

from __future__ import annotations

import json

import pytest
from made_feeds import LINES, TRACKS, item, podcasting_chapters, rss, simple_chapters

from tlray.core.model.outcome import OutcomeKind
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.response import Fetched
from tlray.io.worker.classify import read_page
from tlray.io.worker.request import request_for
from tlray.model import PageKind
from tlray.readers.feed import FeedReader
from tlray.readers.feed_pages import FeedPages
from tlray.sites.registry import parse_page

URL = "https://tidal.example/feed.xml"
ITEM = LeasedItem(1, "b1", "tidal.example", URL, "url:1", 1)


def test_each_episode_with_a_list_is_a_set_of_the_feeds_item() -> None:
    body = rss(
        item(simple_chapters()),
        item(
            f"<description>{'&lt;br&gt;'.join(LINES)}</description>",
            guid="https://tidal.example/13",
            link=False,
        ),
        item("<description>A fine hour.</description>"),
    )
    page = parse_page(body, url=URL)
    assert (page.kind, page.reason) == (PageKind.TRACKLIST, "1 of 3 episodes without a tracklist")
    first, second = page.tracklists
    assert [one.url for one in page.found] == ["https://tidal.example/12", "https://tidal.example/13"]
    assert (first.site, first.source_id, first.url, first.page_url) == (
        "podcast", "https://tidal.example/12", URL, "https://tidal.example/12",
    )  # fmt: skip
    assert (second.url, second.page_url, second.track_count) == (URL, "https://tidal.example/13", len(TRACKS))
    assert [track.cue_s for track in first.tracks] == [start for start, _, _ in TRACKS]


def test_a_feed_is_fetched_and_read_whatever_its_media_type_says() -> None:
    asked = request_for(ITEM)
    assert asked is not None
    for content_type in ("application/rss+xml", "application/xml", "text/xml", "text/html"):
        assert content_type in asked.types
        page = Fetched(url=URL, kind=None, started_at=0, latency_s=0, body=rss(item(simple_chapters())), has_page=True,
                       content_type=content_type)  # fmt: skip
        outcome, sets = read_page(ITEM, page)
        assert (outcome.kind, outcome.n_tracks, len(sets)) == (OutcomeKind.FETCHED, len(TRACKS), 1)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("12.json", "12"),
        ("12/chapters.json", "12"),
        ("tide-12/chapters?x=1", "tide-12"),
        ("chapters.json", "chapters"),
    ],
)
def test_chapters_without_a_title_are_named_by_their_address(path: str, title: str) -> None:
    (made,) = parse_page(podcasting_chapters(), url=f"https://tidal.example/{path}").tracklists
    assert made.title == title


def test_chapters_are_a_set_and_other_xml_and_json_are_of_the_wrong_type() -> None:
    (made,) = parse_page(
        podcasting_chapters(title="Tidal Radio 12"), url="https://tidal.example/12.json"
    ).tracklists
    assert (made.title, made.track_count, made.url) == (
        "Tidal Radio 12",
        len(TRACKS),
        "https://tidal.example/12.json",
    )
    for body in (b"<?xml version='1.0'?><svg/>", json.dumps({"status": "ok"}).encode()):
        page = Fetched(
            url=URL,
            kind=None,
            started_at=0,
            latency_s=0,
            body=body,
            has_page=True,
            content_type="application/xml",
        )
        assert read_page(ITEM, page)[0].kind is OutcomeKind.WRONG_TYPE


def test_the_parser_is_the_readers() -> None:
    assert FeedPages.version == FeedReader.version
    assert FeedPages().parse(b"<rss", url=URL).kind is PageKind.UNKNOWN
