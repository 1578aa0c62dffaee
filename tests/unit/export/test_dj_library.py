"""Libraries of rekordbox and Traktor as other programs' readers and our own take them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from made_sets import a_set, a_track, any_set, cued, mashup_part, with_row
from pyrekordbox.rbxml import RekordboxXml
from traktor_nml_utils.models.collection import Nml
from xsdata.formats.dataclass.parsers import XmlParser

from tlray.export import rekordbox_xml, traktor_nml
from tlray.export.chapters import Chapters, chapter_title, chapters_of
from tlray.export.interface import LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line
from tlray.model import Track, TrackKind, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file

FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
FORMATS = [rekordbox_xml, traktor_nml]
Names = list[tuple[str, str]]


def document(module: object, *sets: Tracklist) -> bytes:
    chunks = module.together(sets, ChapterOptions())  # type: ignore[attr-defined]
    return b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))


def rows(tracklist: Tracklist) -> list[Track]:
    return [track for track in tracklist.tracks if track.kind is not TrackKind.MASHUP_PART]


def names(tracklist: Tracklist) -> Names:
    return [(one_line(track.artist), one_line(track.title or track.text)) for track in rows(tracklist)]


def expected_marks(sets: list[Tracklist]) -> list[list[tuple[float, str]]]:
    found = [one for made in sets for one in chapters_of(made, ChapterOptions(), ticks_per_s=1000)]
    return [
        [(start.at / 1000, one_line(chapter_title(start))) for start in one.recording.starts]
        for one in found
        if isinstance(one, Chapters)
    ]


def by_rekordbox(content: bytes) -> tuple[list[Names], list[list[tuple[float, str]]]]:
    """Playlists and memory cues, as pyrekordbox reads them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "library.xml"
        path.write_bytes(content)
        library = RekordboxXml(path)
        tracks = {track.TrackID: track for track in library.get_tracks()}
        assert len(tracks) == library.num_tracks == int(library._collection.attrib["Entries"])
        assert len({track["Location"] for track in tracks.values()}) == len(tracks)
        nodes = library.root_playlist_folder.get_playlists()
        assert len({node.name for node in nodes}) == len(nodes)
        lists = [
            [(tracks[key].get("Artist", ""), tracks[key].get("Name", "")) for key in node.get_tracks()]
            for node in nodes
        ]
        marks = [
            [(mark.Start, mark.Name) for mark in track.marks] for track in tracks.values() if track.marks
        ]
        assert all(mark.Type == "cue" and mark.Num == -1 for track in tracks.values() for mark in track.marks)
        return lists, marks


def by_traktor(content: bytes) -> tuple[list[Names], list[list[tuple[float, str]]]]:
    """Playlists and cue points, as traktor-nml-utils reads them."""
    nml = XmlParser().from_bytes(content, Nml)
    entries = {f"{e.location.volume}{e.location.dir}{e.location.file}": e for e in nml.collection.entry}
    assert len(entries) == len(nml.collection.entry) == nml.collection.entries
    playlists = [node.playlist for node in nml.playlists.node.subnodes.node]
    assert len({playlist.uuid for playlist in playlists}) == len(playlists)
    found = [[entries[row.primarykey.key] for row in playlist.entry] for playlist in playlists]
    assert [playlist.entries for playlist in playlists] == [len(one) for one in found]
    lists = [[(entry.artist or "", entry.title or "") for entry in one] for one in found]
    return lists, [
        [(cue.start / 1000, cue.name) for cue in e.cue_v2] for e in nml.collection.entry if e.cue_v2
    ]


READERS = {rekordbox_xml: by_rekordbox, traktor_nml: by_traktor}


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.FORMAT.name)
@FEW
@given(sets=st.lists(any_set(max_tracks=6), max_size=3))
def test_any_sets_come_back_as_playlists_and_chapters_as_cues(module: object, sets: list[Tracklist]) -> None:
    content = document(module, *sets)
    etree.fromstring(content)
    lists, marks = READERS[module](content)  # type: ignore[index]
    assert lists == [names(made) for made in sets]
    assert marks == expected_marks(sets)


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.FORMAT.name)
def test_a_track_is_in_the_collection_once(module: object) -> None:
    one, other = (cued(0, 60, title=title, source_id=title) for title in ("One", "Two"))
    content = document(module, one, other).decode()
    assert content.count("Title 1.mp3") + content.count("Title%201.mp3") == (
        1 if module is rekordbox_xml else 3
    )
    lists, _ = READERS[module](content.encode())  # type: ignore[index]
    assert lists == [names(one), names(other)]


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.FORMAT.name)
def test_what_is_exported_is_imported_with_the_same_rows(module: object) -> None:
    tracks = [
        a_track(1, 0, labels=["DRUMCODE"], genres=["Techno"], duration_s=380.0),
        with_row(2, 1),
        mashup_part(3, 1),
        a_track(4),
    ]
    sets = [a_set(*tracks, title="One"), a_set(*tracks, title="One"), a_set(a_track(9, 0), title="Two")]
    page = read_file(SourceFile("library.xml", document(module, *sets)))
    assert [back.title for back in page.tracklists] == ["One", "One (2)", "Two"]
    for back, made in zip(page.tracklists, sets, strict=True):
        assert [(t.artist, t.title, t.labels, t.genres, t.duration_s) for t in back.tracks] == [
            (t.artist, t.title, t.labels, t.genres, t.duration_s) for t in rows(made)
        ]


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.FORMAT.name)
def test_what_is_left_out_is_reported_and_stands_in_a_comment(module: object) -> None:
    made = a_set(a_track(1, 0), a_track(2, title="a -- b"))
    found = list(module.per_set(made, ChapterOptions()))  # type: ignore[attr-defined]
    assert found[1:] == [LeftOut("Someone @ Somewhere", "1pn8l919", "1 row without a start: no cue")]
    assert isinstance(found[0], SetFile)
    assert b"<!-- left out, no cue: Artist 2 - a - - b (row 2) -->" in b"".join(found[0].chunks)
    together = module.together([made], ChapterOptions())  # type: ignore[attr-defined]
    assert [chunk for chunk in together if isinstance(chunk, LeftOut)] == found[1:]
