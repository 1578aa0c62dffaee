"""The reader of text files: encodings, markup, what stands above the list, and what is no text."""

from __future__ import annotations

import time
from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_mixes import MadeMix

from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import kind_of, read_file
from tlray.readers.text import TextReader
from tlray.readers.text.reader import MAX_BYTES

LIST = "Tracklist:\n1. Ana Volt - Nördlich\n2. Kölbe & Reiß - Paper Boats (Extended Mix) [Grey]\n3. Mira - Über\n4. ID - ID\n"
READER = TextReader()


def read(body: bytes | str, name: str = "mix.txt", **options: str) -> ParsedPage:
    return READER.read(SourceFile(name, body.encode() if isinstance(body, str) else body, **options))


def the_set(body: bytes | str, name: str = "mix.txt", **options: str) -> Tracklist:
    page = read(body, name, **options)
    assert page.kind is PageKind.TRACKLIST, page.reason
    (tracklist,) = page.tracklists
    return tracklist


def names(tracklist: Tracklist) -> list[tuple[str, str]]:
    return [(track.artist, track.title) for track in tracklist.tracks]


def test_a_text_file_is_a_set() -> None:
    made = the_set(LIST, url="file:///mix.txt")
    assert (made.site, made.url, made.parser, made.media_type) == (
        "text",
        "file:///mix.txt",
        "text/2",
        "text/plain",
    )
    assert made.source_id == sha256(LIST.encode()).hexdigest()
    assert (made.title, made.date, made.djs) == ("mix", None, [])
    assert (made.track_count, made.identified_count, made.cued_count) == (4, 3, 0)
    assert made.quality_issues == []


@pytest.mark.parametrize(
    "body",
    [
        LIST.encode(),
        LIST.encode("utf-8-sig"),
        LIST.encode("utf-16"),
        LIST.encode("utf-16-le"),
        LIST.encode("utf-16-be"),
        LIST.encode("utf-32"),
        LIST.encode("utf-32-be"),
        LIST.replace("\n", "\r\n").encode(),
        LIST.replace("\n", "\r").encode(),
    ],
)
def test_each_encoding_of_one_text_gives_one_list(body: bytes) -> None:
    made = the_set(body)
    assert names(made) == names(the_set(LIST))
    assert made.quality_issues == []


def test_an_encoding_is_guessed_and_said_or_the_user_s() -> None:
    guessed = the_set(LIST.encode("cp1252"))
    assert names(guessed) == names(the_set(LIST))
    assert guessed.quality_issues == ["encoding_guessed"]
    assert (
        the_set("1. Зима - Снег\n2. Б - В\n3. Г - Д".encode("koi8-r"), encoding="koi8-r").tracks[0].artist
        == "Зима"
    )
    assert the_set(LIST, encoding="koi8-r").tracks[0].title == "Nördlich", "UTF-8 is certain"


def test_the_art_of_an_nfo_is_no_name() -> None:
    art = (
        "█▀▀▄  ▄▀▀█\n▓ Ana Volt - Live ▓\n▀▀▀▀\n"
        + "".join(f"│ {line} │\n" for line in LIST.replace("ß", "ss").splitlines())
        + "▄▄▄"
    )
    made = the_set(art.encode("cp437"), "volt.nfo")
    assert names(made)[0] == ("Ana Volt", "Nördlich")
    assert len(made.tracks) == 4


MARKDOWN = """# Ana Volt @ Grey Hall 2024-05-17

Some words about **this** night.

## Tracklist

{}
"""


@pytest.mark.parametrize(
    "rows",
    [
        "1. **Ana Volt** - *Nördlich*\n2. **Kölbe** - *Paper* \\[Grey\\]\n3. **Mira** - *Über*",
        "1. Ana Volt - Nördlich\n1. Kölbe - Paper [Grey]\n1. Mira - Über",
        "* Ana Volt - Nördlich\n* Kölbe - Paper [Grey]\n* Mira - Über",
        "- [Ana Volt - Nördlich](https://a.example/1)\n- [Kölbe - Paper](https://a.example/2) [Grey]\n- [Mira - Über](/3)",
        "| # | Artist | Title | Label |\n|:-|-|-|-|\n| 1 | Ana Volt | Nördlich | |\n| 2 | Kölbe | Paper | Grey |\n|3|Mira|Über||",
    ],
)
def test_markdown_is_read_as_it_is_seen(rows: str) -> None:
    made = the_set(MARKDOWN.format(rows), "2024-05-17 volt.md")
    assert names(made) == [("Ana Volt", "Nördlich"), ("Kölbe", "Paper"), ("Mira", "Über")]
    assert made.tracks[1].labels == ["Grey"]
    assert (made.title, made.date, made.djs) == (
        "Ana Volt @ Grey Hall 2024-05-17",
        date(2024, 5, 17),
        ["Ana Volt"],
    )
    assert made.media_type == "text/markdown"


@pytest.mark.parametrize(
    ("above", "name", "title", "day", "djs"),
    [
        ("", "Ana Volt - Live 2024-05-17.txt", "Ana Volt - Live 2024-05-17", date(2024, 5, 17), []),
        (
            "Night Show 12 (mixed by Ana Volt & Osk)",
            "a.txt",
            "Night Show 12 (mixed by Ana Volt & Osk)",
            None,
            ["Ana Volt", "Osk"],
        ),
        (
            "Title: Night Show\nDJ: Ana Volt b2b Osk\nDate: 17.05.2024",
            "a.txt",
            "Night Show",
            date(2024, 5, 17),
            ["Ana Volt", "Osk"],
        ),
        ("Ana Volt @ Hall, 03/04/2024", "a.txt", "Ana Volt @ Hall, 03/04/2024", None, ["Ana Volt"]),
        ("This was the best night of the year, and I thank everybody who came.", "a.b.txt", "a.b", None, []),
        ("https://example.org", "x.description", "x", None, []),
        ("One.\nTwo.\nThree.\nFour.\nFive.", "x.md", "x", None, []),
        ("2024-02-31 and 20240230", "y.txt", "2024-02-31 and 20240230", None, []),
    ],
)
def test_what_is_certain_above_the_list_is_kept(
    above: str, name: str, title: str, day: date | None, djs: list[str]
) -> None:
    made = the_set(f"{above}\n\n{LIST}", name)
    assert (made.title, made.date, made.djs) == (title, day, djs)


@pytest.mark.parametrize(
    "rows",
    [
        "[b]Tracklist[/b]\n[list=1]\n[*]Ana Volt - Nördlich\n[*]Kölbe - Paper\n[*]Mira - Über\n[/list]",
        "[b]1.[/b] Ana Volt - [i]Nördlich[/i]\n[b]2.[/b] Kölbe - [i]Paper[/i]\n[b]3.[/b] Mira - [i]Über[/i]",
        "1. [url=http://a.example/1]Ana Volt - Nördlich[/url]\n2. Kölbe - Paper\n3. Mira - [color=#fff]Über[/color]",
    ],
)
def test_bbcode_is_read_as_it_is_seen(rows: str) -> None:
    assert names(the_set(rows)) == [("Ana Volt", "Nördlich"), ("Kölbe", "Paper"), ("Mira", "Über")]
    assert the_set("1. A - B [B]\n2. C - D [I]\n3. E - F [U]").tracks[1].labels == ["I"], (
        "no BBCode without an end"
    )


def test_boxes_of_markdown_are_no_names() -> None:
    made = the_set(
        "Tracklist\n- [ ] Ana Volt - North\n- [x] Kolbe - Paper\n- [ ] Mira - Under\n- [X] Osk - Glass (Dub)",
        "x.md",
    )
    assert names(made)[1] == ("Kolbe", "Paper")


@pytest.mark.parametrize(
    "above", ["From: me@example.org", "It is out now! 🔥", "CD 1", "Λίστα:", "Lista utworów", "𝗧𝗿𝗮𝗰𝗸𝗹𝗶𝘀𝘁"]
)
def test_a_heading_is_no_title(above: str) -> None:
    assert the_set(f"{above}\n{LIST}").title == "mix"


@pytest.mark.parametrize("above", ["# " + "=" * 19_000 + "x", "# x" + " #" * 9_000 + "x", "." * 110 + "x"])
def test_an_odd_heading_takes_no_time(above: str) -> None:
    began = time.process_time()
    assert len(the_set(f"{above}\n{LIST}").tracks) == 4
    assert time.process_time() - began < 5


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_wikitext_of_a_mix_is_read_as_such(as_list: bool, end: str) -> None:
    text = MadeMix().wikitext(as_list=as_list).replace("\n", end)
    assert TextReader().recognises(text.encode(), "mix.txt")
    made = the_set(text)
    assert [(t.artist, t.title, t.cue_s, t.labels) for t in made.tracks] == [
        ("Oto", "Tide", 0, ["Pier"]), ("Mira Quell", "Ebb (Oto Remix)", 420, []), ("Lio", "Dune", None, []), ("?", "?", 3660, []),
    ]  # fmt: skip
    assert (made.title, made.tracks[1].cue_precision) == ("mix", "minute")


def test_entities_are_undone() -> None:
    made = the_set("1. A &amp; B &ndash; C\n2. D &#8211; E&#x27;s\n3. AT&T;x &bogus; &#150; F &copy &eacute;")
    assert names(made) == [("A & B", "C"), ("D", "E's"), ("AT&T;x &bogus;", "F &copy é")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"#","Artist","Title"\r\n1,"A, a",B\r\n2,C,D\r\n3,E,F\r\n', "history.csv"),
        ("Pos;Artist;Title;BPM\n1;A, a;B;124\n2;C;D;124\n3;E;F;126\n", "history.csv"),
        ("Time\tTitle\tArtist\n2026-05-15 21:00\tB\tA, a\n2026-05-15 21:05\tD\tC\n2026-05-15 21:10\tF\tE\n", "history.TSV"),
    ],
)  # fmt: skip
def test_a_table_with_an_order_is_a_set(text: str, name: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert TextReader().recognises(text.encode(encoding), name)
        made = the_set(text.encode(encoding), name)
        assert (made.title, names(made)) == ("history", [("A, a", "B"), ("C", "D"), ("E", "F")])


@pytest.mark.parametrize(
    "text",
    [
        "Artist,Title,Label,Released\nA,B,C,2001\n",
        "name,price\nA,2\n",
        "source_id,index,artist,title\n",
        "",
        "\0\1",
    ],
)
def test_other_tables_are_no_sets(text: str) -> None:
    assert not TextReader().recognises(text.encode(), "x.csv")


def test_pasted_html_is_read() -> None:
    made = the_set("<p>Tracklist:<br>1. A &amp; B - C<br/>2. D - <b>E</b><br>3. F - G</p>", "a.description")
    assert names(made) == [("A & B", "C"), ("D", "E"), ("F", "G")]


@pytest.mark.parametrize(
    ("piece", "n", "reason"),
    [
        (b"", 1, "empty"),
        (b" \r\n\t\n", 1, "empty"),
        (bytes(range(256)), 40, "binary"),
        (b"An hour of music. It is slow.", 1, "no list of tracks"),
        (b"A - B ", MAX_BYTES // 6 + 1, "too large"),
        (b"x", 50_000_000, "too large"),
        (b"A - B\n", 100_000, "lines"),
    ],
)
def test_what_is_no_list_has_a_reason_soon(piece: bytes, n: int, reason: str) -> None:
    began = time.process_time()
    page = read(piece * n)
    assert page.kind is PageKind.UNKNOWN
    assert page.tracklists == ()
    assert reason in (page.reason or "")
    assert time.process_time() - began < 20


@pytest.mark.parametrize("name", ["mix.txt", "mix.md", "mix.NFO", "mix.description", "pasted", "-"])
def test_text_is_recognised_last(name: str) -> None:
    file = SourceFile(name, LIST.encode())
    assert kind_of(file) == "text"
    assert read_file(file).kind is PageKind.TRACKLIST


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.jpg", b"1. A - B"),
        ("a.txt", b"<!DOCTYPE html><p>"),
        ("a.txt", b'{"tracks": []}'),
        ("a.txt", b"PK\x03\x04\0\0\0\0"),
    ],
)
def test_other_kinds_are_left_to_others(name: str, head: bytes) -> None:
    assert not READER.recognises(head, name)


@settings(max_examples=40, deadline=None)
@given(body=st.binary(max_size=400), name=st.sampled_from(["a.txt", "a.md", "a.nfo", ""]))
def test_any_file_is_a_set_or_a_reason(body: bytes, name: str) -> None:
    page = READER.read(SourceFile(name, body))
    assert page.tracklists or page.reason
    READER.recognises(body, name)
