"""CUE sheets in all the ways in which programs and people write them."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256

import pytest
from made_histories import names, read, the_set

from tlray.model import Identity, PageKind, TrackKind, Tracklist
from tlray.readers.cue import CueReader

CUE = CueReader()


def sheet(text: str, name: str = "mix.cue", **given: object) -> Tracklist:
    return the_set(CUE, text, name, **given)


def tracks(
    *rows: tuple[str, str | None, str], head: str = 'PERFORMER "DJ Ada"\nTITLE "Mix"\nFILE "mix.mp3" MP3\n'
) -> str:
    text = head
    for number, (title, performer, index) in enumerate(rows, 1):
        text += f'  TRACK {number:02} AUDIO\n    TITLE "{title}"\n'
        text += f'    PERFORMER "{performer}"\n' if performer is not None else ""
        text += f"    INDEX 01 {index}\n"
    return text


def test_a_mix() -> None:
    text = 'REM DATE 2022-10-29\nREM GENRE "House, Techno"\n' + tracks(
        ("Ocean", "Bo", "00:00:00"), ("River (Extended Mix)", "Cy", "123:04:37")
    )
    made = sheet(text)
    assert (made.site, made.parser, made.media_type) == ("file", "cue/2", "application/x-cue")
    assert (made.url, made.source_id) == ("file:///mix.cue", sha256(text.encode()).hexdigest())
    assert (made.title, made.djs, made.date, made.genres) == (
        "Mix",
        ["DJ Ada"],
        date(2022, 10, 29),
        ["House", "Techno"],
    )
    second = made.tracks[1]
    assert (second.index, second.number, second.kind, second.recording) == (2, 2, TrackKind.MAIN, 1)
    assert second.cue_s == 123 * 60 + 4 + 37 / 75
    assert (second.cue_precision, second.cue_text) == ("second", "123:04:37")
    assert (second.artist, second.title, second.text) == (
        "Cy",
        "River (Extended Mix)",
        "Cy - River (Extended Mix)",
    )
    assert (made.track_count, made.identified_count, made.cued_count, made.quality_issues) == (2, 2, 2, [])


ENCODINGS = [
    "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be",
    "bom utf-16-le", "bom utf-16-be", "bom utf-32-le", "bom utf-32-be",
]  # fmt: skip


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_sheet_is_the_same_in_every_unicode_encoding(encoding: str, end: str) -> None:
    text = tracks(("Übermut’s Ærø", "Björn", "00:00:00"), ("日本語の曲", "東京", "03:00:00"))
    mark = "\ufeff" if encoding.startswith("bom ") else ""
    body = (mark + text.replace("\n", end)).encode(encoding.removeprefix("bom "))
    assert CUE.recognises(body, "unnamed")
    made = the_set(CUE, body, "x.cue")
    assert names(made) == names(sheet(text))
    assert made.quality_issues == []


@pytest.mark.parametrize(
    ("encoding", "title", "performer"),
    [
        ("windows-1252", "Fuente y Caudal – Lucía", "Paco"),  # one accented byte is no other script
        ("windows-1252", "Ça, c’est «à» moi", "Élan Ö"),
        ("windows-1251", "Тихий океан", "Супер группа"),
        ("gb18030", "最後圓舞曲", "周華健與朋友"),
        ("gbk", "歌声伴随你", "音轨序号的朋友们"),
        ("shift_jis", "さくらのうた", "ひがしのひと"),
        ("big5", "月亮代表我的心", "鄧麗君的朋友"),
        ("euc-kr", "사랑의 노래를 부른다", "김철수와 친구들"),
    ],
)
def test_another_script_is_taken_on_evidence_and_said_to_be_a_guess(
    encoding: str, title: str, performer: str
) -> None:
    body = tracks(
        (title, performer, "00:00:00"), (title, performer, "03:00:00"), (title, performer, "06:00:00")
    ).encode(encoding)
    made = the_set(CUE, body, "x.cue")
    assert made.tracks[0].title == title
    assert "encoding_guessed" in made.quality_issues


def test_what_the_user_says_counts_where_it_is_no_unicode() -> None:
    body = tracks(("Żółw", "Ćma", "00:00:00")).encode("windows-1250")
    made = the_set(CUE, body, "x.cue", encoding="cp1250")
    assert (names(made), made.quality_issues) == ([("Ćma", "Żółw")], [])
    assert read(CUE, body, "x.cue", encoding="no-such").reason == "not in the encoding 'no-such'"
    assert read(CUE, body, "x.cue", encoding="punycode").reason == "not in the encoding 'punycode'"
    assert the_set(CUE, tracks(("é", "è", "00:00:00")), "x.cue", encoding="cp1250").tracks[0].title == "é"


def test_one_bad_byte_does_not_make_utf_8_another_encoding() -> None:
    body = (
        tracks(("Übermut", "Björn Çağ Éé", "00:00:00"), ("Bad ~", "Bo", "03:00:00"))
        .encode()
        .replace(b"~", b"\xff")
    )
    made = the_set(CUE, body, "x.cue")
    assert made.tracks[0].artist == "Björn Çağ Éé"
    assert made.quality_issues == ["1 unreadable character"]


def test_lower_case_odd_indents_missing_quotes_and_quotes_in_quotes() -> None:
    made = sheet(
        '\ufeff  performer DJ Ada \n\ttitle "The "Best" Of\nfile mix with blanks.wav WAVE\n'
        'track 1 audio\ntitle "The "Big" One"\nperformer Bo "The" Cy\nindex 1 0:00:00\n'
        'junk\n\n\tTRACK 02  AUDIO\n\t\tTITLE Plain\n\t\tPERFORMER ""\n\t\tFLAGS DCP\n\t\tISRC ABCDE1234567\n\t\tINDEX 01 3:05'
    )
    assert (made.title, made.djs) == ('The "Best" Of', ["DJ Ada"])
    assert names(made) == [('Bo "The" Cy', 'The "Big" One'), ("", "Plain")]
    assert [t.cue_s for t in made.tracks] == [0.0, 185.0]


@pytest.mark.parametrize(
    ("index", "cue_s"),
    [
        ("00:00:00", 0.0), ("00:00:74", 74 / 75), ("5:07:00", 307.0), ("189:05", 11345.0), ("1234:56:00", 74096.0),
        ("999:99:99", None), ("soon", None), ("", None), ("-1:00:00", None),
    ],
)  # fmt: skip
def test_times_of_any_width_and_without_frames(index: str, cue_s: float | None) -> None:
    made = sheet(tracks(("One", "Bo", index)))
    assert made.tracks[0].cue_s == cue_s
    assert made.tracks[0].cue_precision == ("unknown" if cue_s is None else "second")
    assert ("bad_time" in made.quality_issues) == (cue_s is None and bool(index))


@pytest.mark.parametrize(
    ("index", "cue_s"),
    [("01:30.500", 90.5), ("01:30:250", 90.25), ("00:01:30:15", 90.2), ("1:02:03:00", 3723.0), ("01:30.500000", 90.5)],
)  # fmt: skip
def test_three_digits_are_a_fraction_and_four_parts_have_an_hour(index: str, cue_s: float) -> None:
    made = sheet(tracks(("A", "B", "00:00:00"), ("C", "D", index), ("E", "F", "250:00:00")))
    assert made.tracks[1].cue_s == pytest.approx(cue_s)


def test_a_zero_below_the_first_track_of_a_file_is_no_time_and_times_that_fall_are_told() -> None:
    made = sheet(tracks(("A", "B", "00:00:00"), ("C", "D", "00:00:00"), ("E", "F", "07:00:00")))
    assert [track.cue_s for track in made.tracks] == [0, None, 420]
    assert made.quality_issues == ["bad_time"]
    falling = sheet(tracks(("A", "B", "05:00:00"), ("C", "D", "03:00:00"), ("E", "F", "07:00:00")))
    assert ([track.cue_s for track in falling.tracks], falling.quality_issues) == (
        [300, 180, 420],
        ["cue_order"],
    )
    two = tracks(("A", "B", "00:00:00"), ("C", "D", "09:00:00"))
    in_two_files = sheet(two + two.partition("\n")[2].partition("\n")[2])
    assert ([track.cue_s for track in in_two_files.tracks], in_two_files.quality_issues) == (
        [0, 540, 0, 540],
        [],
    )


@pytest.mark.parametrize("quotes", ["''", "“”", "„“", "‘’", "«»"])
def test_quotes_of_other_kinds_are_no_part_of_names(quotes: str) -> None:
    text = tracks(("Don't Go", "Bo", "00:00:00"), ("It's 'On'", "Cy", "05:00:00"))
    text = text.replace('"DJ Ada"', f"{quotes[0]}DJ Ada{quotes[1]}")
    made = sheet(re.sub(r'"(.*)"', rf"{quotes[0]}\1{quotes[1]}", text))
    assert (made.djs, names(made)) == (["DJ Ada"], [("Bo", "Don't Go"), ("Cy", "It's 'On'")])


def test_frames_beyond_74_are_hundredths_of_the_whole_sheet() -> None:
    made = sheet(tracks(("One", "Bo", "00:00:00"), ("Two", "Cy", "03:10:50"), ("Three", "Di", "06:10:99")))
    assert [t.cue_s for t in made.tracks] == [0.0, 190.5, 370.99]
    assert made.quality_issues == ["hundredths_guessed"]


def test_index_00_is_the_pause_before_a_track() -> None:
    head = 'FILE "a.wav" WAVE\n'
    made = sheet(
        head + "TRACK 01 AUDIO\nINDEX 00 00:00:00\nINDEX 01 00:02:00\nINDEX 02 00:03:00\n"
        "TRACK 02 AUDIO\nINDEX 00 04:00:00\nTRACK 03 AUDIO\nINDEX 00 08:00:00\nINDEX 02 08:03:00\n"
    )
    assert [t.cue_s for t in made.tracks] == [2.0, None, 483.0]
    assert [t.identity for t in made.tracks] == [Identity.ID] * 3


def test_times_restart_with_each_file_and_an_index_belongs_to_the_file_above_it() -> None:
    made = sheet(
        'PERFORMER "Bo"\nFILE "1.wav" WAVE\nTRACK 01 AUDIO\nTITLE "One"\nINDEX 01 00:00:00\n'
        'TRACK 02 AUDIO\nTITLE "Two"\nINDEX 00 04:00:00\nFILE "2.wav" WAVE\nINDEX 01 00:00:00\n'
        'TRACK 03 AUDIO\nTITLE "Three"\nINDEX 01 05:00:00\n'
    )
    assert [(t.recording, t.cue_s) for t in made.tracks] == [(1, 0.0), (2, 0.0), (2, 300.0)]
    assert [t.artist for t in made.tracks] == ["Bo"] * 3
    assert sheet("TRACK 01 AUDIO\nTITLE One\nINDEX 01 00:00:00").tracks[0].recording is None


REKORDBOX = """REM DATE 2024-06-10 08:14 PM
{recorded}TITLE "Night"
PERFORMER "DJ Ada"
FILE "01 Night.wav" WAVE
\tTRACK 01 AUDIO
\t\tTITLE "Ocean"
\t\tREM PERFORMER "Bo, Cy"
\t\tFILE "/Users/ada/Music/Ocean.mp3" WAVE
\t\tINDEX 01 00:00:00
\tTRACK 02 AUDIO
\t\tTITLE "Di - River"
\t\tFILE "/Users/ada/Music/Di - River.mp3" WAVE
\t\tINDEX 01 00:03:48
\tTRACK 03 AUDIO
\t\tTITLE "Lake"
\t\tPERFORMER "Ed"
\t\tFILE "/Users/ada/Music/Lake.mp3" WAVE
\t\tINDEX 01 01:08:53
"""


def test_a_recording_of_rekordbox_counts_in_hours() -> None:
    made = sheet(REKORDBOX.format(recorded='REM RECORDED_BY "rekordbox-dj"\n'))
    assert [(t.recording, t.cue_s) for t in made.tracks] == [(1, 0.0), (1, 228.0), (1, 4133.0)]
    assert names(made) == [("Bo, Cy", "Ocean"), ("Di", "River"), ("Ed", "Lake")]
    assert (made.date, made.djs, made.quality_issues) == (date(2024, 6, 10), ["DJ Ada"], [])
    assert "/Users" not in repr(made)


def test_without_the_remark_tracks_of_a_few_seconds_are_recognised_and_noted_as_a_guess() -> None:
    rows = [(f"T{i}", f"A{i}", f"{i // 15:02}:{i * 4 % 60:02}:{i * 7 % 60:02}") for i in range(21)]
    made = sheet(tracks(*rows))
    assert (made.tracks[20].cue_s, made.quality_issues) == (3600 + 20 * 60 + 20, ["hours_guessed"])
    short = sheet(
        tracks(
            ("A", None, "00:00:33"), ("B", None, "00:46:00"), ("C", None, "01:25:10"), ("D", None, "02:41:05")
        )
    )
    assert (short.tracks[3].cue_s, short.quality_issues) == (161 + 5 / 75, [])  # a CD of short songs
    ripped = sheet("CATALOG 1\n" + tracks(*rows))
    assert ripped.tracks[20].cue_s == 80 + 20 / 75


def test_the_performer_of_an_album_is_inherited_and_that_of_a_mix_is_not() -> None:
    album = sheet(
        tracks(("One", None, "00:00:00"), ("Two", "Guest", "03:00:00"), ("Three", "DJ Ada", "06:00:00"))
    )
    assert [t.artist for t in album.tracks] == ["DJ Ada", "Guest", "DJ Ada"]
    mix = sheet(
        tracks(("One", None, "00:00:00"), ("Two", "Bo", "03:00:00"), ("Cy - Three", None, "06:00:00"))
    )
    assert names(mix) == [("", "One"), ("Bo", "Two"), ("Cy", "Three")]
    in_titles = sheet(
        tracks(
            ("Bo - One", None, "00:00:00"), ("Cy - Two - Live", None, "03:00:00"), ("Intro", None, "06:00:00")
        )
    )
    assert names(in_titles) == [("Bo", "One"), ("Cy", "Two - Live"), ("", "Intro")]
    by_dj = sheet(tracks(*((f"Artist {i} - Title", "DJ Ada", f"{i:02}:00:00") for i in range(0, 20, 4))))
    assert names(by_dj)[1] == ("Artist 4", "Title")
    dashes = sheet(
        tracks(
            ("Bo — One", "", "00:00:00"), ("Cy – Two", "", "03:00:00"), ("Di - Three – Live", "", "06:00:00")
        )
    )
    assert names(dashes) == [("Bo", "One"), ("Cy", "Two"), ("Di", "Three – Live")]
    slashes = sheet(
        tracks(("Bo / One", None, "00:00:00"), ("Cy / Two", None, "03:00:00"), head='PERFORMER "Various"\n')
    )
    assert names(slashes) == [("Bo", "One"), ("Cy", "Two")]
    movements = sheet(
        tracks(*((f"Symphony No. {i // 4} - Part {i}", None, f"{i:02}:00:00") for i in range(1, 20)))
    )
    assert names(movements)[5] == ("DJ Ada", "Symphony No. 1 - Part 6")
    numbered = sheet(
        tracks(
            ("01. Bo - One", None, "00:00:00"),
            ("02. Cy - Two", None, "03:00:00"),
            ("03. Di - Three", None, "06:00:00"),
        )
    )
    assert names(numbered) == [("Bo", "One"), ("Cy", "Two"), ("Di", "Three")]
    various = sheet(tracks(("Bo - One", None, "00:00:00"), head='PERFORMER "Various Artists"\n'))
    assert (various.djs, names(various)) == ([], [("Bo", "One")])
    twice = sheet(tracks(("Bo - One", "Bo", "00:00:00"), ("Cy - Two", "Cy", "03:00:00")))
    assert names(twice) == [("Bo", "One"), ("Cy", "Two")]


def test_tracks_played_together_and_unknown_ones() -> None:
    made = sheet(
        tracks(
            ("One w/ Cy - Two w/ Di - Three", "Bo", "00:00:00"),
            ("Four (w/ Ed)", "Bo", "03:00:00"),
            ("ID", "ID", "06:00:00"),
            ("ID", "Max", "09:00:00"),
            ("Song (ID Remix)", "Max", "12:00:00"),
        )
    )
    assert [(t.kind, t.parent, t.number, t.text) for t in made.tracks[:4]] == [
        ("main", None, 1, "Bo - One"), ("with", 1, None, "Cy - Two"), ("with", 1, None, "Di - Three"),
        ("main", None, 2, "Bo - Four (w/ Ed)"),
    ]  # fmt: skip
    assert [t.identity for t in made.tracks[4:]] == ["id", "id_title", "id_remix"]
    assert made.identified_count == 4


@pytest.mark.parametrize(
    ("dates", "day", "issues"),
    [
        (["2019"], None, ["date_year_only"]),
        (["1999", "07.08.2010"], date(2010, 8, 7), []),
        ([], None, []),
        (["2011/04/05"], date(2011, 4, 5), []),
        (["03/04/2018"], None, ["date_ambiguous"]),
        (["13/04/2018"], date(2018, 4, 13), []),
        (["04/13/2018"], date(2018, 4, 13), []),
        (['"2018-02-30"'], None, []),
        (["summer"], None, []),
    ],
)
def test_a_year_alone_is_no_day(dates: list[str], day: date | None, issues: list[str]) -> None:
    text = (
        "".join(f"REM DATE {value}\n" for value in dates)
        + tracks(("One", "Bo", "00:00:00"))
        + "REM DATE 2001-01-01\n"
    )
    made = sheet(text)
    assert (made.date, made.quality_issues) == (day, issues)


def test_data_tracks_are_left_out_and_counted() -> None:
    made = sheet(
        'FILE "a.bin" BINARY\nTRACK 01 MODE1/2352\nTITLE "Data"\nINDEX 01 00:00:00\n'
        + tracks(("One", "Bo", "00:00:00"))
    )
    assert (names(made), made.quality_issues) == ([("Bo", "One")], ["1 data track left out"])


def test_a_set_without_a_title_is_named_by_its_file_without_folders() -> None:
    made = sheet("TRACK 01 AUDIO\nTITLE One\nINDEX 01 00:00:00", name="/home/ada/My Mix.cue")
    assert made.title == "My Mix"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no TRACK in the sheet"), (b"hello", "no TRACK in the sheet"), (b"PK\x03\x04\0\1\2\3" * 9, "binary"),
        (b"TRACK x AUDIO\nINDEX 01 00:00:00", "no TRACK in the sheet"), (b" " * (8 * 2**20 + 1), "too large for a CUE sheet"),
        (b"TRACK 1 AUDIO\n" * 20_001, "20001 rows: no set is so long"),
    ],
)  # fmt: skip
def test_what_is_no_sheet_is_said(body: bytes, reason: str) -> None:
    page = read(CUE, body, "x.cue")
    assert (page.kind, page.reason, page.tracklists) == (PageKind.UNKNOWN, reason, ())


def test_a_sheet_is_known_by_its_content_whatever_its_name() -> None:
    body = tracks(("One", "Bo", "00:00:00")).encode()
    assert CUE.recognises(body, "notes.txt")
    assert CUE.recognises(b"", "empty.CUE")
    assert not CUE.recognises(b"Track 01: One\n", "notes.txt")
