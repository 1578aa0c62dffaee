"""M3U8 and XSPF: what they hold, and that no name becomes a line or an element of its own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from made_sets import a_set, a_track, any_set, cued, mashup_part, nasty_text, with_row

from tlray.export import m3u8, xspf
from tlray.export.interface import SetFile
from tlray.export.options import PlayerOptions
from tlray.export.safe_text import one_line
from tlray.model import CuePrecision, TrackKind, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file

NS = {"x": xspf.NAMESPACE, "vlc": xspf.VLC}
FEW = settings(max_examples=40)


@pytest.fixture(scope="module")
def schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(Path(__file__).with_name("xspf.rng")))


def playlists(tracklist: Tracklist, media: str | None = None) -> list[str]:
    files = m3u8.per_set(tracklist, PlayerOptions(media=media))
    return [b"".join(f.chunks).decode() for f in files if isinstance(f, SetFile)]  # type: ignore[arg-type]


def an_xspf(tracklist: Tracklist, media: str | None = None) -> etree._Element:
    (only,) = (f for f in xspf.per_set(tracklist, PlayerOptions(media=media)) if isinstance(f, SetFile))
    return etree.fromstring(b"".join(only.chunks))  # type: ignore[arg-type]


def test_a_whole_m3u8() -> None:
    (text,) = playlists(a_set(a_track(1, 0), a_track(2), a_track(3, 200.5), duration_s=400.0))
    assert text == (
        "#EXTM3U\n"
        "#PLAYLIST:Someone @ Somewhere\n"
        "# left out, no cue: Artist 2 - Title 2 (row 2)\n"
        "#EXTINF:201,Artist 1 - Title 1\n"
        "#EXTVLCOPT:start-time=0.000\n"
        "#EXTVLCOPT:stop-time=200.500\n"
        "Someone @ Somewhere.mp3\n"
        "#EXTINF:200,Artist 3 - Title 3\n"
        "#EXTVLCOPT:start-time=200.500\n"
        "#EXTVLCOPT:stop-time=400.000\n"
        "Someone @ Somewhere.mp3\n"
    )


@pytest.mark.parametrize(
    ("media", "line"),
    [
        ("#1.mp3", "./#1.mp3"),
        ("a\n#EXTVLCOPT:x", "a #EXTVLCOPT:x"),
        ("https://a.example/x.mp3", "https://a.example/x.mp3"),
    ],
)
def test_the_medias_name_stays_a_name(media: str, line: str) -> None:
    (text,) = playlists(cued(0), media)
    assert text.splitlines()[-1] == line


@FEW
@given(any_set(), nasty_text.filter(bool))
def test_each_line_of_any_m3u8_is_what_it_should_be(tracklist: Tracklist, media: str) -> None:
    for text in playlists(tracklist, media):
        lines = text.split("\n")
        n = lines.count(next(line for line in lines[::-1] if line)) if one_line(media) else 0
        assert sum(line.startswith("#EXTINF:") for line in lines) == sum(
            line.startswith("#EXTVLCOPT:start-time=") for line in lines
        )
        allowed = (
            "#EXTM3U",
            "#PLAYLIST:",
            "# ",
            "#EXTINF:",
            "#EXTVLCOPT:start-time=",
            "#EXTVLCOPT:stop-time=",
        )
        assert all(line.startswith(allowed) for line in lines if line.startswith("#"))
        assert n == 0 or n >= sum(line.startswith("#EXTINF:") for line in lines)


def test_an_m3u8_is_imported_with_the_same_names_and_lengths() -> None:
    made = cued(0, 200, 400, duration_s=700.0)
    (text,) = playlists(made)
    (back,) = read_file(SourceFile("set.m3u8", text.encode())).tracklists
    assert [(t.artist, t.title, t.duration_s) for t in back.tracks] == [
        ("Artist 1", "Title 1", 200.0), ("Artist 2", "Title 2", 200.0), ("Artist 3", "Title 3", 300.0),
    ]  # fmt: skip


def test_an_xspf_has_all_rows_and_the_part_of_those_whose_start_is_known(schema: etree.RelaxNG) -> None:
    rows = [
        a_track(1, 0, labels=["A", "B"]), with_row(2, 1), mashup_part(3, 1), a_track(4, 60, cue_precision=CuePrecision.MINUTE),
        a_track(5, 200.25),
    ]  # fmt: skip
    root = an_xspf(a_set(*rows), "my mix: #1.mp3")
    schema.assertValid(root)
    tracks = root.findall("x:trackList/x:track", NS)
    assert [(t.findtext("x:creator", None, NS), t.findtext("x:title", None, NS)) for t in tracks] == [
        (f"Artist {i}", f"Title {i}") for i in (1, 2, 4, 5)
    ]
    assert [t.findtext("x:location", None, NS) for t in tracks] == [
        "my%20mix%3A%20%231.mp3",
        None,
        None,
        "my%20mix%3A%20%231.mp3",
    ]
    assert [[o.text for o in t.iterfind("x:extension/vlc:option", NS)] for t in tracks] == [
        ["start-time=0.000", "stop-time=200.250"], [], [], ["start-time=200.250"],
    ]  # fmt: skip
    assert tracks[0].findtext("x:annotation", None, NS) == "A / B"
    assert root.findtext("x:annotation", None, NS) == "1 row without a start: no exact cue (minute)"


@settings(max_examples=100)
@given(st.text("abé夜%2Z[]{}<>\"\\^`|'():?#&= \n\ud800", max_size=12))
@example("https://[::1]/")
@example("javascript:alert(1)")
def test_any_address_is_a_uri_or_left_out(schema: etree.RelaxNG, rest: str) -> None:
    url = rest if ":" in rest else f"https://a.example/{rest}"
    schema.assertValid(an_xspf(a_set(a_track(1, 0, track_url=url, artwork_url=f"https://{rest}"), url=url)))


def test_an_address_of_the_web_is_a_link() -> None:
    root = an_xspf(a_set(a_track(1, track_url="https://a.example/é?a=%20%&b")))
    assert root.findtext("x:trackList/x:track/x:info", None, NS) == "https://a.example/%C3%A9?a=%20%25&b"


@FEW
@given(any_set(), nasty_text.filter(bool))
def test_any_xspf_is_valid_and_has_every_row(schema: etree.RelaxNG, tracklist: Tracklist, media: str) -> None:
    root = an_xspf(tracklist, media)
    schema.assertValid(root)
    rows = [t for t in tracklist.tracks if t.kind is not TrackKind.MASHUP_PART]
    found = root.findall("x:trackList/x:track", NS)
    assert [t.findtext("x:title", "", NS) for t in found] == [one_line(t.title or t.text) for t in rows]
    assert [t.findtext("x:creator", "", NS) for t in found] == [one_line(t.artist) for t in rows]
    for place in root.iterfind(".//x:track/x:location", NS) if one_line(media) else ():
        assert unquote(place.text or "").replace("?", "\ufffd") in {
            one_line(media).replace("?", "\ufffd"),
            place.text,
        }
