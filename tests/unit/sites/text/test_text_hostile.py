"""Texts made to break the parser: no exception, no hang, no memory, nothing that drives a terminal."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlray.model import Track
from tlray.sites.text import Dialect, FoundList, NoList, find_list, parse_line

pytestmark = pytest.mark.costly
DRIVING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")
PIECES = st.sampled_from([
    "1. ", "01. ", "12) ", "[00:00] ", "(03) ", "1:02:03 ", "72:10", "?:??", " - ", " – ", "-", " / ",
    " by ", " w/ ", " vs. ", ": ", "\t", "[Label - 12]", "(Osk Remix)", "Ana Volt", "2 Men", "ID", "?",
    "???", "Tracklist:", ";Part 2", "== X ==", "https://example.org/a", "@x", "feat. ", "'''", "''",
    "[[a", "b]]", "#", "##", "...", "…", "-----", "\u2028", "\u202e", "\x1b[31m", "\x00", "\n", "\n",
    "\n", "\n\n", "\r\n", "“T”", "\"", "‘", "’", "&", ",", ".", "é", "日本", "🎵", "1️⃣", "٣", "²", "[", "]",
    "(", ")", "{", "Artist", "00", "9999:53", "23:58", "9:05 PM", "5'30", "1h02", "12 min",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=120).map("".join)
NO_TEXT = st.text(max_size=300)
TIME_LIMIT_S = 20.0
"""Of CPU. What is quadratic takes minutes."""


def check(track: Track) -> None:
    assert track.cue_s is None or 0 <= track.cue_s < 10_000 * 3600
    assert track.duration_s is None or track.duration_s >= 0
    for text in (
        track.artist,
        track.title,
        track.text,
        track.section or "",
        track.cue_text or "",
        *track.labels,
    ):
        assert not DRIVING.search(text)
    assert track.title or track.artist or track.text


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("whole", [False, True])
@settings(max_examples=40, deadline=None)
@given(text=st.one_of(TEXTS, NO_TEXT))
def test_any_text_is_a_list_or_none(dialect: Dialect, whole: bool, text: str) -> None:
    found = find_list(text, dialect=dialect, whole=whole)
    if isinstance(found, NoList):
        assert found.reason
        return
    assert [track.index for track in found.tracks] == list(range(1, len(found.tracks) + 1))
    assert all(track.parent is None or 1 <= track.parent < track.index for track in found.tracks)
    for track in found.tracks:
        check(track)


@settings(max_examples=100, deadline=None)
@given(line=st.one_of(TEXTS, NO_TEXT), dialect=st.sampled_from(Dialect))
def test_any_line_is_a_track_or_none(line: str, dialect: Dialect) -> None:
    track = parse_line(line, dialect=dialect)
    if track is not None:
        check(track)


@settings(max_examples=100, deadline=None)
@given(
    times=st.lists(st.integers(0, 359_999), min_size=3, max_size=30),
    names=st.lists(
        st.sampled_from(["Ana Volt", "Osk", "2 Men", "I-f", "Ü & Ö", "A. B."]), min_size=30, max_size=30
    ),
)
def test_times_are_as_printed_or_missing(times: list[int], names: list[str]) -> None:
    printed = [f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}" for s in times]
    found = find_list(
        "\n".join(
            f"{time} {name} - Title {at}" for at, (time, name) in enumerate(zip(printed, names, strict=False))
        )
    )
    assert isinstance(found, FoundList)
    assert [track.cue_text for track in found.tracks] == printed
    assert all(track.cue_s in (None, s) for track, s in zip(found.tracks, times, strict=True))


HOSTILE = {
    "one line": "A - B " * 23_000,
    "one word": "a" * 150_000,
    "digits": "1" * 150_000,
    "times": "00:00 " * 25_000,
    "times in lines": "00:00\n" * 13_000,
    "dashes": " - " * 50_000,
    "dash lines": "- - -\n" * 3_000,
    "open brackets": "[" * 150_000,
    "brackets in lines": ("[" * 3_000 + "\n") * 60,
    "closed brackets in lines": ("1. A - B " + "]" * 300 + "\n") * 2_000,
    "quotes": '1. "' * 33_000,
    "quotes in lines": ("1. " + '"' * 3_000 + "\n") * 50,
    "bold": "'''" * 50_000,
    "links": "[[a|" * 33_000,
    "many pairs": "Ana Volt - North\n" * 3_000,
    "many numbers": "\n".join(f"{at % 900}. A{at} - B" for at in range(3_000)),
    "many heads": "Tracklist:\n" * 3_000,
    "heads and pairs": "Tracklist:\nA - B\n\n" * 3_000,
    "many small lists": "1. A - B\n2. C - D\n3. E - F\nsome prose stands between them here\n" * 4_000,
    "by": " by " * 33_000,
    "commas": ("A,\n" * 9_000),
    "tabs": "a\tb\tc\n" * 3_000,
    "tables": "| a | b |\n" * 3_000,
    "long table row": "|" * 150_000,
    "blanks": " " * 150_000 + "x",
    "blank lines": "\n" * 150_000,
    "controls": "\x1b[" * 63_000,
    "combining": "a" + "\u0301" * 63_000,
    "marks": "\u202e" * 150_000,
    "question marks": "?\n" * 3_000,
    "urls": "https://a.b/" * 11_000,
    "dots": "a." * 63_000,
    "keys": "8A " * 6_000 + "\n" + "8A - 124 - A - B\n" * 3_000,
    "blanks and keys": ("a" + " " * 9_000 + "8A x\n") * 9,
    "brackets before no link": "see www.a.b " + "(" * 18_000 + " x www.a.b y",
    "edges of a heading": "Tracklist:\n;" + "_" * 19_000 + "x\nA - B\nC - D\nE - F",
    "names of variables": "Tracklist:\n1. A - " + "_" * 15_000 + "\n2. C - " + "a_" * 7_000 + "\n3. E - F",
    "Roman": "I. " * 6_000 + "\n" + "I. A - B\n" * 3_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_ends_soon(text: str) -> None:
    began = time.process_time()
    find_list(text)
    find_list(text, dialect=Dialect.MIXESDB)
    parse_line(text)
    assert time.process_time() - began < TIME_LIMIT_S
