"""Chapters that name artist and title are tracks; a talk's are none, and nothing is invented."""

from __future__ import annotations

import json
import time

import pytest
from made_feeds import TRACKS, podcasting_chapters, simple_chapters

from tlray.model import CuePrecision, Identity, PageKind, ParsedPage, Tracklist
from tlray.readers.chapters import ChaptersReader
from tlray.readers.chapters.marks import Chapter, ChapterTracks, seconds, tracks_of
from tlray.readers.interface import SourceFile


def read(body: bytes, name: str = "chapters.json") -> ParsedPage:
    file = SourceFile(name, body, "file:///" + name)
    assert ChaptersReader().recognises(file.head, name)
    return ChaptersReader().read(file)


def the_set(body: bytes, name: str = "chapters.json") -> Tracklist:
    page = read(body, name)
    assert page.kind is PageKind.TRACKLIST, page.reason
    return page.tracklists[0]


def marks(*titles: str) -> list[Chapter]:
    return [Chapter(title, 60.0 * at, f"{at}:00") for at, title in enumerate(titles)]


def tracks(*titles: str) -> ChapterTracks:
    found = tracks_of(marks(*titles))
    assert isinstance(found, ChapterTracks), found
    return found


@pytest.mark.parametrize(
    ("text", "start_s"),
    [
        ("0", 0),
        ("37", 37),
        ("01", 1),
        ("3:07", 187),
        ("01:02:03.400", 3723.4),
        ("01:02:03,4", 3723.4),
        ("100:00:00", 360_000),
        ("npt:12.5s", 12.5),
        (" 4210 ", 4210),
        ("", None),
        ("a:b", None),
        ("1:2:3:4", None),
        ("-3", None),
    ],
)
def test_starts_are_normal_play_time(text: str, start_s: float | None) -> None:
    assert seconds(text) == start_s


def test_podcasting_2_0_and_both_forms_of_podlove_give_the_same_tracks() -> None:
    twin = json.dumps(
        [{"start": f"00:00:{s}", "title": f"{a} - {t}", "href": "", "image": ""} for s, a, t in TRACKS[:1]]
    )
    assert read(twin.encode()).kind is PageKind.UNKNOWN  # one chapter is no list
    starts = [f"{int(s) // 3600}:{int(s) // 60 % 60:02}:{s % 60:06.3f}" for s, _, _ in TRACKS]
    twin = json.dumps(
        [{"start": start, "title": f"{a} - {t}"} for start, (_, a, t) in zip(starts, TRACKS, strict=True)]
    )
    psc = simple_chapters().replace(
        "<psc:chapters", '<psc:chapters xmlns:psc="http://podlove.org/simple-chapters"'
    )
    for body in (
        podcasting_chapters(),
        twin.encode(),
        psc.encode(),
        b'\xef\xbb\xbf<?xml version="1.0"?>' + psc.encode(),
    ):
        found = the_set(body)
        assert [(t.cue_s, t.artist, t.title) for t in found.tracks] == TRACKS
        assert {t.cue_precision for t in found.tracks} == {CuePrecision.SECOND}
        assert [t.identity for t in found.tracks][-1] is Identity.ID


def test_what_the_file_says_of_its_recording_is_kept() -> None:
    said = {
        "title": "Tidal Radio 12",
        "author": "Nora Field",
        "podcastName": "Tidal Radio",
        "fileName": "https://m.example/12.mp3",
    }
    found = the_set(podcasting_chapters(**said))
    assert (found.title, found.djs, found.sources, found.recordings) == (
        "Tidal Radio 12",
        ["Nora Field"],
        ["Tidal Radio"],
        ["https://m.example/12.mp3"],
    )
    player = json.loads(podcasting_chapters()) | {
        "show": {"title": "Tidal Radio"},
        "duration": "01:15:00.5",
        "publicationDate": "2026-05-15T10:00:00+00:00",
        "link": "https://tidal.example/12",
    }
    found = the_set(json.dumps(player).encode(), "player.json")
    assert (found.duration_s, str(found.published), found.url) == (
        4500.5,
        "2026-05-15",
        "https://tidal.example/12",
    )
    assert found.title == "player"
    assert the_set(podcasting_chapters(), "Tidal 12.chapters.json").title == "Tidal 12"


def test_what_a_listener_does_not_see_is_no_track() -> None:
    body = json.loads(podcasting_chapters())
    body["chapters"].insert(2, {"startTime": 300, "title": "Hidden - Image", "toc": False})
    body["chapters"].insert(2, {"startTime": 300, "img": "https://x.example/a.png"})
    assert [t.title for t in the_set(json.dumps(body).encode()).tracks] == [title for _, _, title in TRACKS]


def test_order_is_by_start() -> None:
    found = tracks_of(list(reversed(marks("A - B", "C - D", "E - F"))))
    assert isinstance(found, ChapterTracks)
    assert [t.artist for t in found.tracks] == ["A", "C", "E"]


def test_a_chapter_in_front_of_tracks_is_their_section_and_others_are_counted() -> None:
    found = tracks("Welcome", "Hour one", "A - B", "C - D", "Guest mix: Ilse", "E - F", "G - H", "Goodbye")
    assert [(t.title, t.section, t.cue_s) for t in found.tracks] == [
        ("B", "Hour one", 120),
        ("D", "Hour one", 180),
        ("F", "Guest mix: Ilse", 300),
        ("H", "Guest mix: Ilse", 360),
    ]
    assert "4 chapters are no tracks" in found.issues


@pytest.mark.parametrize(
    "titles",
    [
        ("Intro", "Greetings", "Hardware- und Software", "Outro"),
        ("News: phones", "News: cars", "News: planes", "Ads: beds"),
        ("Intro", "Talk - a guest", "Talk two", "Talk three", "Talk four"),
        ("A - B", "C - D"),
        (),
    ],
)
def test_the_chapters_of_a_talk_are_no_tracklist(titles: tuple[str, ...]) -> None:
    assert isinstance(tracks_of(marks(*titles)), str)


def test_numbers_in_titles_are_numbers_only_where_they_count() -> None:
    found = tracks("01. A - B", "02. C - D", "03. E - F").tracks
    assert [(t.number, t.artist) for t in found] == [(1, "A"), (2, "C"), (3, "E")]
    assert [t.artist for t in tracks("2 Unlimited - X", "Kepler - Y", "808 State - Z").tracks] == [
        "2 Unlimited",
        "Kepler",
        "808 State",
    ]


def test_a_late_zero_and_a_missing_start_are_no_time() -> None:
    found = tracks_of(
        [
            *marks("A - B", "C - D", "E - F"),
            Chapter("G - H", 0.0, "0"),
            Chapter("I - J", None, "x"),
            Chapter("K - L", 1e21, "1e21"),
        ]
    )
    assert isinstance(found, ChapterTracks)
    assert [t.cue_s for t in found.tracks] == [0, 60, 120, None, None, None]


def clock(seconds_: float, point: str = ".") -> str:
    return f"{int(seconds_) // 3600:02}:{int(seconds_) // 60 % 60:02}:{seconds_ % 60:06.3f}".replace(
        ".", point
    )


def labels(point: str = ".", frequencies: str = "") -> str:
    return "".join(
        f"{s:.6f}\t{s + 9:.6f}".replace(".", point) + f"\t{a} - {t}\n{frequencies}" for s, a, t in TRACKS
    )


def editions(*atoms: str) -> str:
    inside = "".join(f"<EditionEntry>{some}</EditionEntry>" for some in atoms)
    return f"<Chapters>{inside}</Chapters>"


ATOMS = "".join(
    f"<ChapterAtom><ChapterTimeStart>{clock(s)}000000</ChapterTimeStart><ChapterDisplay><ChapterString>"
    f"{a.replace('&', '&amp;')} - {t}</ChapterString></ChapterDisplay></ChapterAtom>"
    for s, a, t in TRACKS
)
HIDDEN = ATOMS.replace("<ChapterTimeStart>", "<ChapterFlagHidden>1</ChapterFlagHidden><ChapterTimeStart>")
TEXTS = {
    "OGM": "".join(f"CHAPTER{n:02}={clock(s)}\nCHAPTER{n:02}NAME={a} - {t}\n" for n, (s, a, t) in enumerate(TRACKS, 1)),
    "labels of Audacity": labels(),
    "labels with commas": labels(","),
    "labels with frequencies": labels(".", "\\\t200.000000\t5000.000000\n"),
    "WebVTT": "WEBVTT - chapters\n\n" + "".join(f"1\n{clock(s)} --> {clock(s + 9)}\n{a} - {t}\n\n" for s, a, t in TRACKS),
    "ffmpeg": ";FFMETADATA1\ntitle=chapters\nencoder=x\n[STREAM]\ntitle=y\n" + "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={int(s * 1000)}\nEND={int(s * 1000)}\ntitle={a} - {t}\n" for s, a, t in TRACKS),
    "ffmpeg without a base": ";FFMETADATA1\n" + "".join(
        f"[CHAPTER]\nSTART={int(s * 1e9)}\nEND=1\ntitle={a} - {t.replace('(', chr(92) + '(')}\n" for s, a, t in TRACKS),
    "Matroska": f"<?xml version='1.0'?><!-- x -->{editions(ATOMS, ATOMS)}",
    "Matroska within a chapter": editions(f"<ChapterAtom><ChapterTimeStart>00:00:00</ChapterTimeStart>{ATOMS}</ChapterAtom>"),
    "Matroska with hidden ones": editions(HIDDEN, HIDDEN + ATOMS),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("program", TEXTS)
def test_chapters_of_other_programs_are_read(program: str, end: str, encoding: str) -> None:
    made = the_set(TEXTS[program].replace("\n", end).encode(encoding), "chapters.txt")
    assert [(t.cue_s, t.artist, t.title) for t in made.tracks] == TRACKS
    assert {t.cue_precision for t in made.tracks} == {CuePrecision.SECOND}
    assert made.title == "chapters"


def test_a_title_of_many_lines_takes_no_time() -> None:
    began = time.process_time()
    found = tracks("A - B", f"C {chr(10) * 19_000} - D", "E - F")
    assert (found.tracks[1].artist, found.tracks[1].title) == ("C", "D")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "WEBVTT\n\n00:00.000 --> 00:05.000\nHello there\n\n00:05.000 --> 00:09.000\nGood evening\n",
        ";FFMETADATA1\ntitle=A - B\n",
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/0\nSTART=x\ntitle=A - B\n[CHAPTER]\nSTART=\n[CHAPTER\n[]\n",
        "CHAPTER01=00:00:00.000\nCHAPTER02NAME=A - B\n",
        "0.000000\t1.000000\n5.000000\t6.000000\n",
        "<Chapters><EditionEntry/></Chapters>",
    ],
)
def test_captions_and_files_without_chapters_are_no_tracklist(text: str) -> None:
    page = read(text.encode(), "x.txt")
    assert (page.kind, page.tracklists) == (PageKind.UNKNOWN, ())
    assert page.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"version": "1.2.0", "chapters": [{"startTime": 0, "tit', "not whole JSON"),
        (b'{"chapters": [{"startTime": 0}, 3]}', "no chapters"),
        (b'{"chapters": [{"startTime": 0}]}', "no chapters"),
        (b"<chapters></chapters>", "no chapters"),
        (b"<chapters><chapter start='0' title='A - B'/>", "cut off"),
        (b'{"chapters": [' + b"[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_broken_is_unknown(body: bytes, reason: str) -> None:
    page = ChaptersReader().read(SourceFile("chapters.json", body))
    assert page.kind is PageKind.UNKNOWN
    assert reason in (page.reason or "")
