"""Text against real lists: figures that must not fall, and files whose meaning is known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import text_accuracy as accuracy

from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file
from tlray.readers.text import TextReader
from tlray.sites.text import FoundList, find_list

pytestmark = pytest.mark.real


@pytest.mark.parametrize("shape", accuracy.SHAPES)
def test_artists_titles_and_cues_of_soulection(real_sources: Path, shape: str) -> None:
    names, cues = accuracy.soulection(real_sources, shape)
    assert names.share >= 0.97, names.wrong
    assert not cues.wrong
    assert names.total > 1_000


def test_the_list_in_a_description_is_found_exactly_or_none_is_made(real_sources: Path) -> None:
    blocks, none = accuracy.descriptions(real_sources)
    assert blocks.wrong == []
    assert none.wrong == []
    assert (blocks.total, none.total) == (16, 3)


def test_descriptions_of_videos(real_sources: Path) -> None:
    score = accuracy.videos(real_sources)
    assert score.share >= 0.97, score.wrong
    assert score.total > 150


def test_lists_of_mixesdb(real_sources: Path) -> None:
    assert accuracy.wikitext(real_sources).wrong == []
    assert accuracy.parts(real_sources).wrong == []


def test_times_behind_the_names_are_ends(real_sources: Path) -> None:
    for path in (real_sources / "text").glob("audiocuesheeteditor-*.txt"):
        (made,) = read_file(SourceFile(path.name, path.read_bytes())).tracklists
        assert made.quality_issues == ["cue_end_times"]
        assert made.tracks[0].cue_s == 0
        printed = [
            accuracy.seconds(time) for time in re.findall(r"\d\d:\d\d:\d\d", path.read_text(encoding="utf-8"))
        ]
        assert [int(track.cue_s or 0) for track in made.tracks[1:]] == printed[: len(made.tracks) - 1]


def test_a_list_with_titles_first(real_sources: Path) -> None:
    found = find_list(
        (real_sources / "text" / "troysandal-traktor.trackoffset.txt").read_text(encoding="utf-8")
    )
    assert isinstance(found, FoundList)
    assert len(found.tracks) == 37
    assert (found.tracks[18].artist, found.tracks[18].title) == (
        "Double Touch, Reigan",
        "Greatest Day feat. Reigan (Lost Desert Remix)",
    )
    assert found.issues == []


def test_no_list_is_made_of_documents(real_sources: Path) -> None:
    for path in [
        *real_sources.parent.glob("*.md"),
        *Path(__file__).parents[2].glob("*.md"),
        *Path(__file__).parents[2].glob("docs/*.md"),
    ]:
        if path.name != "PAGE.md":  # it shows tracks
            assert TextReader().read(SourceFile(path.name, path.read_bytes())).tracklists == (), path
