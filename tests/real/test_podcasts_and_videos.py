"""Readers of feeds, chapters and descriptions against real files, and against what other programs read in them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tlray.io.intake.members import Member
from tlray.io.intake.open_file import open_file
from tlray.model import CuePrecision, PageKind, ParsedPage, TrackKind
from tlray.readers.chapters.marks import seconds
from tlray.readers.chapters.podcasting import episode_of
from tlray.readers.feed.items import episodes_of
from tlray.readers.registry import KINDS, kind_of, read_file
from tlray.readers.xml_tree import parse_xml
from tlray.sites.registry import parse_page

pytestmark = pytest.mark.real


def read(path: Path) -> ParsedPage:
    (found,) = open_file(path)
    assert isinstance(found, Member)
    return read_file(found.file)


def test_every_real_file_is_read_or_refused_with_a_reason(real_sources: Path) -> None:
    files = [path for path in sorted(real_sources.rglob("*")) if path.is_file()]
    assert files
    for path in files:
        for found in open_file(path):
            assert isinstance(found, Member), found
            page = read_file(found.file)
            assert (page.kind is PageKind.TRACKLIST) == bool(page.tracklists)
            assert page.kind is PageKind.TRACKLIST or (page.reason and "failed" not in page.reason), path
            assert kind_of(found.file) in {*KINDS, None}


def test_chapters_of_podlove_are_what_podcastparser_reads(real_sources: Path) -> None:
    root = parse_xml((real_sources / "podcast/podcastparser-chapters.rss").read_bytes()).root
    (episode,) = episodes_of(root)
    expected = json.loads((real_sources / "podcast/podcastparser-chapters.json").read_bytes())["episodes"][0]
    assert [(int(mark.start_s or 0), mark.title) for mark in episode.chapters] == [
        (mark["start"], mark["title"]) for mark in expected["chapters"]
    ]
    assert [mark.url for mark in episode.chapters] == [mark.get("href") for mark in expected["chapters"]]
    assert episode.duration_s == expected["total_time"]


def test_the_official_examples_are_read_and_are_no_tracklists(real_sources: Path) -> None:
    files = [
        *(real_sources / "podcast").glob("podcasting20-*"),
        *(real_sources / "podcast").glob("podlove-*"),
    ]
    assert len(files) >= 8
    for path in files:
        page = read(path)
        assert (page.kind, page.tracklists) == (PageKind.UNKNOWN, ())
        assert "no tracklist" in (page.reason or "")
    complex_one = episode_of(
        json.loads((real_sources / "podcast/podcasting20-chapters-exampleComplex.json").read_bytes())
    )
    assert complex_one is not None
    assert len(complex_one.chapters) == 10
    assert complex_one.show == "John's Awesome Podcast"
    podlove = json.loads((real_sources / "podcast/podlove-fs207.json").read_bytes())
    episode = episode_of(podlove)
    assert episode is not None
    assert [mark.start_s for mark in episode.chapters] == [
        seconds(mark["start"]) for mark in podlove["chapters"]
    ]
    assert episode.duration_s == seconds(podlove["duration"])


def test_the_feed_of_podcasting_2_0_has_its_episodes(real_sources: Path) -> None:
    episodes = list(
        episodes_of(parse_xml((real_sources / "podcast/podcasting20-feed-example.xml").read_bytes()).root)
    )
    assert len(episodes) == 3
    assert all(episode.chapters_url.endswith(".json") for episode in episodes if episode.chapters_url)
    assert all(episode.guid and episode.media_urls for episode in episodes)


def test_descriptions_of_videos_give_the_times_that_others_found(real_sources: Path) -> None:
    n_all = n_found = 0
    for path in sorted((real_sources / "youtube").glob("*.json")):
        saved = json.loads(path.read_bytes())
        (found,) = read(path).tracklists
        assert (found.site, found.source_id, found.recordings) == (
            "youtube",
            saved["video_id"],
            [saved["video_id"]],
        )
        assert (found.title, found.duration_s) == (saved["mix_title"], saved["duration_seconds"])
        assert f"{found.published:%Y%m%d}" == saved["date"]
        cues = {track.cue_s for track in found.tracks if track.kind is TrackKind.MAIN}
        n_all += len(saved["tracklist"])
        n_found += sum(float(track["timestamp_seconds"]) in cues for track in saved["tracklist"])
        assert {track.cue_precision for track in found.tracks if track.cue_s is not None} == {
            CuePrecision.SECOND
        }
    assert n_found >= 0.95 * n_all > 100


def test_a_saved_page_is_read_as_its_parser_reads_it(real_pages: Path) -> None:
    paths = sorted(real_pages.glob("1001tracklists/*.html.gz"))
    assert paths
    for path in paths:
        page, plain = read(path), parse_page(gzip.decompress(path.read_bytes()))
        assert (page.kind, page.reason) == (plain.kind, plain.reason)
        assert [found.tracks for found in page.tracklists] == [found.tracks for found in plain.tracklists]
        assert all(found.url == found.page_url for found in page.tracklists)
