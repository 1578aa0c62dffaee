"""The parser of 1001tracklists against real pages, their own counts, and the site's own text export."""

from __future__ import annotations

import csv
import gzip
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import parsel
import pytest
from selectolax.lexbor import LexborHTMLParser

from tlray.model import Identity, PageKind, TrackKind, Tracklist
from tlray.sites import registry
from tlray.sites.tracklists1001 import Tracklists1001

pytestmark = pytest.mark.real

SETS = "1001tracklists/set-*.html.gz"
EXPORT = "1001tracklists/set-1pn8l919.export.txt"
PRINTED = re.compile(r"(?:\[(?:(\d+):)?(\d\d):(\d\d)\]|w/) (.*)")


def read(path: Path) -> bytes:
    body = path.read_bytes()
    return gzip.decompress(body) if path.suffix == ".gz" else body


def sets_in(pages: Path) -> dict[str, bytes]:
    found = {path.name: read(path) for path in sorted(pages.glob(SETS))}
    assert found
    return found


def the_set(body: bytes, url: str = "") -> Tracklist:
    page = registry.parse_page(body, url=url)
    assert page.kind is PageKind.TRACKLIST, page.reason
    (found,) = page.tracklists
    return found


def test_the_text_of_every_row_is_the_sites_own_export_line_for_line(real_pages: Path) -> None:
    found = the_set(read(real_pages / f"{EXPORT.removesuffix('.export.txt')}.html.gz"))
    printed = [m for m in map(PRINTED.fullmatch, (real_pages / EXPORT).read_text("utf-8").splitlines()) if m]
    shown = [track for track in found.tracks if track.kind is not TrackKind.MASHUP_PART]
    assert len(printed) == len(shown)
    for line, track in zip(printed, shown, strict=True):
        hours, minutes, seconds, text = line.groups()
        assert track.text == text
        if minutes is None:
            assert track.kind is TrackKind.WITH
        else:
            assert track.cue_s == int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)


def test_every_set_has_as_many_rows_as_it_claims_and_as_the_manifest_counts(real_pages: Path) -> None:
    with (real_pages / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        counted = [row for row in csv.DictReader(file, delimiter="\t") if row["kind"] == "tracklist page"]
    assert len(counted) == len(sets_in(real_pages))
    for row in counted:
        found = the_set(read(real_pages / row["file"]), url=row["page_url"])
        shown = [track for track in found.tracks if track.kind is not TrackKind.MASHUP_PART]
        opening = found.tracks[0].cue_s == 0  # the one that is 0 by rule, not by its own element
        assert (found.track_count, len(shown)) == (int(row["rows"]), int(row["main_and_with_rows"]))
        assert found.cued_count - opening <= int(row["cued_rows"]) <= found.cued_count
        assert found.page_url == row["page_url"]
        assert found.source_id == row["page_url"].split("/")[4]


def test_the_ided_label_of_the_page_is_what_we_count(real_pages: Path) -> None:
    for name, body in sets_in(real_pages).items():
        if name.startswith("set-nsgpmht"):
            continue  # in 2022 the label counted mashup parts as well
        label = re.search(r">IDed</div>\s*<div[^>]*>(.*?)</div>", body.decode(), re.DOTALL)
        assert label
        identified, total = re.sub(r"<[^>]+>|\s", "", label.group(1)).split("/")
        shown = [track for track in the_set(body).tracks if track.kind is not TrackKind.MASHUP_PART]
        assert len(shown) == int(total)
        known = sum(track.identity is Identity.IDENTIFIED for track in shown)
        assert known == (int(total) if identified == "all" else int(identified)), name


def test_num_tracks_is_not_believed(real_pages: Path) -> None:
    body = read(real_pages / "1001tracklists/set-1pn8l919.html.gz")
    assert b'itemprop="numTracks" content="75"' in body
    assert the_set(body).track_count == 72


def test_every_set_has_its_title_day_djs_and_whole_links(real_pages: Path) -> None:
    for body in sets_in(real_pages).values():
        found = the_set(body)
        assert found.djs
        assert found.genres
        assert found.date is not None
        assert found.title.endswith(found.date.isoformat())
        assert found.is_live is not None
        for track in found.tracks:
            assert track.artist
            assert track.title
            assert (track.track_url or "https://www.1001tracklists.com/track/").startswith(
                "https://www.1001tracklists.com/track/"
            )
            assert not track.artwork_url or "default_100" not in track.artwork_url
            assert (track.parent is None) == (track.kind is TrackKind.MAIN)
            assert not track.recording or track.recording <= len(found.recordings)


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("block-ip-2026", PageKind.BLOCKED, "ip-limit"),
        ("block-turnstile-2026", PageKind.BLOCKED, "turnstile"),
        ("block-wait-2023", PageKind.BLOCKED, "wait"),
        ("error-no-such-page", PageKind.GONE, "no such page"),
        ("search-no-hit", PageKind.SEARCH, "search results"),
        ("search-one-hit", PageKind.SEARCH, "search results"),
        ("search-thirty-hits", PageKind.SEARCH, "search results"),
    ],
)
def test_a_page_that_is_no_set_is_named(real_pages: Path, name: str, kind: PageKind, reason: str) -> None:
    page = registry.parse_page(read(real_pages / f"1001tracklists/{name}.html.gz"))
    assert (page.kind, page.reason, page.tracklists) == (kind, reason, ())


@pytest.mark.parametrize("name", ["row-ft-credit", "row-pres-combined", "row-track-concurrent"])
def test_a_single_row_reads_the_same_in_a_page_around_it(real_pages: Path, name: str) -> None:
    row = read(real_pages / f"1001tracklists/{name}.html")
    (track,) = the_set(b'<html><div id="tlTab" data-count="1">' + row + b"</div></html>").tracks
    assert track.identity is Identity.IDENTIFIED
    assert track.labels
    assert track.text == f"{track.artist} - {track.title} [{'/'.join(track.labels)}]"
    assert (" ft. " in track.artist) == (name == "row-ft-credit")
    assert track.kind is (TrackKind.WITH if name == "row-track-concurrent" else TrackKind.MAIN)


def test_a_suggestion_or_a_text_row_is_no_set(real_pages: Path) -> None:
    for name in ("row-suggestion", "row-text"):
        page = Tracklists1001().parse(read(real_pages / f"1001tracklists/{name}.html"), url="")
        assert page.kind is PageKind.UNKNOWN


def test_several_recordings_restart_their_times_under_their_headings(real_pages: Path) -> None:
    found = the_set(read(real_pages / "1001tracklists/trimmed-multiplayer.html"))
    assert [(t.section, t.recording, t.cue_s) for t in found.tracks] == [
        *(("Player 2", 2, 0.0), ("Player 2", 2, 145.0)),
        *(("Player 1", 1, 1.0), ("Player 1", 1, 197.0)),
        *(("Player 2", 2, 3298.0), ("Ed Sheeran on stage", 2, 8067.0)),
    ]
    assert len(found.recordings) == 2


def test_a_set_cut_anywhere_is_never_a_set(real_pages: Path) -> None:
    parser = Tracklists1001()
    for body in sets_in(real_pages).values():
        for percent in (1, 15, 30, 45, 60, 75, 85, 90, 95, 99):
            page = parser.parse(body[: len(body) * percent // 100], url="")
            assert page.kind is PageKind.UNKNOWN, percent


def test_a_page_saved_from_another_tree_reads_the_same(real_pages: Path) -> None:
    for body in sets_in(real_pages).values():
        wire = the_set(body)
        for saved in (
            LexborHTMLParser(body).html or "",
            parsel.Selector(body=body, encoding="utf-8", type="html").get(),
        ):
            assert the_set(saved.encode()) == wire


def test_a_shuffle_of_the_artists_is_a_decoy(real_pages: Path) -> None:
    by_artist = re.compile(rb'(itemprop="byArtist" content=")([^"]*)')
    for name, body in sets_in(real_pages).items():
        artists = [m.group(2) for m in by_artist.finditer(body)]
        if not artists:
            continue  # a re-serialised page has its attributes in another order
        moved = iter([*artists[len(artists) // 2 :], *artists[: len(artists) // 2]])
        shuffled = by_artist.sub(lambda m, moved=moved: m.group(1) + next(moved), body)
        page = Tracklists1001().parse(shuffled, url="")
        assert (page.kind, page.reason) == (PageKind.BLOCKED, "decoy"), name


def test_a_demo_host_serves_the_same_sets(real_pages: Path) -> None:
    body = read(real_pages / "1001tracklists/set-nsgpmht.html.gz")
    url = "http://127.0.0.2:8123/tracklist/nsgpmht/any.html"
    found = the_set(body, url=url)
    assert (found.source_id, found.page_id) == ("nsgpmht", "2wh7m6xk")
    assert replace(found, url="") == the_set(body)


@pytest.mark.skipif(
    sys.gettrace() is not None or "coverage" in sys.modules,
    reason="coverage counts each line: no time to measure",
)
def test_every_field_together_costs_little_more_than_the_tree(real_pages: Path) -> None:
    parser = Tracklists1001()
    bodies = list(sets_in(real_pages).values())

    def cost(work: Callable[[bytes], object]) -> float:
        begun = time.process_time()
        for body in bodies:
            work(body)
        return time.process_time() - begun

    ratios = [cost(lambda b: parser.parse(b, url="")) / cost(LexborHTMLParser) for _ in range(9)]
    assert statistics.median(ratios) < 4  # about 2.5 with a warm cache; wide, because the machine is shared
