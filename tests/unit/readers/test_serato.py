"""Serato's sessions and the CSV of its history."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from made_histories import chunk, names, play, read, session, session_row, the_set

from tlray.model import PageKind
from tlray.readers.serato import SeratoReader

SERATO = SeratoReader()
START = 1_717_192_800  # 2024-05-31 22:00 UTC


def test_a_session() -> None:
    body = session(
        play(1, "Ocean", START),
        play(2, "Cued only", START + 100, p50=(0, 1)),
        play(3, "Bo - River", START + 280, artist=""),
        session_row(
            {
                1: (4, 4),
                6: "Lake",
                7: "Cy",
                21: "Deep",
                9: "House",
                10: "04:05.12",
                28: (START + 600, 8),
                50: (1, 1),
            }
        ),
    )
    assert SERATO.recognises(body, "x")
    made = the_set(SERATO, body, "12.session")
    assert (made.site, made.title, made.date, made.media_type) == (
        "serato",
        "12",
        date(2024, 5, 31),
        "application/x-serato-session",
    )
    assert names(made) == [("Ada", "Ocean"), ("Bo", "River"), ("Cy", "Lake")]
    assert [(t.index, t.cue_s, t.cue_precision) for t in made.tracks] == [
        (1, 0.0, "logged"),
        (2, 280.0, "logged"),
        (3, 600.0, "logged"),
    ]
    assert made.tracks[0].played_at == datetime(2024, 5, 31, 22, tzinfo=UTC)
    assert (made.tracks[2].labels, made.tracks[2].genres, made.tracks[2].duration_s) == (
        ["Deep"],
        ["House"],
        245.12,
    )
    assert made.quality_issues == ["1 row preheard", "date_utc"]
    assert "/Users" not in repr(made)
    assert the_set(SERATO, body, "x", zone=ZoneInfo("Europe/Berlin")).date == date(2024, 6, 1)


def test_a_row_that_is_written_again_replaces_the_first_and_one_may_be_taken_away() -> None:
    delete = chunk(b"oren", chunk(b"uent", (3).to_bytes(4, "big")))
    body = session(
        play(1, "Wrong", START),
        play(2, "River", START + 280),
        play(3, "Gone", START + 560),
        play(1, "Ocean", START),
        delete,
    )
    assert [t.title for t in the_set(SERATO, body, "x").tracks] == ["Ocean", "River"]


def test_rows_stand_in_the_order_of_their_starts() -> None:
    body = session(play(1, "Second", START + 60), play(2, "First", START), play(3, "Third", START + 90))
    assert [t.title for t in the_set(SERATO, body, "x").tracks] == ["First", "Second", "Third"]


def test_what_a_crash_left_is_read_up_to_the_torn_row() -> None:
    body = session(play(1, "Ocean", START), play(2, "River", START + 280))
    made = the_set(SERATO, body[:-20], "x")
    assert [t.title for t in made.tracks] == ["Ocean"]
    assert "cut off within a row" in made.quality_issues
    assert the_set(SERATO, body + b"\0" * 512, "x").quality_issues == ["date_utc"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (session(), "no row in the session"), (session(play(1, "T", START, p50=(0, 1))), "no track was played in the session"),
        (b"vrsn\xff\xff\xff\xff" + b"x" * 50, "no row in the session"),
        (session(chunk(b"oent", chunk(b"adat", b"\0\0\0\1\xff\xff\xff\xff"))), None),
    ],
)  # fmt: skip
def test_a_session_without_rows_is_said(body: bytes, reason: str | None) -> None:
    page = read(SERATO, body, "x.session")
    assert (page.kind, page.reason) == (PageKind.TRACKLIST if reason is None else PageKind.UNKNOWN, reason)


CSV = '''name,artist,bpm,start time,end time,playtime,deck,notes,album
5/31/2024,,,10:59:00 PM,1:10:00 AM,02:11:00,,,
"Ocean, or Sea",Bo,120,11:59:00 PM,12:03:30 AM,00:04:30,1,,A
River,"Cy ""C""",121,12:03:30 AM,12:08:00 AM,00:04:30,2,,
Di - Lake,,,12:08:00 AM,12:10:00 AM,00:02:00,1,,
'''


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_export_has_a_header_a_session_and_rows(separator: str, end: str) -> None:
    text = CSV.replace(",", separator).replace(f"Ocean{separator}", "Ocean,").replace("\n", end)
    assert SERATO.recognises(text.encode(), "history.csv")
    made = the_set(SERATO, text, "history.csv")
    assert names(made) == [("Bo", "Ocean, or Sea"), ('Cy "C"', "River"), ("Di", "Lake")]
    assert [(t.cue_s, t.cue_text) for t in made.tracks] == [
        (0.0, "11:59:00 PM"),
        (270.0, "12:03:30 AM"),
        (540.0, "12:08:00 AM"),
    ]
    assert made.tracks[1].played_at == datetime(2024, 6, 1, 0, 3, 30, tzinfo=UTC)
    assert (made.title, made.date, made.quality_issues) == ("history", date(2024, 5, 31), ["local_time"])


def test_the_users_choice_of_columns_and_a_day_that_may_be_of_two_months() -> None:
    text = "start time,name,artist\n20:00:00 04/05/2024,Friday,\n20:00:00,Ocean,Bo\n20:04:00,River,Cy\n"
    made = the_set(SERATO, text, "x.csv")
    assert (made.title, made.date, made.quality_issues) == ("Friday", None, ["date_ambiguous"])
    assert [(t.cue_s, t.played_at) for t in made.tracks] == [(0.0, None), (240.0, None)]


def test_clocks_to_the_minute_and_none_at_all() -> None:
    minutes = the_set(
        SERATO, "name,artist,start time\n2024-05-31,,\nOcean,Bo,20:00\nRiver,Cy,20:04\n", "x.csv"
    )
    assert (minutes.cued_count, minutes.quality_issues) == (0, ["clock_times", "local_time"])
    none = the_set(SERATO, "name,artist\nSession,\nOcean,Bo\nRiver,Cy\n", "2024-05-31.csv")
    assert (none.title, none.date, none.cued_count, none.quality_issues) == (
        "Session",
        date(2024, 5, 31),
        0,
        [],
    )


@pytest.mark.parametrize(
    "end", ["Night Fer", '"Night Ferry,Ilse,9:\n1,2\n', '"Night Ferry,Ilse\n' + "x\n" * 9]
)
def test_a_row_that_is_cut_off_is_left_out(end: str) -> None:
    rows = "Ocean,Bo,9:00:00 PM,9:05:00 PM\nRiver,Cy,9:05:00 PM,9:10:00 PM\n"
    whole = "name,artist,start time,end time\n2024-05-06,,9:00:00 PM,11:00:00 PM\n" + rows
    for body, issues in ((whole, []), (whole.rstrip(), []), (whole + end, ["cut off at a damaged line"])):
        made = the_set(SERATO, body, "x.csv")
        assert names(made) == [("Bo", "Ocean"), ("Cy", "River")]
        assert [track.cue_s for track in made.tracks] == [0, 300]
        assert made.quality_issues == [*issues, "local_time"]


def test_several_sessions_are_a_set_each() -> None:
    text = CSV + "6/30/2024,,,9:00:00 PM,,,,,\nPond,Ed,,9:00:10 PM,,,1,,\n"
    page = read(SERATO, text, "x.csv")
    assert [(s.date, s.track_count) for s in page.tracklists] == [
        (date(2024, 5, 31), 3),
        (date(2024, 6, 30), 1),
    ]


def test_a_first_row_that_a_deck_played_is_no_session() -> None:
    made = the_set(SERATO, "name,artist,deck\nOcean,,1\nRiver,Cy,2\n", "x.csv")
    assert names(made) == [("", "Ocean"), ("Cy", "River")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("name,artist,start time\n", "no row of a history"),
        ("a,b\n1,2\n", "no header of Serato's history"),
        ("", "no header of Serato's history"),
    ],
)
def test_a_table_without_rows_is_said(body: str, reason: str) -> None:
    page = read(SERATO, body, "x.csv")
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, reason)


def test_a_cell_of_a_megabyte_ends_the_table_there() -> None:
    made = the_set(SERATO, CSV + '"' + "x" * 1_000_000 + '"\n', "x.csv")
    assert made.track_count == 3
    assert "cut off at a damaged line" in made.quality_issues


@pytest.mark.parametrize("body", [b"vrsn\0\0\0\x02\0x", b"hello", b"url,site,name\n", b"name,price\nx,1\n"])
def test_other_files_are_not_of_serato(body: bytes) -> None:
    assert not SERATO.recognises(body, "x.csv")


def test_zones_and_dots_in_times() -> None:
    text = "name,artist,start time\n31/05/2024,,20:10:00 GMT-4\nOcean,Bo,20:10:29 GMT-4\nRiver,Cy,20:14:29 GMT-4\n"
    made = the_set(SERATO, text, "x.csv")
    assert made.tracks[0].played_at == datetime(2024, 6, 1, 0, 10, 29, tzinfo=UTC)
    assert (made.date, made.quality_issues) == (date(2024, 5, 31), [])
    text = 'name,artist,start time\nFriday,,"10.01.2019, 20.00.00 EET"\nOcean,Bo,20.00.10 EET\nRiver,Cy,20.04.10 EET\n'
    made = the_set(SERATO, text, "x.csv")
    assert (made.title, made.date, [t.cue_s for t in made.tracks]) == (
        "Friday",
        date(2019, 1, 10),
        [0.0, 240.0],
    )
    assert made.tracks[0].played_at == datetime(2019, 1, 10, 20, 0, 10, tzinfo=UTC)


def page(*rows: tuple[str, str]) -> str:
    body = "".join(
        f'<div class="playlist-track " id="track_{n}"><div class="playlist-tracktime">\n {time} </div>'
        f'<div class="playlist-trackname">\n {name} </div></div>'
        for n, (time, name) in enumerate(rows, 7)
    )
    return (
        "<!DOCTYPE html><html><head><title>5/7/2025 - DJ Ada - Serato DJ Playlists</title></head><body><a>ada@example.com</a>"
        '<div class="playlist-heading"><h1>5/7/2025</h1><span class="playlist-dj-subtitle">Serato Playlist by DJ Ada</span></div>'
        f'<div id="playlist_tracklist" class="card">{body}</div></body></html>'
    )


def test_a_live_page_is_newest_first() -> None:
    body = page(("59 secs ago", "Cy - River &amp; Lake"), ("5 mins ago", "Bo - Ocean"))
    assert SERATO.recognises(body.encode(), "x.html")
    made = the_set(SERATO, body, "x.html")
    assert names(made) == [("Bo", "Ocean"), ("Cy", "River & Lake")]
    assert (made.djs, made.date, made.cued_count, made.quality_issues) == (
        ["DJ Ada"],
        date(2025, 5, 7),
        0,
        ["clock_times"],
    )
    assert made.tracks[0].track_id == "8"
    assert "ada@" not in repr(made)


@pytest.mark.parametrize(
    ("times", "cues", "issues"),
    [
        (("0:00", "03:10", "1:02:10"), [0.0, 190.0, 3730.0], []),
        (("00:00:00", "00:03:10", "00:02:10"), [None] * 3, ["clock_times"]),
        (("21:00:00", "21:04:00", "21:09:00"), [None] * 3, ["clock_times"]),
        (("", "", ""), [None] * 3, []),
    ],
)
def test_times_of_a_set_that_is_over(
    times: tuple[str, str, str], cues: list[float | None], issues: list[str]
) -> None:
    made = the_set(SERATO, page(*((time, f"A - {n}") for n, time in enumerate(times))), "x.html")
    assert ([t.cue_s for t in made.tracks], made.quality_issues) == (cues, issues)


def test_a_page_without_rows_is_said() -> None:
    assert read(SERATO, page(), "x.html").reason == "no row in the playlist"
    assert read(SERATO, page(("", "A - B")) + "<b>" * 60_000, "x.html").reason == "no row in the playlist"
