"""Real documents of schema.org (``../shared``); skipped, saying so, where they are absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.model import PageKind
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("name", "n_rows", "first", "djs"),
    [
        ("bandcamp-album", 4, "Mikkel Rev - The Human Experience (Empathy Mix)", ["Mikkel Rev"]),
        ("bandcamp-compilation", 13, "Zebar & Zimo - Wish Granter (Original Mix)", []),
        ("bandcamp-description_meta", 10, "Francois Dillinger - Count To Infinity", ["Francois Dillinger"]),
        ("bandcamp-edge_cases", 18, "Mallisto - Track 3", []),
        ("bandcamp-hex008", 13, "Rebekah - You Be The Leader", []),
    ],
)
def test_real_pages_of_a_shop(real_sources: Path, name: str, n_rows: int, first: str, djs: list[str]) -> None:
    path = real_sources / "jsonld" / f"{name}.json"
    (made,) = read_file(SourceFile(path.name, path.read_bytes())).tracklists
    assert (made.track_count, made.tracks[0].text, made.djs) == (n_rows, first, djs)
    assert all(track.artist and track.title and track.duration_s for track in made.tracks)
    assert made.published is not None
    assert made.cued_count == n_rows


def test_a_page_about_a_band_is_no_set(real_sources: Path) -> None:
    path = real_sources / "jsonld" / "MusicRecording.001.html"
    assert read_file(SourceFile(path.name, path.read_bytes())).kind is PageKind.UNKNOWN
