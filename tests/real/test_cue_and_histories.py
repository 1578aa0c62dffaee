"""What real CUE sheets and histories of DJ programs are known to hold."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tlray.model import ParsedPage, Tracklist
from tlray.readers.cue import CueReader
from tlray.readers.interface import SourceFile
from tlray.readers.rekordbox import RekordboxReader
from tlray.readers.serato import SeratoReader
from tlray.readers.traktor import TraktorReader
from tlray.readers.virtualdj import VirtualDJReader

pytestmark = pytest.mark.real
READERS = (SeratoReader(), TraktorReader(), RekordboxReader(), VirtualDJReader(), CueReader())

Read = Callable[[str], ParsedPage]


@pytest.fixture(scope="module")
def sources(real_pages: Path) -> Path:
    """The folder of files of other sources."""
    folder = real_pages.parent / "sources"
    if not folder.is_dir():
        pytest.skip(f"no real files of other sources in {folder}")
    return folder


@pytest.fixture(scope="module")
def read(sources: Path) -> Read:
    """Reads a file by the reader that knows it by its content."""

    def read_it(name: str) -> ParsedPage:
        path = sources / name
        if not path.is_file():
            pytest.skip(f"no {name} in {sources}")
        body = path.read_bytes()
        if path.suffix == ".gz":
            body, path = gzip.decompress(body), path.with_suffix("")
        file = SourceFile(path.name, body)
        return next(reader for reader in READERS if reader.recognises(file.head, file.name)).read(file)

    return read_it


def the_set(page: ParsedPage) -> Tracklist:
    assert page.reason is None, page.reason
    (only,) = page.tracklists
    return only


def rows(made: Tracklist) -> list[tuple[str, str]]:
    return [(track.artist, track.title) for track in made.tracks]


def test_every_sheet_is_a_set_with_a_row_for_each_of_its_audio_tracks(sources: Path, read: Read) -> None:
    sheets = sorted((sources / "cue").glob("*.cue"))
    assert sheets
    for path in sheets:
        made = the_set(read(f"cue/{path.name}"))
        assert made.site == "file", path.name
        assert made.cued_count == made.track_count > 0, path.name
        assert "\\" not in repr(made.recordings), path.name
        if b"\0" not in path.read_bytes():
            assert made.track_count == path.read_bytes().upper().count(b" AUDIO"), path.name


def test_the_encodings_of_one_sheet_give_one_set(sources: Path, read: Read) -> None:
    sheets = [
        the_set(read(f"cue/{path.name}")) for path in sorted((sources / "cue").glob("cuesheetnet-enc-*.cue"))
    ]
    assert len(sheets) > 3
    assert all(rows(made) == rows(sheets[0]) and made.title == "Aqualung" for made in sheets)
    assert all([t.cue_s for t in made.tracks] == [t.cue_s for t in sheets[0].tracks] for made in sheets)
    assert sheets[0].tracks[4].title == "Wond’ring Aloud"


@pytest.mark.parametrize(
    ("name", "artist", "title"),
    [
        ("atl-CDImage-gb18030.cue", "周華健", "最後圓舞曲"),
        ("atl-chinese-24.cue", "歌声伴随你", "音轨序号01"),
        ("flacon-ru_cp1251.cue", "Супер группа", "Трек 01"),
        ("justlaputa-Paco_de_Lucia_-_Fuente_y_Caudal.eac.cue", "Paco de Lucía", "Entre Dos Aguas (Rumba)"),
        ("flacon-testCue_03_stonecold.cue", "Robin Zander", "Stone Cold Crazy"),
        ("cuesheetnet-enc-UTF-8.cue", "Jethro Tull", "Aqualung"),
    ],
)
def test_names_in_other_scripts_and_without_a_performer(
    read: Read, name: str, artist: str, title: str
) -> None:
    assert rows(the_set(read(f"cue/{name}")))[0] == (artist, title)


def test_a_recording_of_rekordbox_lasts_more_than_an_hour(read: Read) -> None:
    made = the_set(read("cue/rekordbox-music-and-love.cue"))
    assert (made.track_count, made.date, made.djs) == (21, date(2022, 10, 29), ["The Acidic Rabbi"])
    assert [t.cue_s for t in made.tracks][-1] == 4733.0
    assert made.tracks[0].artist == "Nile Delta, Knightlife, Chicken Lips, Tornado Wallace"
    assert {t.recording for t in made.tracks} == {1}


def test_no_short_rip_is_taken_for_one_of_rekordbox(sources: Path, read: Read) -> None:
    for path in sorted((sources / "cue").glob("*.cue")):
        assert "hours_guessed" not in the_set(read(f"cue/{path.name}")).quality_issues, path.name


HISTORY = "histories/troysandal-history_2022y07m17d_20h06m38s.nml.gz"


def test_a_history_of_traktor_leaves_out_what_was_preheard(read: Read) -> None:
    made = the_set(read(HISTORY))
    assert (made.track_count, made.date) == (46, date(2022, 7, 16))
    assert "8 rows preheard" in made.quality_issues
    assert [t.cue_s for t in made.tracks[:3]] == [0.0, 46.0, 573.0]
    assert all(t.played_at for t in made.tracks)


def test_the_text_of_a_history_has_the_rows_of_its_show_and_one_that_was_preheard(read: Read) -> None:
    text = rows(the_set(read("text/troysandal-traktor.trackoffset.txt")))
    text.remove(("FC Kahuna", "Hayling (John Digweed & Nick Muir Remix)"))
    assert len(text) == 36
    assert rows(the_set(read(HISTORY)))[-36:] == text


def test_a_first_row_hours_before_leaves_no_cues(read: Read) -> None:
    made = the_set(read("histories/troysandal-Rezidence28.nml.gz"))
    assert (made.track_count, made.cued_count) == (23, 0)
    assert "clock_times" in made.quality_issues


def test_playlists_of_traktor_have_no_times_and_no_marks(read: Read) -> None:
    first, second = read("histories/troysandal-Traktor_Rezidence19.2.nml.gz").tracklists
    assert first.track_count == second.track_count == 22
    assert not any(track.artist.startswith("(U)") for track in first.tracks)


def test_the_exports_of_rekordbox_agree(read: Read) -> None:
    library = {made.title: rows(made) for made in read("histories/troysandal-RekordBox.xml").tracklists}
    assert {title: len(found) for title, found in library.items()} == {"Rezidence 22": 22, "rezidence 20": 11}
    assert rows(the_set(read("histories/troysandal-RekordBox_Rezidence 22.txt"))) == library["Rezidence 22"]
    assert rows(the_set(read("histories/troysandal-RekordBox_Rezidence22.m3u8"))) == library["Rezidence 22"]
    assert rows(the_set(read("histories/troysandal-RekordBox_Rezidence20.m3u8"))) == library["rezidence 20"]
    assert read("histories/djdc-rekordbox.xml").reason == "a collection without playlists"


@pytest.mark.parametrize(
    ("name", "n_rows"),
    [("2.4-mac-12", 51), ("2.4-mac-80", 1), ("2.4-mac-84", 18), ("2.5-win-1", 3), ("tidal-86", 17)],
)
def test_sessions_of_serato(read: Read, name: str, n_rows: int) -> None:
    made = the_set(read(f"histories/serato-{name}.session"))
    assert (made.site, made.track_count, made.cued_count) == ("serato", n_rows, n_rows)
    assert made.tracks[0].played_at is not None


def test_lists_of_virtualdj(read: Read) -> None:
    made = the_set(read("histories/virtualdj-2021-01-09.m3u"))
    assert (made.track_count, made.tracks[0].title, made.tracks[23].artist) == (
        47,
        "Lily",
        "The Human League",
    )
    quoted = the_set(read("virtualdj/TRANSCRIBED-extvdj.m3u"))
    assert rows(quoted)[0] == ("Nick Cave & The Bad Seeds", "Hollywood")


def test_no_folder_of_anybody_is_in_what_was_read(sources: Path, read: Read) -> None:
    for folder in ("cue", "histories", "virtualdj"):
        for path in sorted((sources / folder).iterdir()):
            told = repr(read(f"{folder}/{path.name}"))
            for place in ("/Users", "C:\\", "D:\\", "/av/", "/:", "file:///"):
                assert place not in told, (path.name, place)
