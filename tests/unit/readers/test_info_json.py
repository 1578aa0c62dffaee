"""Descriptions that yt-dlp saves are read as their uploaders wrote them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from made_feeds import LINES, TRACKS, info_json

from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.readers.info_json import InfoJsonReader
from tlray.readers.interface import SourceFile

CHAPTERS = [{"start_time": float(s), "end_time": s + 100.0, "title": f"{a} - {t}"} for s, a, t in TRACKS]
TALK = [{"start_time": float(at * 60), "title": f"Part {at}"} for at in range(6)]
TIMED = "\n".join(f"{int(s) // 60:02}:{int(s) % 60:02} {a} - {t}" for s, a, t in TRACKS)


def read(body: bytes, name: str = "Tidal 12 [a1b2].info.json") -> ParsedPage:
    file = SourceFile(name, body, "file:///x")
    assert InfoJsonReader().recognises(file.head, name)
    return InfoJsonReader().read(file)


def the_set(body: bytes) -> Tracklist:
    page = read(body)
    assert page.kind is PageKind.TRACKLIST, page.reason
    (found,) = page.tracklists
    return found


def test_a_description_with_times() -> None:
    found = the_set(info_json(f"Live from the harbour!\n\n{TIMED}\n\nhttps://x.example"))
    assert [(t.cue_s, t.artist, t.title) for t in found.tracks] == [(int(s), a, t) for s, a, t in TRACKS]
    assert (found.site, found.source_id, found.url) == (
        "youtube",
        "a1b2c3d4e5f",
        "https://www.youtube.com/watch?v=a1b2c3d4e5f",
    )
    assert (found.title, found.published, found.date) == ("Tidal Radio 12 (Live)", date(2026, 5, 15), None)
    assert (found.recordings, found.duration_s, found.djs) == (["a1b2c3d4e5f"], 4500, [])


def test_what_the_uploader_wrote_stands_above_chapters() -> None:
    found = the_set(info_json("Tracklist:\n" + "\n".join(LINES), chapters=TALK))
    assert found.track_count == len(LINES)
    assert found.cued_count == 0


def test_chapters_are_read_where_the_description_holds_no_list() -> None:
    found = the_set(info_json("Live from the harbour!", chapters=CHAPTERS))
    assert [(t.cue_s, t.artist, t.title) for t in found.tracks] == TRACKS


@pytest.mark.parametrize("chapters", [None, [], TALK, "x", [3], [{"start_time": 0}]])
def test_no_list_is_invented(chapters: object) -> None:
    page = read(info_json("Subscribe!\nhttps://a.example\n10:00 we talk", chapters=chapters))
    assert (page.kind, page.tracklists) == (PageKind.UNKNOWN, ())
    assert page.reason


def test_other_sites_and_other_savers() -> None:
    found = the_set(
        info_json(TIMED, extractor="soundcloud", webpage_url="https://soundcloud.com/x/y", genre="Dub")
    )
    assert (found.site, found.genres) == ("soundcloud", ["Dub"])
    saved = {
        "video_id": "zyxw9876543",
        "source_url": "https://www.youtube.com/watch?v=zyxw9876543",
        "description": TIMED,
        "mix_title": "Harbour",
        "date": "20260515",
    }
    page = InfoJsonReader().read(SourceFile("x.json", json.dumps(saved).encode()))
    (found,) = page.tracklists
    assert (found.site, found.source_id, found.title) == ("youtube", "zyxw9876543", "Harbour")


@pytest.mark.parametrize("extractor", ["..", "a/b", ""])
def test_a_site_that_is_no_name_is_a_file(extractor: str) -> None:
    found = the_set(
        info_json(TIMED, extractor=extractor, webpage_url="https://a.example/y", extractor_key=extractor)
    )
    assert found.site == "file"


def test_a_playlist_is_the_sets_of_its_entries() -> None:
    entries = [json.loads(info_json(TIMED, id="one")), json.loads(info_json("none", id="two")), None]
    page = read(json.dumps({"_type": "playlist", "id": "p", "title": "All", "entries": entries}).encode())
    assert (page.kind, page.reason) == (PageKind.TRACKLIST, "2 entries, 1 with a tracklist")
    assert [found.source_id for found in page.tracklists] == ["one"]


@pytest.mark.parametrize("body", [b"[]", b"{", b"3", b'{"id": 1, "title": 2}', info_json(TIMED)[:-9]])
def test_what_is_broken_is_unknown(body: bytes) -> None:
    page = InfoJsonReader().read(SourceFile("x.info.json", body))
    assert page.kind is PageKind.UNKNOWN
    assert page.reason


def test_records_of_releases_are_not_taken_for_videos() -> None:
    release = {"id": 1, "title": "Nine", "formats": [], "artists": [], "tracklist": []}
    assert not InfoJsonReader().recognises(json.dumps(release).encode(), "r1.json")
    assert InfoJsonReader().recognises(info_json(TIMED, artists=["Nora Field"]), "x.json")
    early = {
        "id": "a",
        "title": "b",
        "formats": [{"format_id": str(n), "url": "x" * 500} for n in range(200)],
    }
    assert InfoJsonReader().recognises(json.dumps(early).encode()[:65_536], "x.json")
