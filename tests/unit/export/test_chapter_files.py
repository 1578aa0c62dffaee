"""Lists of chapters as their own readers take them; ``tests/parts`` has real programs read the files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO

import jsonschema
import podcastparser
import pytest
from hypothesis import given, settings
from lxml import etree
from made_exports import expected, text, texts
from made_sets import a_set, a_track, any_set, cued, with_row

from tlray.export import ffmetadata, matroska, podcasting, podlove
from tlray.export.formats import get
from tlray.export.interface import LeftOut, SetFile
from tlray.export.options import ChapterOptions
from tlray.model import CuePrecision, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.registry import read_file

FEW = settings(max_examples=40)
CHAPTERS_SCHEMA = {  # of the specification, version 1.2
    "type": "object",
    "required": ["version", "chapters"],
    "additionalProperties": False,
    "properties": {
        **{
            name: {"type": "string"} for name in ("author", "title", "podcastName", "description", "fileName")
        },
        "version": {"const": "1.2.0"},
        "chapters": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["startTime"],
                "additionalProperties": False,
                "properties": {
                    "startTime": {"type": "number", "minimum": 0},
                    "endTime": {"type": "number", "minimum": 0},
                    "title": {"type": "string"},
                    "img": {"type": "string", "pattern": "^https?://"},
                    "url": {"type": "string", "pattern": "^https?://"},
                },
            },
        },
    },
}


def ms(clock: str) -> int:
    hours, minutes, seconds, fraction = re.fullmatch(r"(\d+):(\d\d):(\d\d)\.(\d{3})(?:0{6})?", clock).groups()  # type: ignore[union-attr]
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction)


A_SET = a_set(
    a_track(1, 0, track_url="https://a.example/1", artwork_url="javascript:alert(1)"),
    with_row(2, 1),
    a_track(3, 3723.5, artist="A=B;C#", title="back\\"),
    a_track(4),
    a_track(5, 4000, cue_precision=CuePrecision.MINUTE),
    duration_s=4200.0,
)
LEFT_OUT = LeftOut(
    "Someone @ Somewhere", "1pn8l919", "2 rows without a start: 1 no cue, 1 no exact cue (minute)"
)


@pytest.mark.parametrize(
    "name", ["cue", "ffmetadata", "matroska", "youtube", "podcasting", "podlove", "m3u8", "xspf"]
)
def test_what_is_left_out_is_reported_with_the_reason(name: str) -> None:
    format_ = get(name)
    assert format_.per_set is not None
    tracklist = a_set(*A_SET.tracks, a_track(6, 4100), duration_s=4200.0)
    assert list(format_.per_set(tracklist, format_.options))[1:] == [LEFT_OUT]
    chosen = format_.chosen({"cue_precision": "minute"})
    assert [f.reason for f in format_.per_set(tracklist, chosen) if isinstance(f, LeftOut)] == [
        "1 row without a start: no cue"
    ]


def test_a_whole_file_of_ffmpeg() -> None:
    assert text("ffmetadata", A_SET) == (
        ";FFMETADATA1\n"
        "title=Someone @ Somewhere\n"
        "artist=Someone\n"
        "date=2026-05-15\n"
        "genre=House, Techno\n"
        "comment=https://www.1001tracklists.com/tracklist/1pn8l919/x.html\n"
        "; left out, no cue: Artist 4 - Title 4 (row 4)\n"
        "; left out, no exact cue (minute): Artist 5 - Title 5 (row 5)\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=3723500\ntitle=Artist 1 - Title 1 w/ Artist 2 - Title 2\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=3723500\nEND=4200000\ntitle=A\\=B\\;C\\# - back\\\\ \n"
    )


@pytest.mark.parametrize("duration_s", [None, 60.0, 10.0, float("nan"), float("inf"), float("-inf"), -1.0])
def test_an_end_is_never_made_up(duration_s: float | None) -> None:
    assert text("ffmetadata", cued(0, 60, duration_s=duration_s)).count("END=60000") == 2
    assert text("matroska", cued(0, 60, duration_s=duration_s)).count("ChapterTimeEnd") == 2
    both = a_set(a_track(1, 0, recording=1), a_track(2, 5, recording=2), duration_s=100.0)
    assert "END=100000" not in "".join(texts("ffmetadata", both))


def test_each_recording_has_its_file() -> None:
    both = a_set(a_track(1, 0, recording=1), a_track(2, 5, recording=2), a_track(3, recording=3))
    found = list(podlove.per_set(both, ChapterOptions()))
    assert [f.label if isinstance(f, SetFile) else f.reason for f in found] == [
        "recording 1",
        "recording 2",
        "recording 3: no row has a cue",
    ]
    assert [json.loads(one)["title"] for one in texts("podcasting", both)] == [
        "Someone @ Somewhere (recording 1)",
        "Someone @ Somewhere (recording 2)",
    ]


def test_only_addresses_of_the_web_are_links() -> None:
    first = json.loads(text("podcasting", A_SET))["chapters"][0]
    assert first == {
        "startTime": 0, "endTime": 3723.5, "title": "Artist 1 - Title 1 w/ Artist 2 - Title 2", "url": "https://a.example/1",
    }  # fmt: skip
    assert 'href="https://a.example/1"/>' in text("podlove", A_SET)


def test_a_comment_of_xml_holds_no_two_hyphens_in_a_row() -> None:
    tracklist = a_set(a_track(1, 0), a_track(2, title="a--b---"))
    for name in ("podlove", "matroska"):
        document = text(name, tracklist)
        assert "a- -b- - -" in document
        etree.fromstring(document.encode())


def unescaped(line: str) -> tuple[str, str]:
    key, value = re.fullmatch(r"((?:\\.|[^=\\])*)=(.*)", line).groups()  # type: ignore[union-attr]
    return key, re.sub(r"\\(.)", r"\1", value).strip()


def read_ffmetadata(document: str) -> list[tuple[int, str]]:
    assert document.startswith(";FFMETADATA1\n")
    found = []
    for section in document.split("[CHAPTER]\n")[1:]:
        values = dict(map(unescaped, section.splitlines()))
        assert values.keys() == {"TIMEBASE", "START", "END", "title"}
        assert int(values["START"]) <= int(values["END"])
        found.append((int(values["START"]), values["title"]))
    return found


def read_matroska(document: str) -> list[tuple[int, str]]:
    atoms = etree.fromstring(document.encode()).findall("EditionEntry/ChapterAtom")
    assert len({atom.findtext("ChapterUID") for atom in atoms}) == len(atoms)
    return [
        (ms(atom.findtext("ChapterTimeStart")), atom.findtext("ChapterDisplay/ChapterString"))
        for atom in atoms
    ]


def read_podcasting(document: str) -> list[tuple[int, str]]:
    value = json.loads(document)
    jsonschema.validate(value, CHAPTERS_SCHEMA)
    return [(round(c["startTime"] * 1000), c["title"]) for c in value["chapters"]]


def read_podlove(document: str) -> list[tuple[int, str]]:
    found = [
        (ms(c.get("start")), c.get("title")) for c in etree.fromstring(document.encode()).iter("{*}chapter")
    ]
    chapters = document.partition("?>")[2]
    feed = (
        '<rss version="2.0"><channel><title>t</title><item><title>e</title>'
        f'<enclosure url="http://a.example/b.mp3" type="audio/mpeg" length="3"/>{chapters}</item></channel></rss>'
    )
    (episode,) = podcastparser.parse("http://a.example/", BytesIO(feed.encode()))["episodes"]
    # this reader drops fractions of seconds
    assert [(c["start"], c["title"]) for c in episode["chapters"]] == [
        (at // 1000, title) for at, title in found
    ]
    return found


READERS = {
    ffmetadata: read_ffmetadata,
    matroska: read_matroska,
    podcasting: read_podcasting,
    podlove: read_podlove,
}


@pytest.mark.parametrize("module", READERS, ids=lambda module: module.FORMAT.name)
@FEW
@given(tracklist=any_set())
def test_any_chapters_come_back(module: object, tracklist: Tracklist) -> None:
    back = [READERS[module](document) for document in texts(module.FORMAT.name, tracklist)]  # type: ignore[index, attr-defined]
    assert back == [[(at, title) for at, title in one] for one in expected(tracklist)]
    for chapters in back:
        assert [at for at, _ in chapters] == sorted({at for at, _ in chapters})


def played() -> Iterator[Tracklist]:
    names = [
        ("Bo Tan", "One (Extended Mix)"),
        ("Cy", "Two"),
        ("ID", "ID"),
        ("Di & Ed", "Three [Bootleg]"),
        ("夜桜", "Ночь"),
    ]
    tracks = [
        a_track(i, 200.25 * (i - 1), artist=artist, title=title) for i, (artist, title) in enumerate(names, 1)
    ]
    yield a_set(*tracks, title="Someone @ Somewhere 2026-05-15")
    yield a_set(*tracks, with_row(6, 5, artist="Fae", title="Four"), title="Someone @ Somewhere 2026-05-15")


@pytest.mark.parametrize("name", ["podcasting", "podlove", "matroska", "ffmetadata"])
def test_what_is_exported_as_chapters_is_imported_with_the_same_rows(name: str) -> None:
    for made in played():
        page = read_file(SourceFile(f"{made.title}{get(name).suffix}", text(name, made).encode()))
        (back,) = page.tracklists
        assert [(t.kind, t.cue_s, t.artist, t.title) for t in back.tracks] == [
            (t.kind, t.cue_s, t.artist, t.title) for t in made.tracks
        ]
        assert (back.djs, back.date) == (["Someone"], made.date)
