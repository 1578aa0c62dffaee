"""Real answers of Discogs, MusicBrainz and NTS (``../shared``); skipped, saying so, where they are absent."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tlray.model import PageKind, ParsedPage, TrackKind, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file

pytestmark = pytest.mark.real


def read(path: Path) -> ParsedPage:
    body = path.read_bytes()
    return read_file(SourceFile(path.name, gzip.decompress(body) if path.suffix == ".gz" else body))


def only(path: Path) -> Tracklist:
    (made,) = read(path).tracklists
    return made


def test_mixed_releases_of_discogs(real_sources: Path) -> None:
    one_disc = only(real_sources / "discogs" / "r121788.json")
    assert (one_disc.djs, one_disc.track_count, one_disc.tracks[5].artist) == (
        ["Mate Galic"],
        12,
        "Aural Traxx Vol. 1",
    )
    assert [track.cue_s for track in one_disc.tracks[:3]] == [0.0, 251.0, 464.0]
    four_discs = only(real_sources / "discogs" / "r3151795.json.gz")
    assert {track.recording for track in four_discs.tracks} == {1, 2, 3, 4}
    assert four_discs.tracks[6].artist == "Black & White Vs. Intraspekt & Outsider"
    assert four_discs.tracks[0].section == "CD1 - Al Storm Vs. Technikore"
    parts = only(real_sources / "discogs" / "r3446241.json")
    assert [track.kind for track in parts.tracks[:4]] == [
        TrackKind.MAIN,
        TrackKind.WITH,
        TrackKind.WITH,
        TrackKind.MAIN,
    ]
    assert (parts.tracks[0].artist, parts.tracks[3].cue_s) == ("", 61.0)


def test_releases_of_musicbrainz(real_sources: Path) -> None:
    folder = real_sources / "musicbrainz"
    made = only(folder / "release_multidisc.json")
    assert [track.recording for track in made.tracks] == [1, 1, 1, 1, 2, 2, 2]
    assert [track.cue_s for track in made.tracks] == [0.0, 256.0, 519.0, 781.0, 0.0, 249.0, 263.0]
    for name in ("release_djmix.json", "release_5medias.json", "media_pregap.json"):
        page = read(folder / name)
        assert (page.kind, bool(page.reason)) == (PageKind.UNKNOWN, True), "no tracks in these answers"


def test_an_episode_of_nts(real_sources: Path) -> None:
    made = only(real_sources / "nts" / "TRANSCRIBED-tracklist-rotational-2026-07-06.json")
    assert [(track.artist, track.cue_s) for track in made.tracks] == [
        ("Game Walla", 20.0),
        ("MN", 225.0),
        ("", None),
    ]
    assert read(real_sources / "nts" / "api_example_live.json").kind is PageKind.SEARCH
