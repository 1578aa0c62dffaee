"""rekordbox's tables, M3U8 lists and XML."""

from __future__ import annotations

from datetime import date

import pytest
from made_histories import names, read, the_set

from tlray.model import PageKind
from tlray.readers.rekordbox import RekordboxReader

REKORDBOX = RekordboxReader()
HEADER = "#\tArtwork\tTrack Title\tArtist\tAlbum\tGenre\tBPM\tRating\tTime\tKey\tDate Added"


def table(header: str, *rows: str) -> bytes:
    return ("\ufeff" + "\r\n".join([header, *rows]) + "\r\n").encode("utf-16-le")


def test_a_table_is_read_by_its_header() -> None:
    body = table(
        HEADER,
        "1\t\tOcean\tBo, Cy\tAlbum\tHouse\t120.00\t     \t04:56\t5A\t2022-08-20",
        "2\t\tDi - River\t\t\t\t\t\t1:04:56\t\t",
        "\t\t\t",
    )
    assert REKORDBOX.recognises(body, "x.txt")
    made = the_set(REKORDBOX, body, "HISTORY 2023-04-01.txt")
    assert names(made) == [("Bo, Cy", "Ocean"), ("Di", "River")]
    assert [(t.duration_s, t.cue_s, t.cue_precision, t.genres) for t in made.tracks] == [
        (296.0, None, "unknown", ["House"]), (3896.0, None, "unknown", []),
    ]  # fmt: skip
    assert (made.site, made.title, made.date, made.quality_issues) == (
        "rekordbox",
        "HISTORY 2023-04-01",
        date(2023, 4, 1),
        [],
    )


def test_columns_stand_in_any_order_and_a_mix_joins_the_title() -> None:
    body = table(
        "#\tArtist\tLabel\tMix Name\tTrack Title",
        "1\tBo\tDeep\tOriginal Mix\tOcean",
        "2\tCy\t\tDub\tRiver (Dub)",
    )
    made = the_set(REKORDBOX, body, "x.txt")
    assert [t.text for t in made.tracks] == ["Bo - Ocean (Original Mix) [Deep]", "Cy - River (Dub)"]
    assert made.date is None


@pytest.mark.parametrize(
    "header",
    [
        "#\tArtwork\tTitel\tInterpret\tAlbum", "#\tIllustration\tTitre\tArtiste\tAlbum",
        "#\tアートワーク\tトラックタイトル\tアーティスト\tアルバム",
        "#\tCarátula\tTítulo\tArtista\tÁlbum",
    ],
)  # fmt: skip
def test_headers_in_other_languages(header: str) -> None:
    made = the_set(REKORDBOX, table(header, "1\t\tOcean\tBo\tA"), "x.txt")
    assert (names(made), made.quality_issues) == ([("Bo", "Ocean")], [])


def test_no_figures_are_guessed_to_be_names() -> None:
    for header, row in (
        ("#\tTrack Title\tBPM\tTime", "1\tDi - River\t124\t05:00"),
        ("#\tTrack Title\tKey\tBPM", "1\tDi - River\t8A\t124,00"),
    ):
        made = the_set(REKORDBOX, table(header, row), "x.txt")
        assert (names(made), made.quality_issues) == ([("Di", "River")], [])


def test_columns_of_an_unknown_language_are_taken_in_the_usual_order_and_said_to_be_a_guess() -> None:
    made = the_set(REKORDBOX, table("#\tEins\tZwei\tDrei\tVier", "1\t\tOcean\tBo\tA"), "x.txt")
    assert (names(made), made.quality_issues) == ([("Bo", "Ocean")], ["columns_guessed"])


M3U8 = """#EXTM3U\r
#EXTINF:296,Bo feat. Cy - Ocean - Live\r
/Users/ada/Music/Bo/Ocean.mp3\r
#EXTINF:503,Di  River (Dub)\r
/Users/ada/Music/Di/Waters/123_River.mp3\r
#EXTINF:-1,Lake  of Ed\r
C:\\Music\\Ed\\Lake.mp3\r
"""


def test_an_m3u8_list_splits_at_the_first_dash_and_leaves_no_path() -> None:
    assert REKORDBOX.recognises(M3U8.encode(), "x.m3u8")
    assert not REKORDBOX.recognises(M3U8.encode(), "x.m3u")
    made = the_set(REKORDBOX, M3U8, "Friday.m3u8")
    assert names(made) == [("Bo feat. Cy", "Ocean - Live"), ("Di", "River (Dub)"), ("", "Lake of Ed")]
    assert [t.duration_s for t in made.tracks] == [296.0, 503.0, None]
    assert "ada" not in repr(made)


XML = """<?xml version="1.0" encoding="UTF-8"?>
<DJ_PLAYLISTS Version="1.0.0"><PRODUCT Name="rekordbox" Version="6.6.4"/>
<COLLECTION Entries="3">
 <TRACK TrackID="1" Name="Ocean &amp; Sea" Artist="Bo" Genre="House" TotalTime="391" Label="Deep"
  Mix="Dub" Location="file://localhost/Users/ada/a%20b.mp3"/>
 <TRACK TrackID="2" Name="Cy - River" Artist="" TotalTime="0"
  Location="file://localhost/Users/ada/c.mp3"><TEMPO Inizio="0.1"/></TRACK>
 <TRACK TrackID="3" Name="Never" Artist="Played" TotalTime="5" Location="x"/>
</COLLECTION>
<PLAYLISTS><NODE Type="0" Name="ROOT" Count="2">
 <NODE Name="HISTORY 2023-04-01" Type="1" KeyType="0" Entries="3"><TRACK Key="2"/><TRACK Key="1"/><TRACK Key="99"/></NODE>
 <NODE Name="Empty" Type="1" KeyType="0" Entries="0"/>
 <NODE Name="Folder" Type="0"><NODE Name="By place" Type="1" KeyType="1"><TRACK Key="file://localhost/Users/ada/a%20b.mp3"/></NODE></NODE>
</NODE></PLAYLISTS></DJ_PLAYLISTS>"""


def test_every_playlist_of_the_xml_is_a_set() -> None:
    page = read(REKORDBOX, XML, "library.xml")
    first, second = page.tracklists
    assert [(s.title, s.date, s.media_type) for s in page.tracklists] == [
        ("HISTORY 2023-04-01", date(2023, 4, 1), "application/xml"),
        ("By place", None, "application/xml"),
    ]
    assert names(first) == [("Cy", "River"), ("Bo", "Ocean & Sea (Dub)"), ("", "")]
    assert (first.tracks[1].labels, first.tracks[1].genres, first.tracks[1].duration_s) == (
        ["Deep"],
        ["House"],
        391.0,
    )
    assert (first.tracks[2].identity, first.quality_issues) == ("id", ["1 row not in the collection"])
    assert names(second) == [("Bo", "Ocean & Sea (Dub)")]
    assert "ada" not in repr(page)


@pytest.mark.parametrize(
    ("body", "name", "reason"),
    [
        (
            XML.replace("<PLAYLISTS>", "<OTHERS>").replace("</PLAYLISTS>", "</OTHERS>"),
            "x.xml",
            "a collection without playlists",
        ),
        (XML[:900], "x.xml", "cut off: XML without its end"),
        (HEADER, "x.txt", "no row in the table"),
        ("#EXTM3U\n", "x.m3u8", "no row in the list"),
        ("Ocean\nRiver\n", "x.txt", "not of rekordbox: no table of tracks, no M3U, no XML"),
    ],
)
def test_what_holds_no_set_is_said(body: str, name: str, reason: str) -> None:
    page = read(REKORDBOX, body, name)
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, reason)


@pytest.mark.parametrize(
    ("body", "name", "is_ours"),
    [
        (XML, "x", True),
        (HEADER, "x", True),
        ("name\tartist\tstart time\n", "x", False),
        ("Title\tArtist\n", "x.tsv", True),
        ("#EXTM3U\n#EXT-X-VERSION:3\n", "x.m3u8", False),
        ("#EXTM3U\n#EXTVDJ:<title>T</title>\n", "x.m3u8", False),
        ("hello", "x.txt", False),
    ],
)
def test_what_is_of_rekordbox_is_known_by_its_content(body: str, name: str, is_ours: bool) -> None:
    assert REKORDBOX.recognises(body.encode(), name) == is_ours
