"""The safe profile of a CUE sheet, line by line; ``tests/parts`` has real players read it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sets import a_set, a_track, any_set, cued, with_row

from tlray.errors import UsageError
from tlray.export.cue_sheet import per_set, timestamp
from tlray.export.interface import LeftOut, SetFile
from tlray.export.options import CueOptions, CueProfile, Over99
from tlray.model import CuePrecision, Tracklist


def sheets(tracklist: Tracklist, **chosen: object) -> list[str]:
    pieces = per_set(tracklist, CueOptions(**chosen))  # type: ignore[arg-type]
    return [b"".join(p.chunks).decode() for p in pieces if isinstance(p, SetFile)]


def sheet(tracklist: Tracklist, **chosen: object) -> str:
    (only,) = sheets(tracklist, **chosen)
    return only


def indexes(text: str) -> list[str]:
    return re.findall(r"^    INDEX 01 (.*)$", text, re.MULTILINE)


def titles(text: str) -> list[str]:
    return re.findall(r'^    TITLE "(.*)"$', text, re.MULTILINE)


def test_a_whole_sheet() -> None:
    tracklist = a_set(
        a_track(1, 0),
        with_row(2, 1),
        a_track(3),
        a_track(4, 3723.5, artist='Weird "Al"', title="Line\nbreak"),
    )
    assert sheet(tracklist) == (
        'REM GENRE "House, Techno"\n'
        "REM DATE 2026-05-15\n"
        'REM COMMENT "https://www.1001tracklists.com/tracklist/1pn8l919/x.html"\n'
        'PERFORMER "Someone"\n'
        'TITLE "Someone @ Somewhere"\n'
        'FILE "Someone @ Somewhere.mp3" MP3\n'
        "  TRACK 01 AUDIO\n"
        '    TITLE "Title 1 w/ Artist 2 - Title 2"\n'
        '    PERFORMER "Artist 1"\n'
        "    INDEX 01 00:00:00\n"
        "  TRACK 02 AUDIO\n"
        '    TITLE "Line break"\n'
        "    PERFORMER \"Weird 'Al'\"\n"
        "    INDEX 01 62:03:38\n"
        'REM NOTE "left out, no cue: Artist 3 - Title 3 (row 3)"\n'
    )


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        (0, "00:00:00"),
        (74, "00:00:74"),
        (75, "00:01:00"),
        (75 * 60 * 99 + 75 * 59 + 74, "99:59:74"),
        (75 * 60 * 100, "100:00:00"),  # players read on beyond 99 minutes
        (75 * 3600 * 24, "1440:00:00"),
    ],
)
def test_times_are_minutes_seconds_and_frames_of_which_75_are_a_second(frames: int, text: str) -> None:
    assert timestamp(frames) == text


@pytest.mark.parametrize(
    ("media", "kind"), [("a.mp3", "MP3"), ("A.MP3", "MP3"), ("a.m4a", "WAVE"), ("a.wav", "WAVE")]
)
def test_the_file_type_is_one_that_players_know(media: str, kind: str) -> None:
    assert f'FILE "{media}" {kind}\n' in sheet(cued(0), media=media)


@pytest.mark.parametrize("media", ["", "x" * 1001])
def test_a_media_name_that_no_sheet_can_hold_is_refused(media: str) -> None:
    with pytest.raises(UsageError, match="media file's name"):
        CueOptions(media=media)


def test_a_byte_order_mark_only_on_demand() -> None:
    assert not sheet(cued(0)).startswith("\ufeff")
    assert sheet(cued(0), bom=True).startswith("\ufeffREM")


def test_a_set_without_any_cue_has_no_sheet_and_it_is_said() -> None:
    assert list(per_set(cued(None, None), CueOptions())) == [
        LeftOut("Someone @ Somewhere", "1pn8l919", "no row has a cue")
    ]


def test_a_cue_that_is_not_exact_is_no_index_unless_it_is_asked_for() -> None:
    tracklist = a_set(
        a_track(1, 0),
        a_track(2, 60, cue_precision=CuePrecision.MINUTE),
        a_track(3, 90.5, cue_precision=CuePrecision.LOGGED),
        a_track(4, 120),
    )
    text = sheet(tracklist)
    assert indexes(text) == ["00:00:00", "02:00:00"]
    assert text.endswith(
        'REM NOTE "left out, no exact cue (minute): Artist 2 - Title 2 (row 2)"\n'
        'REM NOTE "left out, no exact cue (logged): Artist 3 - Title 3 (row 3)"\n'
    )
    text = sheet(tracklist, cue_precision=(CuePrecision.LOGGED,))
    assert indexes(text) == ["00:00:00", "01:30:38", "02:00:00"]
    assert indexes(sheet(tracklist, cue_precision=(CuePrecision.MINUTE, CuePrecision.LOGGED))) == [
        "00:00:00", "01:00:00", "01:30:38", "02:00:00",
    ]  # fmt: skip


def test_a_set_without_an_exact_cue_has_no_sheet_and_it_is_said() -> None:
    minutes = [a_track(i, 60.0 * i, cue_precision=CuePrecision.MINUTE) for i in (1, 2)]
    [missing] = per_set(a_set(*minutes, a_track(3)), CueOptions())
    assert missing == LeftOut("Someone @ Somewhere", "1pn8l919", "no row has an exact cue; others: 2 minute")


def test_a_recording_without_any_cue_has_no_sheet_and_it_is_said() -> None:
    tracklist = a_set(a_track(1, 0, recording=1), a_track(2, recording=2))
    found, missing = per_set(tracklist, CueOptions())
    assert isinstance(found, SetFile)
    assert found.label == "recording 1"
    assert missing == LeftOut("Someone @ Somewhere", "1pn8l919", "recording 2: no row has a cue")


def test_each_recording_has_a_sheet_and_a_media_file_of_its_own() -> None:
    tracklist = a_set(a_track(1, 0, recording=1), a_track(2, 0, recording=2))
    one, two = sheets(tracklist)
    assert 'FILE "Someone @ Somewhere (recording 1).mp3" MP3' in one
    assert 'TITLE "Someone @ Somewhere (recording 2)"' in two


def test_what_comes_before_the_first_cue_is_a_track_that_says_so() -> None:
    text = sheet(cued(12, 60))
    assert indexes(text) == ["00:00:00", "00:12:00", "01:00:00"]
    assert titles(text) == ["(before the first cue)", "Title 1", "Title 2"]


def test_less_than_the_shortest_track_of_a_cd_is_no_track_but_a_remark() -> None:
    text = sheet(cued(1, 60))
    assert indexes(text) == ["00:00:00", "01:00:00"]
    assert text.endswith('REM NOTE "track 01 starts at 00:01:00 on the page"\n')


def test_words_that_libcue_takes_for_commands_are_none_in_a_remark() -> None:
    tracklist = a_set(a_track(1, 0), a_track(2, title="UPDATED GENRE"), url="https://x/DATE/GENRE")
    text = sheet(tracklist)
    assert 'REM COMMENT "https://x/D%41TE/G%45NRE"' in text
    assert "UPDateD Genre (row 2)" in text


def test_a_backslash_at_the_end_does_not_touch_the_quotation_mark() -> None:
    assert titles(sheet(a_set(a_track(1, 0, title="over \\")))) == ["over \\ "]


def test_another_order_than_the_pages_is_remarked() -> None:
    assert "order of their times, which is not the page's" in sheet(cued(0, 300, 200))


def test_more_than_99_tracks_are_split_into_sheets_with_true_times() -> None:
    whole = cued(*(60.0 * i for i in range(250)))
    first, second, third = sheets(whole)
    assert [len(indexes(s)) for s in (first, second, third)] == [99, 99, 54]
    assert all(indexes(s)[0] == "00:00:00" for s in (first, second, third))
    assert titles(second)[:2] == ["(before this part)", "Title 100"]
    assert indexes(second)[1] == "99:00:00"
    assert len({re.search("^FILE.*$", s, re.MULTILINE)[0] for s in (first, second, third)}) == 1  # type: ignore[index]
    told = [t for s in (first, second, third) for t in titles(s) if t != "(before this part)"]
    assert told == [f"Title {i}" for i in range(1, 251)]


@pytest.mark.parametrize("n_tracks", [98, 99])
def test_up_to_99_tracks_are_one_sheet(n_tracks: int) -> None:
    assert len(sheets(cued(*(60.0 * i for i in range(n_tracks))))) == 1


def test_more_than_99_tracks_are_merged_where_they_follow_most_closely() -> None:
    cues = [100.0 * i for i in range(99)] + [5001.0, 5002.0]
    text = sheet(cued(*sorted(cues)), over_99=Over99.MERGE)
    assert len(indexes(text)) == 99
    assert "Title 51 / Artist 52 - Title 52 / Artist 53 - Title 53" in titles(text)
    assert "83:21:00" not in indexes(text)


def test_merging_puts_no_track_into_the_time_before_the_first_cue() -> None:
    text = sheet(cued(*(5.0 + 100 * i for i in range(99))), over_99=Over99.MERGE)
    assert titles(text)[0] == "(before the first cue)"
    assert len(titles(text)) == 99


def test_more_than_99_tracks_are_numbered_on_where_that_is_allowed() -> None:
    text = sheet(cued(*(60.0 * i for i in range(120))), over_99=Over99.ALLOW)
    assert "  TRACK 120 AUDIO\n" in text


def test_the_strict_mode_cuts_at_80_characters_and_nothing_else_does() -> None:
    long = a_set(a_track(1, 0, artist="A" * 100, title="q\u0323" * 60), title="T" * 100)
    assert max(len(v) for v in re.findall('"(.*)"', sheet(long))) > 100
    strict = sheet(long, strict=True)
    assert 'TITLE "' + "T" * 80 + '"\n' in strict
    assert 'PERFORMER "' + "A" * 80 + '"\n' in strict
    assert 'TITLE "' + "q\u0323" * 40 + '"\n' in strict


def test_the_file_stands_within_the_2048_bytes_in_which_vlc_looks_for_it() -> None:
    long = cued(
        0, title="桜" * 900, djs=["夜" * 300] * 9, genres=["和" * 90] * 99, url="https://x/" + "y" * 3000
    )
    text = sheet(long, media="m" * 996 + ".mp3", bom=True)
    assert len(text.partition("  TRACK")[0].encode()) <= 2048
    assert "FILE" in text


LINE = re.compile(
    r'REM (GENRE|COMMENT|NOTE) "[^"]*"|REM DATE \d{4}-\d\d-\d\d'
    r'|(    )?(TITLE|PERFORMER) "[^"]*"|FILE "[^"]+" (MP3|WAVE)'
    r"|  TRACK \d\d AUDIO|    INDEX 01 \d{2,}:[0-5]\d:[0-7]\d"
)


@given(any_set(), st.sampled_from([Over99.SPLIT, Over99.MERGE]), st.booleans())
def test_any_set_gives_sheets_of_nothing_but_safe_lines(
    tracklist: Tracklist, over_99: Over99, strict: bool
) -> None:
    for text in sheets(tracklist, over_99=over_99, strict=strict):
        assert text.endswith("\n")
        lines = text[:-1].split("\n")
        assert lines == text.splitlines()
        assert all(LINE.fullmatch(line) for line in lines)
        times = [[int(n) for n in i.split(":")] for i in indexes(text)]
        assert times[0] == [0, 0, 0]
        assert all(a < b for a, b in pairwise(times))
        assert len(times) <= 99


def test_a_sheet_for_an_upload_has_true_tracks_only() -> None:
    tracklist = a_set(
        a_track(1, 12), with_row(2, 1), a_track(3, 60), a_track(4, 90, cue_precision=CuePrecision.MINUTE)
    )
    assert sheet(tracklist, profile=CueProfile.MIXCLOUD) == (
        'PERFORMER "Someone"\n'
        'TITLE "Someone @ Somewhere"\n'
        'FILE "Someone @ Somewhere.mp3" MP3\n'
        "  TRACK 01 AUDIO\n"
        '    TITLE "Title 1 w/ Artist 2 - Title 2"\n'
        '    PERFORMER "Artist 1"\n'
        "    INDEX 01 00:12:00\n"
        "  TRACK 02 AUDIO\n"
        '    TITLE "Title 3"\n'
        '    PERFORMER "Artist 3"\n'
        "    INDEX 01 01:00:00\n"
    )
    assert len(indexes(sheet(cued(*(60.0 * i for i in range(150))), profile=CueProfile.MIXCLOUD))) == 150
