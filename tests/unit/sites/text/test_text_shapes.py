"""Lists as people write them, invented, one of each shape: numbers, times, separators, labels, sections, prose around them."""

from __future__ import annotations

import pytest

from tlray.model import CuePrecision, Identity, TrackKind
from tlray.sites.text import Dialect, FoundList, NoList, find_list, parse_line

NAMES = [
    ("Ana Volt", "Northern Lights"),
    ("Kolbe & Reiss", "Paper Boats (Extended Mix)"),
    ("Mira Tan feat. Osk", "Seven Rivers"),
    ("Deep Harbour", "What Is Rain?"),
    ("2 Lantern", "Glass (Osk Remix)"),
    ("99 Miles", "Under"),
]


def read(text: str, **options: object) -> FoundList:
    found = find_list(text, **options)  # type: ignore[arg-type]
    assert isinstance(found, FoundList), found
    return found


def named(found: FoundList) -> list[tuple[str, str]]:
    return [(track.artist, track.title) for track in found.tracks]


def cues(found: FoundList) -> list[float | None]:
    return [track.cue_s for track in found.tracks]


def lines(shape: str) -> str:
    """Return the six tracks in one shape; ``{t}`` is a time of minutes and seconds, ``{h}`` of hours, ``{m}`` minutes."""
    return "\n".join(
        shape.format(
            n=at + 1,
            a=artist,
            b=title,
            t=f"{at * 14:02d}:{at * 7:02d}",
            h=f"0:{at * 9:02d}:05",
            m=f"{at * 14:02d}",
        )
        for at, (artist, title) in enumerate(NAMES)
    )


NUMBERED = [
    "{n}. {a} - {b}", "{n:02d}. {a} - {b}", "{n} {a} - {b}", "{n} - {a} - {b}", "{n:02d}.{a} - {b}",
    "{n}) {a} - {b}", "({n}) {a} - {b}",
    "[{n}] {a} - {b}", "#{n} {a} - {b}", "{n}: {a} - {b}", "{n:02d}\t{a} - {b}", "{n}.\u2028{a} - {b}",
    "{n}.  {a} – {b}", "{n}. {a} — {b}",
    "- {n}. {a} - {b}", "{n}. {a} / {b}", "{n}. {a} | {b}", '{n}. {a} "{b}"', "{n}. {a}: {b}",
    "{n}. {b} by {a}", "**{n}.** {a} - {b}".replace("*", ""),
]  # fmt: skip


@pytest.mark.parametrize("shape", NUMBERED)
@pytest.mark.parametrize("gap", ["", "\n"])
def test_numbers_are_no_part_of_names(shape: str, gap: str) -> None:
    found = read(lines(shape + gap))
    assert named(found) == NAMES
    assert [track.number for track in found.tracks] == [1, 2, 3, 4, 5, 6]
    assert cues(found) == [None] * 6


MINUTES_AND_SECONDS = [
    "{t} {a} - {b}", "[{t}] {a} - {b}", "({t}) {a} - {b}", "{t} - {a} - {b}", "{t}  {n} {a} - {b}",
    "{t} {n}. {a} - {b}", "({n}) {t} {a} - {b}",
    "{n}. [{t}] {a} - {b}", "{n:02d}.[{t}] {a} - {b}", "{n} - {t} - {a} - {b}", "[{t}] {n:02d}. {a} - {b}",
    "{a} - {b} {t}", "{a} - {b} ({t})",
    "{a} - {b}\t\t\t{t}", "{n}. {a} - {b} {t}", "{n}. {a} - {b} [{t}]", "{t} | {a} | {b}", "{t}: {a} - {b}",
    "▶ {t} {a} - {b}", "{t}\t{a}\t{b}", "@{t} {a} - {b}",
]  # fmt: skip


@pytest.mark.parametrize("shape", MINUTES_AND_SECONDS)
def test_times_are_read_wherever_they_stand(shape: str) -> None:
    found = read(lines(shape))
    assert named(found) == NAMES
    assert cues(found) == [at * 14 * 60 + at * 7.0 for at in range(6)]
    assert {track.cue_precision for track in found.tracks} == {CuePrecision.SECOND}
    assert found.tracks[1].cue_text is not None
    assert "14:07" in found.tracks[1].cue_text
    assert "14:07" not in found.tracks[1].text
    assert found.issues == []


@pytest.mark.parametrize(
    "shape", ["({m}) {a} - {b}", "[{m}] {a} - {b}", "({m}){a} - {b}", "{m}' {a} - {b}", "{m} min {a} - {b}"]
)
def test_minutes_are_exact_to_the_minute_and_no_more(shape: str) -> None:
    found = read(lines(shape))
    assert named(found) == NAMES
    assert cues(found) == [at * 14 * 60.0 for at in range(6)]
    assert {track.cue_precision for track in found.tracks} == {CuePrecision.MINUTE}
    assert "cue_minutes" in found.issues


def timed(*times: str) -> str:
    return "\n".join(f"{time} Artist {at} - Title {at}" for at, time in enumerate(times))


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        (["0:00", "3:20", "7:05"], [0, 200, 425]),
        (["00:00", "59:58", "1:02:10"], [0, 3598, 3730]),
        (["58:30", "72:10", "9999:53"], [3510, 4330, 599993]),
        (["00:00:00", "00:05:24.250", "01:10:39"], [0, 324.25, 4239]),
        (["0：00", "4：30", "9：10"], [0, 270, 550]),
        (["0m00s", "3m20s", "62m05s"], [0, 200, 3725]),
        (["0'00", "4'30", "9'10"], [0, 270, 550]),
        (["0h00m00s", "0h04m10s", "1h02m03s"], [0, 250, 3723]),
        (["0.00", "4.35", "9.10"], [0, 275, 550]),
        (["00:00 - 03:12", "03:12 - 07:00", "07:00 - 11:30"], [0, 192, 420]),
        (["0:00/60:00", "3:20/60:00", "[7:05 / 60:00]"], [0, 200, 425]),
        (["00:00:00:12", "00:03:20:00", "01:00:00:24"], [0, 200, 3600]),
        (["[00:00:00;12]", "[00:03:20;00]", "[01:00:00;24]"], [0, 200, 3600]),
        (["00:00", "?:??", "09:10"], [0, None, 550]),
        (["00:00:00", "00:05:00", "00:00:00"], [0, 300, None]),
        (["0:10", "0:00", "5:00"], [10, None, 300]),
        (["00:00", "75:99", "80:10"], [0, None, 4810]),
    ],
)
def test_each_way_to_write_a_time(times: list[str], seconds: list[float | None]) -> None:
    assert cues(read(timed(*times))) == seconds


def test_a_range_says_how_long_a_track_is_heard() -> None:
    found = read(timed("00:00 - 03:12", "03:12–07:00", "07:00 → 11:30"))
    assert [track.duration_s for track in found.tracks] == [192, 228, 270]


def test_a_restart_is_another_recording_and_one_slip_is_not() -> None:
    found = read(timed("0:00", "20:00", "45:00", "0:00", "12:00", "30:00"))
    assert [track.recording for track in found.tracks] == [1, 1, 1, 2, 2, 2]
    assert cues(found) == [0, 1200, 2700, 0, 720, 1800]
    slip = read(timed("0:00", "5:00", "1:05:00", "9:00", "14:00", "20:00"))
    assert {track.recording for track in slip.tracks} == {None}
    assert cues(slip) == [0, 300, 3900, 540, 840, 1200]
    assert slip.issues == ["cue_order"]


def behind(*times: str) -> str:
    return "\n".join(f"Artist {at} - Title {at}\t{time}".rstrip() for at, time in enumerate(times))


def test_times_behind_the_names_are_ends_where_the_last_has_none() -> None:
    found = read(behind("00:05:00", "00:09:30", "00:15:00", ""))
    assert cues(found) == [0, 300, 570, 900]
    assert [track.duration_s for track in found.tracks] == [300, 270, 330, None]
    assert found.issues == ["cue_end_times"]


def test_the_recording_s_length_says_whether_times_are_ends() -> None:
    text = behind("00:05:00", "00:09:30", "00:15:00")
    assert cues(read(text, duration_s=900)) == [0, 300, 570]
    assert cues(read(text, duration_s=3600)) == [300, 570, 900]


def test_times_that_go_up_and_down_are_the_lengths_of_tracks() -> None:
    found = read(behind("6:05", "4:30", "7:10", "3:59", "5:00"))
    assert cues(found) == [None] * 5
    assert [track.duration_s for track in found.tracks] == [365, 270, 430, 239, 300]


@pytest.mark.parametrize(
    "times", [["22:58", "23:04", "23:59", "00:03"], ["9:05 PM", "9:10 PM", "9:15 PM", "9:21 PM"]]
)
def test_a_clock_is_no_start(times: list[str]) -> None:
    found = read("Tracklist:\n" + timed(*times))
    assert cues(found) == [None] * 4
    assert found.tracks[0].cue_text == times[0]
    assert "cue_clock" in found.issues


def test_minutes_of_hours_are_told_from_seconds_where_no_track_could_be_so_short() -> None:
    found = read(timed("0:00", "0:04", "0:09", "0:15", "0:21", "0:58", "1:03", "1:09"))
    assert cues(found)[-3:] == [3480, 3780, 4140]
    assert {track.cue_precision for track in found.tracks} == {CuePrecision.MINUTE}


LABELLED = [
    ("Ana Volt - North [Grey Field]", ("North", ["Grey Field"], None)),
    ("Ana Volt - North (Osk Remix) [Grey Field - GF 012]", ("North (Osk Remix)", ["Grey Field"], "GF 012")),
    ("Ana Volt - North [Grey Field GRF012]", ("North", ["Grey Field"], "GRF012")),
    ("Ana Volt - North [GREY FIELD/OSK]", ("North", ["GREY FIELD", "OSK"], None)),
    ("Ana Volt - North [[GR] Field - 12]", ("North", ["[GR] Field"], "12")),
    ("Ana Volt - North [Extended Mix]", ("North [Extended Mix]", [], None)),
    ("Ana Volt - North [Grey Field, 2019]", ("North", ["Grey Field"], None)),
]


@pytest.mark.parametrize(("line", "expected"), LABELLED)
def test_labels_are_read_from_the_end(line: str, expected: tuple[str, list[str], str | None]) -> None:
    track = parse_line(line)
    assert track is not None
    assert (track.title, track.labels, track.catalogue_number) == expected
    assert track.text == line


def with_labels(shape: str) -> FoundList:
    labels = ["Grey Field", "Osk Records", "Blue Hall", "Tin", "Grey Field", "Low Sun"]
    versions = [" (Original Mix)", " (Osk Remix)", "", " (Dub)", " (Original Mix)", " (Extended Mix)"]
    return read(
        "\n".join(
            f"{at + 1}. " + shape.format(a=f"Artist {at}", b=f"Title {at}{version}", l=label)
            for at, (label, version) in enumerate(zip(labels, versions, strict=True))
        )
    )


@pytest.mark.parametrize(
    "shape", ["{a} - {b} [{l}]", "{a} - {b} ({l})", "{a} - {b} - {l}", '{a} "{b}" [{l}]']
)
def test_each_list_writes_labels_in_its_own_way(shape: str) -> None:
    found = with_labels(shape)
    assert [track.labels for track in found.tracks] == [
        ["Grey Field"],
        ["Osk Records"],
        ["Blue Hall"],
        ["Tin"],
        ["Grey Field"],
        ["Low Sun"],
    ]
    assert found.tracks[0].title == "Title 0 (Original Mix)"
    assert found.tracks[0].artist == "Artist 0"


def test_labels_without_a_bracket_stand_behind_the_version() -> None:
    found = with_labels("{a} - {b} {l}")
    assert found.tracks[1].labels == ["Osk Records"]
    assert found.tracks[1].title == "Title 1 (Osk Remix)"
    assert found.tracks[2].title == "Title 2 Blue Hall", "it has no bracket, and no other line has the label"


def test_the_first_dash_splits() -> None:
    track = parse_line("Photon - Ni - Ten - Ryu (Two Swords)")
    assert track is not None
    assert (track.artist, track.title) == ("Photon", "Ni - Ten - Ryu (Two Swords)")


def test_names_with_hyphens_stay_whole_and_tight_dashes_split_where_the_list_has_no_other() -> None:
    spaced = read("\n".join(f"{at}. I-f {at} - The Wan-derer {at}" for at in range(1, 5)))
    assert named(spaced)[0] == ("I-f 1", "The Wan-derer 1")
    tight = read("\n".join(f"{at}. Artist {at}-Title {at}" for at in range(1, 5)))
    assert named(tight)[0] == ("Artist 1", "Title 1")
    mixed = read("Tracklist\nA - B\nC – D\nE — F\nG -H\nI- J")
    assert named(mixed) == [("A", "B"), ("C", "D"), ("E", "F"), ("G", "H"), ("I", "J")]


TITLE_FIRST = """Tracklist:
01. Paper Boats (Extended Mix) - Ana Volt
02. Seven Rivers (Osk Remix) - Kolbe & Reiss
03. Under - Mira Tan feat. Osk
04. Glass - Ana Volt
05. Rain (Dub) - Deep Harbour
"""


def test_the_order_is_decided_by_the_list() -> None:
    found = read(TITLE_FIRST)
    assert named(found)[3] == ("Ana Volt", "Glass")
    assert found.issues == []
    everyday = read(
        "0:00 Dancing in the Night - Lorena\n3:10 I Like You - Gazeb\n6:00 Never Let Me Go - P.Tiger\n"
        "9:00 Tell Me Why - Baltim\n12:00 My Love - Riga"
    )
    assert named(everyday)[0] == ("Lorena", "Dancing in the Night")


def test_an_order_that_nothing_decides_is_called_uncertain_and_the_left_is_the_artist() -> None:
    found = read(
        "0:00 Tell Me Why - Baltim\n3:00 Self Control - Rafe\n6:00 Vamos - Righe\n9:00 Come To Me - Gazeb\n12:00 Stars - Oxo"
    )
    assert found.issues == ["order_uncertain"]
    assert found.tracks[0].artist == "Tell Me Why"


def test_a_part_has_its_own_order_and_heading() -> None:
    text = (
        "Hour One - Ana Volt:\n\n01. Kolbe & Reiss - Paper (Osk Remix)\n02. Mira feat. Osk - Under\n"
        "03. Deep & Low - Glass (Dub)\n04. Tin - Hum\n05. Osk - Rain (Edit)\n\n"
        "Guest Mix - Deep Harbour\n\n" + TITLE_FIRST.split("\n", 1)[1]
    )
    found = read(text)
    assert [track.section for track in found.tracks] == ["Hour One - Ana Volt"] * 5 + [
        "Guest Mix - Deep Harbour"
    ] * 5
    assert [track.number for track in found.tracks] == [1, 2, 3, 4, 5] * 2
    assert named(found)[0][0] == "Kolbe & Reiss"
    assert named(found)[8] == ("Ana Volt", "Glass")


@pytest.mark.parametrize(
    ("line", "artist", "title", "identity"),
    [
        ("ID - ID", "ID", "ID", Identity.ID),
        ("ID", "ID", "ID", Identity.ID),
        ("?", "?", "?", Identity.ID),
        ("???", "???", "???", Identity.ID),
        ("Unknown", "Unknown", "Unknown", Identity.ID),
        ("Unknown Artist - Unknown Title", "Unknown Artist", "Unknown Title", Identity.ID),
        ("Ana Volt - ID", "Ana Volt", "ID", Identity.ID_TITLE),
        ("Ana Volt - ?", "Ana Volt", "?", Identity.ID_TITLE),
        ("Ana Volt - ID (Osk Remix)", "Ana Volt", "ID (Osk Remix)", Identity.ID_TITLE),
        ("Ana Volt - North (ID Remix)", "Ana Volt", "North (ID Remix)", Identity.ID_REMIX),
        ("? - Untitled (B1)", "?", "Untitled (B1)", Identity.IDENTIFIED),
        ("Ana Volt - Identity", "Ana Volt", "Identity", Identity.IDENTIFIED),
        ("Deep Woods Intro", "", "Deep Woods Intro", Identity.IDENTIFIED),
    ],
)
def test_what_is_unknown_is_said(line: str, artist: str, title: str, identity: Identity) -> None:
    track = parse_line(line)
    assert track is not None
    assert (track.artist, track.title, track.identity) == (artist, title, identity)


def test_a_question_mark_is_doubt_only_where_the_list_uses_it_so() -> None:
    plain = read("1. A - What Is Rain?\n2. B - Over?\n3. C - Sun")
    assert [track.title for track in plain.tracks] == ["What Is Rain?", "Over?", "Sun"]
    doubting = read("1. A - What Is Rain?\n2. B - Over?\n3. ?\n4. C - ?\n5. ?")
    assert [track.title for track in doubting.tracks] == ["What Is Rain?", "Over", "?", "?", "?"]
    assert "guessed" in doubting.issues


def test_rows_played_with_another_belong_to_it() -> None:
    found = read("00:00 A - B\nw/ C - D\n04:00 E - F w/ G - H\n08:00 I - J\n+ K - L")
    assert [(track.kind, track.parent, track.artist) for track in found.tracks] == [
        (TrackKind.MAIN, None, "A"),
        (TrackKind.WITH, 1, "C"),
        (TrackKind.MAIN, None, "E"),
        (TrackKind.WITH, 3, "G"),
        (TrackKind.MAIN, None, "I"),
        (TrackKind.WITH, 5, "K"),
    ]


@pytest.mark.parametrize("head", ["Tracklist\n", ""])
@pytest.mark.parametrize("mark", ["w/ ", "+ ", "W/", "(w/ ", "vs. "])
def test_rows_without_a_number_do_not_end_a_numbered_list(head: str, mark: str) -> None:
    end = ")" if mark.startswith("(") else ""
    rows = [
        f"{at}. Artist {at} - Title {at}\n{mark}Lio {at} - Quay {at}{end}\n{mark}Other {at} - Loop {at}{end}"
        for at in range(1, 6)
    ]
    found = read(head + "\n".join(rows))
    assert [(track.number, track.kind) for track in found.tracks] == [
        (number, kind)
        for at in range(1, 6)
        for number, kind in ((at, TrackKind.MAIN), (None, TrackKind.WITH), (None, TrackKind.WITH))
    ]
    assert (found.tracks[4].parent, found.tracks[4].artist, found.tracks[4].title) == (4, "Lio 2", "Quay 2")


def test_a_mashup_has_its_parts() -> None:
    found = read("1. A - B vs. C - D\n2. E vs. F - G vs. H\n3. I - J")
    assert [(track.kind, track.artist, track.title) for track in found.tracks] == [
        (TrackKind.MAIN, "A vs. C", "B vs. D"),
        (TrackKind.MASHUP_PART, "A", "B"),
        (TrackKind.MASHUP_PART, "C", "D"),
        (TrackKind.MAIN, "E vs. F", "G vs. H"),
        (TrackKind.MAIN, "I", "J"),
    ]


WHOLE = """My new mix, I hope that you like it! It was recorded in one take last Sunday.
Equipment: 6 Decks - 2 Mixers
6 Decks - 2 Mixers

{head}

{list}

Follow me:
Instagram - @somebody
Soundcloud - https://example.org/somebody
Photo - Jane Doe
2026
"""


@pytest.mark.parametrize(
    "head",
    [
        "Tracklist:",
        "TRACK LIST",
        "*** Tracklisting ***",
        "🎵 TRACKLIST (TIMESTAMPS) 🔽",
        "Tracklist",
        "## Track listing",
        "Трек-лист:",
    ],
)
@pytest.mark.parametrize(
    "shape", ["{n}. {a} - {b}", "{t} {a} - {b}", "{a} - {b}", "- {a} - {b}", "{a} - {b} [Grey Field]"]
)
def test_the_list_begins_and_ends_where_it_does(head: str, shape: str) -> None:
    found = read(WHOLE.format(head=head, list=lines(shape)))
    assert named(found) == NAMES
    assert found.above[0].startswith("My new mix")


@pytest.mark.parametrize("shape", ["{n}. {a} - {b}", "{t} {a} - {b}", "{a} - {b}"])
def test_a_list_needs_no_heading(shape: str) -> None:
    assert named(read(WHOLE.format(head="", list=lines(shape)))) == NAMES


def test_links_below_each_track_are_no_tracks() -> None:
    text = "Tracklist:\n" + "\n".join(
        f"{at + 1}. {artist} - {title}\nhttps://example.org/{at}" for at, (artist, title) in enumerate(NAMES)
    )
    assert named(read(text)) == NAMES
    bare = "Tracklist:\n" + "\n".join(
        f"{artist} - {title}\nhttps://example.org/{at}" for at, (artist, title) in enumerate(NAMES)
    )
    assert named(read(bare)) == NAMES
    same_line = "\n".join(
        f"{at + 1}. {artist} - {title} https://example.org/{at}" for at, (artist, title) in enumerate(NAMES)
    )
    assert named(read(same_line)) == NAMES


def test_several_tracks_may_stand_on_one_line() -> None:
    assert named(read("great!\n" + " ".join(lines("{n}. {a} - {b}").split("\n")) + "\nthanks")) == NAMES
    cued = read(" ".join(lines("({m}){a}-{b}").split("\n")))
    assert named(cued)[1] == NAMES[1]
    assert cues(cued)[1] == 840


def test_a_credit_wrapped_over_two_lines_is_one_track() -> None:
    found = read("1. Ana Volt,\nKolbe - Paper\n2. Mira - Under\n3. Osk - Glass")
    assert named(found) == [("Ana Volt, Kolbe", "Paper"), ("Mira", "Under"), ("Osk", "Glass")]
    apart = read("00:00\nAna Volt - Paper\n03:00\nMira - Under\n06:00\nOsk - Glass")
    assert named(apart)[1] == ("Mira", "Under")
    assert cues(apart) == [0, 180, 360]


def test_tables_are_lists() -> None:
    table = "| # | Time | Title | Artist | Label |\n|---|---|---|---|---|\n" + "\n".join(
        f"| {at + 1} | {at * 4}:00 | {title} | {artist} | Grey |" for at, (artist, title) in enumerate(NAMES)
    )
    found = read(table)
    assert named(found) == NAMES
    assert cues(found) == [at * 240 for at in range(6)]
    assert found.tracks[0].labels == ["Grey"]
    tabs = "Artist\tTitle\n" + "\n".join(f"{artist}\t{title}" for artist, title in NAMES)
    assert named(read(tabs)) == NAMES


ODD = {
    "file names": ("01 - A B - North.mp3\n02 - C - Paper (Osk Remix).mp3\n03 - D - Under.mp3", ("C", "Paper (Osk Remix)"), []),
    "labels behind slashes": ("1. A - B // Grey\n2. C - D // Tin\n3. E - F // Osk", ("C", "D"), ["Tin"]),
    "labels behind bars": ("0:00 A – B | Grey\n3:00 C – D | Tin\n7:00 E – F | Osk", ("C", "D"), ["Tin"]),
    "three columns": ("Tracklist\nA A\tB\tGrey\nC\tD\tTin\nE\tF\tOsk", ("C", "D"), ["Tin"]),
    "CSV": ('artist,title,label\nA,"B, b",Grey\nC,D,Tin\nE,F,Osk', ("C", "D"), ["Tin"]),
    "video notes": ("Song\nB\nArtist\nA\nSong\nD\nArtist\nC\nSong\nF (Dub)\nArtist\nE\nSong\nH (Dub)\nArtist\nI", ("C", "D"), []),
    "titles in quotes": ("1. A “B” (Grey)\n2. C “D” (Tin)\n3. E “F” (Osk)", ("C", "D"), ["Tin"]),
    "Japanese": ("1. 青い鳥「夜」\n2. C「D」\n3. E「F」", ("C", "D"), []),
    "sides of a record": ("Tracklist\nA1. A - B\nA2. C - D\nB1. E - F", ("C", "D"), []),
    "a chart": ("5. A - B\n4. C - D\n3. E - F\n2. G - H\n1. I - J", ("C", "D"), []),
    "an intro": ("1. Intro\n2. C - D\n3. E - F\n4. G - H\n5. Outro", ("C", "D"), []),
    "notes below tracks": ("1. A - B\n(my favourite)\n2. C - D\n[Tin Records]\n3. E - F", ("C", "D"), []),
    "thoughts behind tracks": (
        "1. A - B (it is the best that I have heard in all of this year, it is)\n2. C - D\n3. E - F", ("C", "D"), []
    ),
    "full stops": ('1. A, "B" [Original Mix].\n2. C, "D" [Dub].\n3. E, "F" [Dub].\n4. G, "H" [Dub].', ("C", "D [Dub]"), []),
    "keycaps": ("1\ufe0f\u20e3 A - B\n2\ufe0f\u20e3 C - D\n3\ufe0f\u20e3 E - F", ("C", "D"), []),
    "Roman numbers": ("I. A - B\nII. C - D\nIII. E - F\nIV. G - H", ("C", "D"), []),
    "initials": ("Tracklist:\nI. A - B\nC. D - E\nX. E - F", ("C. D", "E"), []),
    "letters": ("a) A - B\nb) C - D\nc) E - F\nd) G - H", ("C", "D"), []),
    "keys before": ("1. [8A] A - B\n2. [11B] C - D\n3. [1A] E - F", ("C", "D"), []),
    "keys and tempos before": ("Tracklist\n8A - 124 - A - B\n9A - 124 - C - D\n10A - 124.5 - E - F", ("C", "D"), []),
    "keys behind": ("1. A - B (Dub) [8A / 124]\n2. C - D (Dub) [9A / 124]\n3. E - F (Dub) [8A / 126]", ("C", "D (Dub)"), []),
    "tempos behind": ("1. A - B (124 BPM)\n2. C - D (124 BPM)\n3. E - F (126 bpm)", ("C", "D"), []),
    "numbers that are titles": ("Tracklist\nA - 100\nC - 101\nE - 102", ("C", "101"), []),
    "circled numbers": ("① A - B\n② C - D\n③ E - F", ("C", "D"), []),
    "full-width numbers": ("１．A / B\n２．C / D\n３．E / F", ("C", "D"), []),
    "ideographic commas": ("1、A - B\n2、C - D\n3、E - F", ("C", "D"), []),
    "discs": ("1-01 A - B\n1-02 C - D\n1-03 E - F", ("C", "D"), []),
    "a log": (
        "2026-05-15 23:55:01 A - B (Dub)\n2026-05-16 0:01:30 C - D (Dub)\n[2026-05-16T00:08:00Z] E - F\n2026-05-16 0:14:00 G - H",
        ("C", "D (Dub)"), [],
    ),
    "wikitext": (
        "== Tracklist ==\n# [00] A - B [Tin - T 1]\n# [07] C - D [Tin - T 2]\n# [12] E - F [Tin]\n# [19] G - H\n# [25] I - J",
        ("C", "D"), ["Tin"],
    ),
    "signs behind times": ("0:00 ♪ A - B\n3:00 ♫ C - D\n7:00 🎵 E - F", ("C", "D"), []),
    "Org": ("Tracklist\n** A - B\n** C - D\n** E - F", ("C", "D"), []),
    "years": ("1. A - B (1990)\n2. C - D (1991)\n3. E - F (1992)", ("C", "D (1991)"), []),
    "years in square brackets": ("1. A - B [1990]\n2. C - D [1991]\n3. E - F [1992]", ("C", "D [1991]"), []),
    "bold letters": ("𝗧𝗿𝗮𝗰𝗸𝗹𝗶𝘀𝘁\nA - B\nC - D\nE - F", ("C", "D"), []),
    "Turkish": ("Şarkı listesi:\nA - B\nC - D\nE - F", ("C", "D"), []),
    "Polish": ("Lista utworów\nA - B\nC - D\nE - F", ("C", "D"), []),
    "other lists": ("Tracklist:\n1. A - B\n2. C - D\n3. E - F\n\nPrevious episodes:\n1. Show 1 - X", ("C", "D"), []),
}  # fmt: skip


@pytest.mark.parametrize(("text", "second", "labels"), ODD.values(), ids=ODD)
def test_rare_shapes(text: str, second: tuple[str, str], labels: list[str]) -> None:
    found = read(text)
    track = found.tracks[1]
    assert ((track.artist, track.title), track.labels) == (second, labels)
    assert {t.section for t in found.tracks} == {None}
    assert 3 <= len(found.tracks) <= 5


NO_LISTS = {
    "nothing": "",
    "prose": "An hour of music from Vienna. It is good.\n\nFind the tracklist and Q&A at example.org/podcast/12\n@somebody",
    "one line of names": "Ana Volt - soni Ana Volt - MOP Ana Volt - keee Ann - Moons Apart Fools - Limba Green - Peper",
    "times in prose": "so good! the bit at (12) is my favourite, then (30), (44), (56), (61) and (78) - what a set",
    "one answer": "25:00 is Ana Volt - North",
    "two pairs": "Ana Volt - North\nKolbe - Paper",
    "links": "\n".join(f"Site {at} - https://example.org/{at}" for at in range(8)),
    "socials": "Instagram - @a\nFacebook - a\nTwitter - @a\nYouTube - a\nWebsite - a\nBooking - a",
    "chapters of talk": "00:00 Intro\n02:10 Who we are\n15:00 The interview\n44:00 Questions\n58:00 Goodbye",
    "a timetable": "Friday\n18:00 Ana Volt - Main Stage\n19:30 Kolbe - Main Stage\n21:00 Mira - Small Stage",
    "tour dates": "\n".join(f"{day}.05 - Town {day} - Club {day}" for day in range(11, 19)),
    "more dates": "\n".join(f"May {day} - Town {day}, DE - Club {day}" for day in range(11, 19)),
    "who did it": "Written by A\nProduced by B & C\nMixed by D\nMastered by E\nArtwork by F\nPhotos by G\nVideo by H",
    "who is who": "\n".join(f"Person {at} - @person{at}" for at in range(8)),
    "an album": "Tracklist\n\n" + "\n".join(f"{at}. Song {at} ft. Somebody" for at in range(1, 9)),
    "a release": "Ana Volt - North EP\nOut now on Grey\n\nA1. North\nA2. Paper (Osk Remix)\nB1. Under\nB2. Glass",
    "topics": "00:00 Intro\n01:30 Markets - what is new\n09:00 Interview - Ana\n22:00 Questions - letters\n40:00 News - the week",
    "a transcript": "\n".join(f"00:00:{at:02d}.500 | and then she said {at}" for at in range(20)),
    "words with times": "\n".join(f"00:{at:02d}\nword" for at in range(20)),
    "a changelog": "\n".join(f"- core - fix the error of option {at} in the parser" for at in range(9)),
    "steps": "1. Install - run the installer.\n2. Configure - set the options.\n3. Start - run the server.",
    "glossary": "\n".join(f"term {at} - what it means when the parser reads it in a file" for at in range(9)),
    "a festival": "\n".join(f"2026-05-{at} 21:00:00 Town {at} - Club {at}" for at in range(11, 19)),
    "a day's programme": "\n".join(f"2026-05-15 {at}:00 Act {at} - Stage {at}" for at in range(11, 19)),
    "results": "Arden - Colm 2:1\nDrift - Eden 0:0\nFen - Glen 3:2\nHolm - Isle 1:1\nKell - Loch 2:2\nMoor - Ness 1:0",
    "other results": "\n".join(f"{at}. Arden {at} - Colm {at} {at}-{at % 3}" for at in range(1, 9)),
    "speakers": "## Speakers\n\n" + "\n".join(f"- Ana{at} Volt - Grey{at}" for at in range(12)),
    "the best albums": "Top 10 albums of 2023\n\n"
    + "\n".join(f"{at}. Ana{at} Volt - Grey{at}" for at in range(12)),
    "books": "Reading list\n1. Moby Dick - Herman Melville\n2. Ulysses - James Joyce\n3. Emma - Jane Austen",
    "code": "\n".join(f"if (a[{at}] - b > c) {{ return x_{at}; }}" for at in range(9)),
}


@pytest.mark.parametrize("text", NO_LISTS.values(), ids=NO_LISTS)
def test_no_list_is_invented(text: str) -> None:
    found = find_list(text)
    assert isinstance(found, NoList), found
    assert found.reason


def test_headings_without_an_own_list_are_no_tracks() -> None:
    found = read(
        "Tracklist\n\n"
        + lines("{a} - {b}")
        + "\n\nFree Download - link in bio\n\nThanks for listening - see you soon"
    )
    assert named(found) == NAMES


WIKI = """<list>
[00] ?
[03] [[Ana Volt]] - North [Grey Field - GF 012]
...
[??] ''Kolbe - ? [Unreleased]''
[1?] '''Rewind:''' Mira Tan - Under
;Part 2
[02] Osk - [Silence]
[05] Low Sun - Rain [Live At The Hall]
</list>"""


def test_wikitext_is_read_whole() -> None:
    found = read(WIKI, dialect=Dialect.MIXESDB)
    assert named(found) == [
        ("?", "?"),
        ("Ana Volt", "North"),
        ("Kolbe", "?"),
        ("Mira Tan", "Under"),
        ("Osk", "[Silence]"),
        ("Low Sun", "Rain"),
    ]
    assert cues(found) == [0, 180, None, None, 120, 300]
    assert [track.cue_text for track in found.tracks] == ["[00]", "[03]", "[??]", "[1?]", "[02]", "[05]"]
    assert [track.labels for track in found.tracks] == [
        [],
        ["Grey Field"],
        ["Unreleased"],
        [],
        [],
        ["Live At The Hall"],
    ]
    assert [track.recording for track in found.tracks] == [1, 1, 1, 1, 2, 2]
    assert found.tracks[5].section == "Part 2"
    assert found.tracks[3].text == "Rewind: Mira Tan - Under"
    assert {"gap", "guessed", "cue_minutes"} <= set(found.issues)


@pytest.mark.parametrize(
    ("times", "seconds", "precision"),
    [
        (["[0:59]", "[1:12]", "[1:20]"], [3540, 4320, 4800], CuePrecision.MINUTE),
        (["[06:33]", "[12:18]", "[57:36]"], [393, 738, 3456], CuePrecision.SECOND),
        (["[00:05:10]", "[01:02:03]", "[01:10:00]"], [310, 3723, 4200], CuePrecision.SECOND),
        (["[007]", "[099]", "[114]"], [420, 5940, 6840], CuePrecision.MINUTE),
        (["[21:00]", "[21:07]", "[21:15]"], [None, None, None], CuePrecision.UNKNOWN),
        (["[23:58]", "[00:03]", "[00:09]"], [None, None, None], CuePrecision.UNKNOWN),
    ],
)
def test_wikitext_has_its_own_times(
    times: list[str], seconds: list[float | None], precision: CuePrecision
) -> None:
    found = read("\n".join(f"# {time} Artist - Title" for time in times), dialect=Dialect.MIXESDB)
    if times[0] == "[0:59]":
        assert cues(found)[0] is None or cues(found) == seconds
    else:
        assert cues(found) == seconds
        assert {track.cue_precision for track in found.tracks} == {precision}
