"""Tracklists as text and in Markdown: read back by our own reader, and by a parser of CommonMark."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_sets import a_set, a_track, any_set, cued, mashup_part, nasty_text, with_row
from markdown_it import MarkdownIt

from tlray.export import markdown, text_list
from tlray.export.interface import SetFile
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line
from tlray.model import CuePrecision, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file


def text(module: object, *sets: Tracklist, **chosen: object) -> str:
    return b"".join(module.together(sets, ChapterOptions(**chosen))).decode()  # type: ignore[attr-defined, arg-type]


A_SET = a_set(
    a_track(1, 0, labels=["DRUMCODE", "X"], catalogue_number="DC 12"),
    with_row(2, 1),
    mashup_part(3, 1),
    a_track(4, 3723.9, title="*Three* [Bootleg] | <b>"),
    a_track(5, 4200, cue_precision=CuePrecision.MINUTE, section="Guest Mix"),
    a_track(6, 4300, cue_precision=CuePrecision.LOGGED, section="Guest Mix"),
)


def test_a_whole_text() -> None:
    assert text(text_list, A_SET) == (
        "Someone @ Somewhere\n"
        "2026-05-15\n"
        "https://www.1001tracklists.com/tracklist/1pn8l919/x.html\n"
        "\n"
        "[0:00:00] Artist 1 - Title 1 [DRUMCODE/X - DC 12]\n"
        "w/ Artist 2 - Title 2\n"
        "[1:02:03] Artist 4 - *Three* [Bootleg] | <b>\n"
        "\n"
        "Guest Mix\n"
        "[70 min] Artist 5 - Title 5\n"
        "Artist 6 - Title 6\n"
    )
    assert "[1:11:40] Artist 6" in text(text_list, A_SET, cue_precision=(CuePrecision.LOGGED,))


def test_whole_markdown() -> None:
    assert text(markdown, A_SET) == (
        "# Someone @ Somewhere\n"
        "\n"
        "2026-05-15\n"
        "\n"
        "<https://www.1001tracklists.com/tracklist/1pn8l919/x.html>\n"
        "\n"
        "1. [0:00:00] Artist 1 - Title 1 [DRUMCODE/X - DC 12]\n"
        "   - w/ Artist 2 - Title 2\n"
        "2. [1:02:03] Artist 4 - \\*Three\\* [Bootleg] | &lt;b&gt;\n"
        "\n"
        "## Guest Mix\n"
        "\n"
        "3. [70 min] Artist 5 - Title 5\n"
        "4. Artist 6 - Title 6\n"
    )


@pytest.mark.parametrize(
    "name",
    [
        "[a](javascript:alert(1))",
        "![a](https://a.example/b.png)",
        "[a]: https://a.example",
        "[a][b]",
        "<b>",
        "&lt;",
        "- [ ] a",
        "~~a~~",
        "1. a",
        "# a",
    ],
)
def test_no_name_is_markup_at_github(name: str) -> None:
    made = a_set(
        a_track(1, artist=name, title="x"),
        a_track(2, artist="", title=name),
        title=name,
        url="",
        date=None,
        djs=[],
    )
    shown = MarkdownIt("gfm-like", {"linkify": False}).render(text(markdown, made))
    assert set(re.findall("<([a-z0-9]+)", shown)) == {"h1", "ol", "li"}
    assert shown.count(html.escape(name, quote=False).replace('"', "&quot;")) == 3


def test_several_sets_stand_one_after_the_other() -> None:
    assert text(text_list, cued(0), cued(0)).count("\n\n\nSomeone") == 1
    assert text(markdown, cued(0), cued(0)).count("# Someone") == 2
    assert text(text_list) == text(markdown) == ""


def test_recordings_have_headings() -> None:
    both = a_set(a_track(1, 0, recording=1), a_track(2, 0, recording=2))
    assert re.findall("^Recording .$", text(text_list, both), re.MULTILINE) == ["Recording 1", "Recording 2"]


class _Shown(HTMLParser):
    """The text of each element of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.shown: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self.shown.append("")

    def handle_data(self, data: str) -> None:
        if self.shown:
            self.shown[-1] += data


@settings(max_examples=60)
@given(name=nasty_text | st.text("*_`~[]()<>!#+-.=|\\&;:1a \t\n", max_size=12), artist=nasty_text)
def test_markdown_shows_any_name_as_it_is(name: str, artist: str) -> None:
    page = _Shown()
    made = a_set(
        a_track(1, artist=artist, title=name),
        with_row(2, 1, title=name),
        title=name,
        url="",
        date=None,
        djs=[],
    )
    page.feed(MarkdownIt("commonmark").render(text(markdown, made)))
    assert set(page.tags) <= {"h1", "ol", "ul", "li", "p"}
    lines = [line for _, line in text_list.rows(made, ChapterOptions())]
    title = text_list.head(made)
    shown = [" ".join(one.split()) for one in page.shown if one.strip()]
    # a blank at an end is not shown, and several are one
    assert shown == [" ".join(one.split()) for one in [*title, *lines] if one.strip()]


@settings(max_examples=60)
@given(tracklist=any_set())
def test_each_row_of_any_set_is_a_line(tracklist: Tracklist) -> None:
    found = [line for track, line in text_list.rows(tracklist, ChapterOptions()) if track is not None]
    (written,) = (
        b"".join(f.chunks).decode()
        for f in text_list.per_set(tracklist, ChapterOptions())
        if isinstance(f, SetFile)
    )
    lines = written.split("\n")
    assert all(line in lines for line in found)
    assert all(one_line(line) == line for line in lines)


@pytest.mark.parametrize(("module", "suffix"), [(text_list, ".txt"), (markdown, ".md")])
def test_what_is_exported_is_imported_with_the_same_rows(module: object, suffix: str) -> None:
    names = [
        ("Bo Tan", "One (Extended Mix)"),
        ("Cy", "Two"),
        ("Di & Ed", "Three [Bootleg]"),
        ("Fae", "Four"),
        ("ID", "ID"),
        ("Hux", "6"),
        ("Ivo", "Seven (Dub)"),
    ]
    tracks = [
        a_track(
            i,
            None if i == 4 else 200.0 * (i - 1),
            artist=artist,
            title=title,
            labels=["DRUMCODE"] if i % 3 == 1 else [],
        )
        for i, (artist, title) in enumerate(names, 1)
    ]
    tracks.insert(2, with_row(8, 2, artist="Gil", title="Eight"))
    tracks[-1].cue_precision = CuePrecision.MINUTE
    made = a_set(*tracks, title="Someone @ Somewhere")
    (back,) = read_file(SourceFile(f"x{suffix}", text(module, made).encode())).tracklists
    assert [(t.kind, t.cue_s, t.cue_precision, t.artist, t.title, t.labels) for t in back.tracks] == [
        (t.kind, t.cue_s, t.cue_precision, t.artist, t.title, t.labels) for t in made.tracks
    ]
    assert (back.title, back.djs) == (made.title, made.djs)
