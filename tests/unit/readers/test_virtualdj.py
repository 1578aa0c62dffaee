"""VirtualDJ's histories."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from made_histories import names, read, the_set

from tlray.model import PageKind
from tlray.readers.interface import FileReader
from tlray.readers.rekordbox import RekordboxReader
from tlray.readers.virtualdj import VirtualDJReader

VDJ = VirtualDJReader()
START = 1_717_192_800  # 2024-05-31 22:00 UTC


def rows(*given: tuple[str, int, str], factor: int = 1) -> str:
    return "#EXTM3U\n" + "".join(
        f"#EXTVDJ:<time>{clock}</time><lastplaytime>{(START + second) * factor}</lastplaytime><filesize>1</filesize>{more}\n"
        "/Users/ada/Music/x.mp3\n"
        for clock, second, more in given
    )


NIGHT = rows(
    ("23:50", -600, "<artist>Bo & Cy</artist><title>Ocean</title><songlength>300.5</songlength>"),
    ("23:55", -300, "<artist>Di &amp; Ed</artist><title>River</title><remix>Dub</remix>"),
    ("00:00", 0, "<artist>Fay</artist><title>Lake [Dub]</title><remix>dub</remix>"),
)


@pytest.mark.parametrize("factor", [1, 1000])
def test_a_history_says_when_and_where_the_day_began(factor: int) -> None:
    text = rows(
        ("23:50", -600, "<artist>Bo & Cy</artist><title>Ocean</title>"),
        ("00:00", 0, "<title>Di - River</title>"),
        factor=factor,
    )
    made = the_set(VDJ, text, "history.m3u")
    assert (made.site, made.date) == (
        "virtualdj",
        date(2024, 5, 31),
    )  # two hours ahead of UTC, as the clock says
    assert [(t.cue_s, t.cue_precision, t.cue_text) for t in made.tracks] == [
        (0.0, "logged", "23:50"),
        (600.0, "logged", "00:00"),
    ]
    assert made.tracks[1].played_at == datetime(2024, 5, 31, 22, tzinfo=UTC)
    assert made.quality_issues == []


def test_names_are_not_escaped_and_a_remix_joins_the_title_once() -> None:
    made = the_set(VDJ, NIGHT, "x.m3u")
    assert names(made) == [("Bo & Cy", "Ocean"), ("Di & Ed", "River (Dub)"), ("Fay", "Lake [Dub]")]
    assert made.tracks[0].duration_s == 300.5
    assert "ada" not in repr(made)


@pytest.mark.parametrize(
    ("clock", "zone", "day", "issues"),
    [
        ("10:00", None, date(2024, 6, 1), []),  # Auckland
        ("15:00", None, date(2024, 5, 31), []),  # Los Angeles
        ("10:00", ZoneInfo("Europe/Berlin"), date(2024, 6, 1), []),
    ],
)
def test_the_day_is_that_of_the_place(
    clock: str, zone: ZoneInfo | None, day: date, issues: list[str]
) -> None:
    made = the_set(VDJ, rows((clock, 0, "<title>T</title>")), "x.m3u", zone=zone)
    assert (made.date, made.quality_issues) == (day, issues)


def test_a_clock_to_the_minute_gives_moments_and_no_cues() -> None:
    text = "#EXTVDJ:<time>23:58</time><title>A</title>\nx.mp3\n#EXTVDJ:<time>00:02</time><title>B</title>\nnetsearch://dz1\n"
    made = the_set(VDJ, text, "2021-01-09.m3u")
    assert [t.played_at for t in made.tracks] == [
        datetime(2021, 1, 9, 23, 58, tzinfo=UTC),
        datetime(2021, 1, 10, 0, 2, tzinfo=UTC),
    ]
    assert (made.date, made.cued_count, made.quality_issues) == (
        date(2021, 1, 9),
        0,
        ["local_time", "clock_times"],
    )


def test_rows_without_a_path_and_pseudo_xml_that_is_torn() -> None:
    text = (
        "#EXTVDJ:<artist>A</artist><title>One</title>\n#EXTVDJ:<title>Two</b></title><artist>never closed\n"
        "#EXTVDJ:</title><title>a < b</title>"
    )
    assert names(the_set(VDJ, text, "x.m3u")) == [("A", "One"), ("", "Two</b>"), ("", "a < b")]


def test_a_bare_list_is_named_by_its_files_without_their_numbers() -> None:
    text = "#EXTM3U\n#EXTINF\n/m/Bo/1-02 Ocean.mp3\n#EXTINF\nC:\\m\\03 Cy - River.m4a\n#EXTINF\n/m/05 99 Luftballons.mp3\n"
    made = the_set(VDJ, text.encode("cp1252"), "2021-01-09.m3u")
    assert names(made) == [("", "Ocean"), ("Cy", "River"), ("", "99 Luftballons")]
    assert (made.quality_issues, made.date) == (["names_from_files"], date(2021, 1, 9))
    no_head = the_set(VDJ, "Bo - Ocean.mp3\nhttp://example.com/live\nCy - River.ogg\n", "x.m3u")
    assert names(no_head) == [("Bo", "Ocean"), ("Cy", "River")]
    kept = the_set(VDJ, "#EXTM3U\n/m/99 Luftballons.mp3\n/m/Ocean.mp3\n/m/River.mp3\n", "x.m3u")
    assert kept.tracks[0].title == "99 Luftballons"


TXT = """VirtualDJ History 2026/06/11
------------------------------
23:57 : Bo - Ocean
23:58 : Cy - River - Live
00:00 : ID

VirtualDJ History 2026/06/13
------------------------------
VirtualDJ History 13/06/2026
------------------------------
9:15 : Di - Lake
"""


def test_tracklist_txt_has_a_set_a_day() -> None:
    page = read(VDJ, TXT, "tracklist.txt")
    first, second = page.tracklists
    assert [(s.title, s.date, s.track_count) for s in page.tracklists] == [
        ("VirtualDJ History 2026/06/11", date(2026, 6, 11), 3), ("VirtualDJ History 13/06/2026", date(2026, 6, 13), 1),
    ]  # fmt: skip
    assert names(first)[:2] == [("Bo", "Ocean"), ("Cy", "River - Live")]
    assert first.tracks[2].played_at == datetime(2026, 6, 12, tzinfo=UTC)
    assert (first.cued_count, first.tracks[0].cue_text, first.quality_issues) == (
        0,
        "23:57",
        ["local_time", "clock_times"],
    )
    assert second.tracks[0].cue_text == "9:15"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("VirtualDJ History 2026/06/11\n-----\n", "no row in the history"),
        ("Bo - Ocean", "no row in the list"),
        ("#EXTM3U\n", "no row in the list"),
        (
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:4,\nseg1.ts\n",
            "a playlist of HTTP streaming, no list of tracks",
        ),
    ],
)
def test_what_holds_no_set_is_said(body: str, reason: str) -> None:
    page = read(VDJ, body, "x.m3u")
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, reason)


CHANNELS = '#EXTM3U\n#EXTINF:-1 tvg-id="a" group-title="News",Channel 1 - HD\nhttp://tv.example/1.ts\n'
STATIONS = "#EXTM3U\n#EXTINF:-1,Harbour FM - Salt\nhttp://radio.example/salt\nhttps://radio.example:8000/;\n"


@pytest.mark.parametrize("reader", [VirtualDJReader(), RekordboxReader()])
@pytest.mark.parametrize(
    ("body", "reason"), [(CHANNELS, "a list of channels"), (STATIONS, "a list of stations")]
)
def test_lists_of_channels_and_stations_are_no_tracks(reader: FileReader, body: str, reason: str) -> None:
    page = read(reader, body.encode(), "x.m3u8")
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, f"{reason}, not of tracks")
    as_file = body.replace("-1", "300").replace(' tvg-id="a" group-title="News"', "")
    assert read(reader, as_file.encode(), "x.m3u8").kind is PageKind.TRACKLIST


def test_a_line_of_a_hundred_thousand_tags_takes_no_time() -> None:
    made = the_set(
        VDJ,
        "#EXTVDJ:<title>T</title>" + "<a>" * 100_000 + "\n" + "#EXTVDJ:" + "<title>" * 50_000 + "\nx.mp3\n",
        "x.m3u",
    )
    assert made.tracks[0].title == "T"


@pytest.mark.parametrize(
    ("body", "name", "is_ours"),
    [
        (TXT, "x", True),
        (NIGHT, "x", True),
        ("#EXTM3U\n", "x", True),
        ("/m/a.mp3\n", "x.M3U", True),
        ("hello", "x.txt", False),
    ],
)
def test_what_is_of_virtualdj_is_known_by_its_content(body: str, name: str, is_ours: bool) -> None:
    assert VDJ.recognises(body.encode(), name) == is_ours


def test_rows_without_a_moment_are_dated_by_those_around_them() -> None:
    text = (
        "#EXTVDJ:<time>23:58</time><title>A</title>\nx.mp3\n#EXTVDJ:<time>00:02</time>"
        f"<lastplaytime>{START + 120}</lastplaytime><title>B</title>\nx.mp3\n#EXTVDJ:<time>00:06</time><title>C</title>\nx.mp3\n"
    )
    made = the_set(VDJ, text, "history.m3u")
    clocks = [t.played_at.strftime("%H:%M") for t in made.tracks if t.played_at]
    assert clocks == ["21:58", "22:02", "22:06"]
    assert (made.date, made.cued_count, made.quality_issues) == (date(2024, 5, 31), 0, ["clock_times"])


def test_the_moments_in_a_playlist_are_of_other_nights() -> None:
    text = f"#EXTVDJ:<lastplaytime>{START}</lastplaytime><title>A</title>\nx.mp3\n"
    made = the_set(VDJ, text, "Favourites.m3u")
    assert (made.date, made.tracks[0].played_at, made.quality_issues) == (None, None, [])
    dated = the_set(VDJ, text, "2024-06-01.m3u")
    assert (dated.date, dated.quality_issues) == (date(2024, 6, 1), [])
    assert dated.tracks[0].played_at == datetime(2024, 5, 31, 22, tzinfo=UTC)
