"""MixesDB's real pages and lists (``../shared``); skipped, saying so, where they are absent."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path

import pytest
from made_mixes import MadeMix

from tlray.model import CuePrecision, PageKind
from tlray.sites.registry import parse_page

pytestmark = pytest.mark.real


def test_a_page_of_the_explorer_gives_all_of_its_mixes(real_pages: Path) -> None:
    page = parse_page(gzip.decompress((real_pages / "mixesdb" / "explorer-25-mixes.html.gz").read_bytes()))
    assert (page.kind, len(page.tracklists)) == (PageKind.TRACKLIST, 25)
    assert sum(made.track_count for made in page.tracklists) == 752
    assert all(made.date and made.djs and made.sources and made.recordings for made in page.tracklists)
    tracks = [track for made in page.tracklists for track in made.tracks]
    cued = [track for track in tracks if track.cue_text]
    assert len(cued) == 682
    assert all(track.cue_precision is CuePrecision.MINUTE for track in cued if track.cue_s is not None)
    known = [track for track in tracks if track.identity != "id"]
    assert all(track.artist and track.title for track in known)
    first = page.tracklists[0]
    assert (first.title, first.page_id) == ("2023-07-24 - Ben UFO - Hessle Audio, Rinse FM", "620265")
    assert (first.tracks[1].labels, first.tracks[1].catalogue_number) == (["Welt Discos"], "WLTD007")


@pytest.mark.parametrize("as_list", [False, True])
def test_real_lists_in_both_markups(real_sources: Path, as_list: bool) -> None:
    text = (real_sources / "mixesdb" / "TRANSCRIBED-wikitext-lists.txt").read_text(encoding="utf-8")
    lists = [part.strip().split("\n") for part in re.split(r"^== list .*$", text, flags=re.MULTILINE)[1:]]
    precisions = []
    for lines in lists:
        rows = tuple(line.removeprefix("# ") for line in lines)
        mix = MadeMix(rows=rows, files=("3:00:00",))
        (made,) = parse_page(mix.rest(source=mix.wikitext(as_list=as_list))).tracklists
        assert made.track_count == len(rows)
        assert [track.cue_text for track in made.tracks] == [row.split(" ")[0] for row in rows]
        n_unknown = sum(row.split(" ")[0].count("?") > 0 for row in rows)
        assert made.cued_count == made.track_count - n_unknown
        precisions.append({track.cue_precision for track in made.tracks if track.cue_s is not None})
    assert precisions[0] == {CuePrecision.SECOND}
    assert precisions[1:] == [{CuePrecision.MINUTE}] * 3


def test_the_parts_of_a_real_mix_have_their_own_times(real_sources: Path) -> None:
    with (real_sources / "mixesdb" / "TRANSCRIBED-laceto-tracklist.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        table = list(csv.DictReader(file))
    rows: list[str] = []
    for row in table:
        if f";{row['part']}" not in rows:
            rows.append(f";{row['part']}")
        rows.append(f"[{row['timestamp']}] {row['raw']}")
    (made,) = parse_page(MadeMix(rows=tuple(rows), files=("50:00", "50:00", "50:00")).rest()).tracklists
    assert made.track_count == len(table)
    parts = [f"Part {track.recording}" for track in made.tracks]
    assert parts == [row["part"] for row in table]
    assert [track.artist for track in made.tracks] == [row["artist"] for row in table]
    assert [track.cue_s is None for track in made.tracks] == ["?" in row["timestamp"] for row in table]
