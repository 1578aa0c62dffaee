"""Whatever a file holds: a set or a reason, never an exception, soon, and nothing of a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_histories import nml, play, playlist, read, row, session
from test_chapters import TEXTS
from test_cue import REKORDBOX, tracks
from test_rekordbox import M3U8, XML, table
from test_serato import CSV
from test_traktor import TEXT
from test_virtualdj import NIGHT, TXT

from tlray.model import PageKind
from tlray.readers.chapters import ChaptersReader
from tlray.readers.cue import CueReader
from tlray.readers.interface import HEAD_BYTES, FileReader
from tlray.readers.rekordbox import RekordboxReader
from tlray.readers.serato import SeratoReader
from tlray.readers.traktor import TraktorReader
from tlray.readers.virtualdj import VirtualDJReader

READERS: list[FileReader] = [
    CueReader(),
    TraktorReader(),
    RekordboxReader(),
    VirtualDJReader(),
    SeratoReader(),
    ChaptersReader(),
]
SAMPLES = [
    tracks(("A", "B", "00:00:00"), ("C", None, "03:00:00")).encode(),
    REKORDBOX.format(recorded="").encode("utf-16"),
    nml(
        [{"FILE": "a.mp3", "ARTIST": "A", "TITLE": "T"}],
        playlist(row("a.mp3", STARTDATE=132651551, STARTTIME=9, PLAYEDPUBLIC=1)),
    ).encode(),
    TEXT.encode(),
    XML.encode(),
    M3U8.encode(),
    table("#\tArtwork\tTrack Title\tArtist", "1\t\tT\tA"),
    NIGHT.encode(),
    TXT.encode(),
    CSV.encode(),
    *(text.encode() for text in TEXTS.values()),
    session(play(1, "T", 1_717_192_800), play(2, "U", 1_717_193_000)),
]


def check(body: bytes) -> None:
    for reader in READERS:
        reader.recognises(body[:HEAD_BYTES], "x.cue")
        page = read(reader, body, "x.txt")
        assert (page.kind is PageKind.TRACKLIST) == bool(page.tracklists) == (page.reason is None)
        for made in page.tracklists:
            assert made.track_count == len(made.tracks) > 0
            assert [t.index for t in made.tracks] == list(range(1, len(made.tracks) + 1))
            assert all(t.cue_s is None or 0 <= t.cue_s < 1e9 for t in made.tracks)
            assert all((t.cue_s is None) == (t.cue_precision == "unknown") for t in made.tracks)
            assert all(t.text and "\n" not in t.text for t in made.tracks)


@given(st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    check(body)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good file of which a piece is gone, doubled, replaced or bent."""
    body = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, max(0, len(body) - 1)))
        end = draw(st.integers(begin, min(len(body), begin + 60)))
        match draw(st.sampled_from(["cut", "double", "replace", "swap"])):
            case "cut":
                del body[begin:end]
            case "double":
                body[begin:begin] = body[begin:end] * draw(st.integers(1, 5))
            case "replace":
                body[begin:end] = draw(
                    st.binary(max_size=30) | st.text(max_size=20).map(lambda s: s.encode("utf-8", "replace"))
                )
            case "swap":
                body[begin:end] = body[begin:end][::-1]
    return bytes(body)


@given(damaged())
def test_good_files_that_are_damaged(body: bytes) -> None:
    check(body)


@given(
    st.lists(
        st.sampled_from(
            [
                "TRACK",
                "INDEX",
                "FILE",
                "TITLE",
                "REM",
                "01",
                "AUDIO",
                '"',
                "00:00:00",
                " ",
                "\n",
                "\t",
                "99:99",
                "w/ A - B",
                "é",
            ]
        )
    ).map("".join)
)
def test_words_of_sheets_in_any_order(text: str) -> None:
    check(text.encode())


pytestmark = pytest.mark.costly
BIG = 150_000


@pytest.mark.parametrize(
    "body",
    [
        b'"' * BIG,
        b"\t" * BIG,
        b" by " * (BIG // 4),
        b"1. " + b"a by " * (BIG // 5),
        b"<" * BIG,
        b"<a>" * (BIG // 3),
        b" - " * (BIG // 3),
        b"#EXTINF:1," * (BIG // 10),
        b"#EXTVDJ:<title>" * (BIG // 15),
        b"\r" * BIG,
        b"TRACK 1 AUDIO\rINDEX 01 0:0\r" * (BIG // 30),
        b"REM " * (BIG // 4),
        "日".encode("gb18030") * (BIG // 2),
        b"\xff" * BIG,
        b"\xff\xfe" + b"a\0" * (BIG // 2),
        b"oent" * (BIG // 4),
        b"vrsn\0\0\0\0" + b"oent\0\0\0\x08adat\0\0\0\0" * (BIG // 16),
        b"name,artist\n" + b"a,b\n" * (BIG // 4),
        b"#\tx\tTitle\tArtist\n" + b"\n" * BIG,
        b"<NML>" + b"<x>" * 2_000 + b"&" * BIG,
        b"1" * BIG,
        b"1:" * (BIG // 2),
        b"a w/ " * (BIG // 5),
        b"(" * BIG,
        b"VirtualDJ History 1\n" * (BIG // 20),
        b'PERFORMER "'
        + b"w/ A - B " * 4_000
        + b'"\nTRACK 1 AUDIO\nTITLE "'
        + b"w/ A" * 900
        + b'"\nINDEX 01 00:00:00\n',
    ],
)
@pytest.mark.timeout(120)
def test_long_runs_of_anything_take_no_time(body: bytes) -> None:
    check(body)
