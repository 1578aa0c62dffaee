"""Traktor's histories, playlists, and the text that is made of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from made_histories import names, nml, packed, playlist, read, row, the_set

from tlray.model import PageKind, Tracklist
from tlray.readers.traktor import TraktorReader

TRAKTOR = TraktorReader()
DAY = packed(2024, 5, 31)
ENTRIES = [
    {
        "FILE": "a.mp3",
        "ARTIST": "Bo & Cy",
        "TITLE": "Ocean",
        "LABEL": "Deep",
        "CATALOG_NO": "DP 1",
        "GENRE": "House",
        "PLAYTIME_FLOAT": "301.5",
    },
    {"FILE": "b.mp3", "ARTIST": "Di", "TITLE": "River", "MIX": "Dub"},
    {"FILE": "Ed - Lake.mp3", "TITLE": "Ed - Lake"},
]


def played(file: str, clock: str, *, day: int = DAY, public: int = 1, lasted: float = 300.0) -> str:
    h, m, s = map(int, clock.split(":"))
    return row(
        file, DECK=0, DURATION=lasted, PLAYEDPUBLIC=public, STARTDATE=day, STARTTIME=h * 3600 + m * 60 + s
    )


def history(*rows: str, name: str = "history.nml", **given: Any) -> Tracklist:
    return the_set(TRAKTOR, nml(ENTRIES, playlist(*rows)), name, **given)


def test_a_history_is_what_was_played_in_public() -> None:
    made = history(
        played("b.mp3", "20:00:00", public=0),
        played("a.mp3", "23:50:00"),
        played("b.mp3", "23:55:01"),
        played("Ed - Lake.mp3", "00:00:30", day=packed(2024, 6, 1)),
        played("b.mp3", "00:05:00", day=packed(2024, 6, 1)),
        zone=ZoneInfo("Europe/Berlin"),
    )
    assert (made.site, made.title, made.date, made.is_live) == ("traktor", "history", date(2024, 5, 31), None)
    assert names(made) == [("Bo & Cy", "Ocean"), ("Di", "River (Dub)"), ("Ed", "Lake"), ("Di", "River (Dub)")]
    assert [t.cue_s for t in made.tracks] == [0.0, 301.0, 630.0, 900.0]
    assert {t.cue_precision for t in made.tracks} == {"logged"}
    first = made.tracks[0]
    assert first.played_at == datetime(2024, 5, 31, 21, 50, tzinfo=UTC)
    assert (first.labels, first.catalogue_number, first.genres, first.duration_s) == (
        ["Deep"],
        "DP 1",
        ["House"],
        301.5,
    )
    assert first.text == "Bo & Cy - Ocean [Deep]"
    assert made.quality_issues == ["1 row preheard"]
    assert "Users" not in repr(made)


def test_the_clock_of_an_unknown_zone_is_said_to_be_local() -> None:
    made = history(played("a.mp3", "23:50:00"), played("b.mp3", "23:55:00"))
    assert made.tracks[0].played_at == datetime(2024, 5, 31, 23, 50, tzinfo=UTC)
    assert made.quality_issues == ["local_time"]


def test_a_sound_check_hours_before_leaves_no_cue() -> None:
    made = history(played("a.mp3", "18:51:58"), played("b.mp3", "20:48:48"), played("a.mp3", "20:53:00"))
    assert [t.cue_s for t in made.tracks] == [None] * 3
    assert all(t.played_at for t in made.tracks)
    assert made.quality_issues == ["local_time", "clock_times"]


def test_a_day_that_is_not_set_back_at_midnight_rolls_over() -> None:
    made = history(played("a.mp3", "23:58:00"), played("b.mp3", "00:02:00"), played("a.mp3", "00:06:00"))
    assert [t.cue_s for t in made.tracks] == [0.0, 240.0, 480.0]
    assert made.tracks[2].played_at == datetime(2024, 6, 1, 0, 6, tzinfo=UTC)


def test_a_history_without_days_has_no_times_and_the_day_of_its_name() -> None:
    rows = (played("a.mp3", "00:00:00", day=0), played("b.mp3", "00:00:00", day=1))
    made = history(*rows, name="history_2022y07m17d_20h06m38s.nml")
    assert (made.date, made.tracks[0].played_at, made.tracks[0].cue_s) == (date(2022, 7, 17), None, None)
    assert made.quality_issues == []


def test_a_file_that_is_not_in_the_collection_is_named_by_itself() -> None:
    made = history(played("Fay - Pond.mp3", "20:00:00"), played("a.mp3", "20:05:00"))
    assert names(made) == [("Fay", "Pond"), ("Bo & Cy", "Ocean")]
    assert "names_from_files" in made.quality_issues


def test_every_plain_playlist_is_a_set_without_times() -> None:
    lists = [playlist(row("a.mp3"), row("b.mp3"), name="One", kind="LIST"), playlist(name="Empty", kind="LIST"),
             playlist(row("b.mp3"), name="Two", kind="LIST")]  # fmt: skip
    page = read(TRAKTOR, nml(ENTRIES, *lists), "collection.nml")
    assert [(s.title, s.track_count, s.date, s.cued_count) for s in page.tracklists] == [
        ("One", 2, None, 0),
        ("Two", 1, None, 0),
    ]
    ids = [s.source_id or "" for s in page.tracklists]
    assert [source_id[-2:] for source_id in ids] == ["-1", "-2"]
    assert ids[0][:-2] == ids[1][:-2]


def test_a_mark_that_a_user_set_before_all_names_is_no_name() -> None:
    entries = [{"FILE": f"{i}.mp3", "ARTIST": f"(U) Artist {i}", "TITLE": "T"} for i in range(4)]
    made = the_set(
        TRAKTOR, nml(entries, playlist(*(row(f"{i}.mp3") for i in range(4)), kind="LIST")), "x.nml"
    )
    assert made.tracks[3].artist == "Artist 3"
    assert made.tracks[3].text == "Artist 3 - T"
    alone = the_set(TRAKTOR, nml(entries, playlist(row("1.mp3"), kind="LIST")), "x.nml")
    assert alone.tracks[0].artist == "(U) Artist 1"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (nml(ENTRIES), "no playlist with rows"),
        (nml(ENTRIES, playlist(played("a.mp3", "20:00:00", public=0))), "no row that was played in public"),
        (nml(ENTRIES, playlist(row("a.mp3")))[:-30], "cut off: XML without its end"),
        ("<NML/>", "no playlist with rows"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><NML>&a;</NML>', "XML that declares entities: not read"),
        ("1. One\n2. Two\n", "no line such as: 1. Title by Artist"),
    ],
)
def test_what_holds_no_set_is_said(body: str, reason: str) -> None:
    page = read(TRAKTOR, body, "x.nml")
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, reason)


def test_no_entity_and_no_file_of_the_machine_is_read() -> None:
    bomb = (
        '<!DOCTYPE n [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><NML><COLLECTION>&b;</COLLECTION></NML>'
    )
    xxe = (
        '<!DOCTYPE n [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        + nml([], playlist(row("&a;"))).split("?>\n")[1]
    )
    outside = (
        '<!DOCTYPE NML SYSTEM "http://127.0.0.1:9/x.dtd">'
        + nml(ENTRIES, playlist(row("a.mp3"))).split("?>\n")[1]
    )
    assert read(TRAKTOR, bomb, "x.nml").kind is PageKind.UNKNOWN
    assert "root:" not in repr(read(TRAKTOR, xxe, "x.nml"))
    assert the_set(TRAKTOR, outside, "x.nml").track_count == 1
    deep = "<NML><PLAYLISTS>" + "<NODE>" * 5_000 + "</NODE>" * 5_000 + "</PLAYLISTS></NML>"
    assert read(TRAKTOR, deep, "x.nml").kind is PageKind.UNKNOWN


TEXT = """HISTORY
1. Ocean (Original Mix) by Bo, Cy
2. Stand by Me by Di
3. River by Ed
"""


def test_the_text_has_the_title_first_and_the_last_by_divides() -> None:
    made = the_set(TRAKTOR, TEXT, "history_2022y07m17d.txt")
    assert names(made) == [("Bo, Cy", "Ocean (Original Mix)"), ("Di", "Stand by Me"), ("Ed", "River")]
    assert (made.title, made.date, made.media_type) == (
        "history_2022y07m17d",
        date(2022, 7, 17),
        "text/plain",
    )
    assert the_set(TRAKTOR, TEXT.replace("HISTORY", "Friday Night"), "x.txt").title == "Friday Night"


@pytest.mark.parametrize(
    ("body", "is_ours"),
    [
        (TEXT, True), (TEXT.partition("\n")[2], True), (nml([]), True), (nml([]).encode("utf-16").decode("utf-16"), True),
        ("1. Bo - Stand by Me\n2. Cy - Down by Law\n3. Di - By by By\n", False),  # dashes divide
        ("1. Ocean by Bo\n2. River\n3. Lake\n", False), ("Written by Ada\nfor all\n", False), ("<html>", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_of_traktor_is_known_by_its_content(body: str, is_ours: bool) -> None:
    assert TRAKTOR.recognises(body.encode(), "x") == is_ours


PAGE = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<style type="text/css">td { color: red }</style>
<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<html><head><title>Track List HISTORY</title></head><body><h1>Track List: HISTORY</h1><table class="border">
<tr><th>Num.</th><th>Artist</th><th>Title</th><th>Start Time</th><th>Duration</th></tr>
<tr><td>1</td><td>Bo &amp; Cy</td><td>Ocean</td><td>2025/1/29 23:58:10</td><td>04:00</td></tr>
<tr><td>2</td><td></td><td>Di - River</td><td>2025/1/30 0:02:06</td><td>04:00</td></tr>
</table></body></html>"""


def test_the_list_as_a_web_page() -> None:
    assert TRAKTOR.recognises(PAGE.encode(), "history.html")
    made = the_set(TRAKTOR, PAGE, "history.html")
    assert names(made) == [("Bo & Cy", "Ocean"), ("Di", "River")]
    assert [(t.cue_s, t.cue_text) for t in made.tracks] == [
        (0.0, "2025/1/29 23:58:10"),
        (236.0, "2025/1/30 0:02:06"),
    ]
    assert (made.title, made.date, made.quality_issues) == ("history", date(2025, 1, 29), ["local_time"])
    assert read(TRAKTOR, PAGE.replace("Artist", "Wer"), "x.html").reason == "no table with artist and title"
    assert not TRAKTOR.recognises(b"<html><title>Track List of mine</title><p>1. A - B</html>", "x.html")
