"""A file's kind is told from its content first, from its name second, and as the user says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_feeds import LINES, info_json, item, podcasting_chapters, rss, simple_chapters

from tlray.model import PageKind
from tlray.readers import registry
from tlray.readers.interface import SourceFile
from tlray.readers.registry import CONTAINERS, KINDS, kind_of, read_file, reader_of
from tlray.readers.sniff import Shape, first_element, json_keys, shape_of

FEED = rss(item(simple_chapters()))
OWN = b'{"url": "https://x.example/", "site": "x", "source_id": "1", "title": "t", "tracks": []}'
FILES = {
    "feed": FEED,
    "chapters": podcasting_chapters(),
    "info-json": info_json("\n".join(LINES)),
    "tlray": OWN,
    "page": b"<!doctype html><title>x</title>",
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", ["x", "x.bin", "x.xml", "x.json", "x.html"])
def test_the_content_says_what_a_file_is_whatever_its_name(kind: str, name: str) -> None:
    assert kind_of(SourceFile(name, FILES[kind])) == kind


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\0", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "binary data of no kind that is read"),
        (b'{"a": 1}', "JSON of no kind that is read"),
        (b"<svg/>", "XML of no kind that is read"),
    ],
)
def test_an_unknown_file_is_unknown_with_a_reason(body: bytes, reason: str) -> None:
    page = read_file(SourceFile("x.bin", body))
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, reason)


@pytest.mark.parametrize(
    "lead", ["", "<b>Tracklist:</b>\n", "<p>Tracklist:</p>\n", "[00:00] Kepler - Salt\n"]
)
def test_text_with_a_few_tags_in_it_is_text(lead: str) -> None:
    body = (lead + "\n".join(LINES)).encode()
    assert kind_of(SourceFile("set.txt", body)) == "text"


def test_the_user_has_the_last_word() -> None:
    page = read_file(SourceFile("x", FILES["info-json"]), "page")
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, "no parser")
    assert read_file(SourceFile("x", FILES["info-json"])).kind is PageKind.TRACKLIST


def test_each_kind_has_a_reader_of_that_name() -> None:
    words = "chapters cue feed info-json page rekordbox serato text tlray traktor virtualdj warc"
    assert " ".join(sorted(KINDS)) == words
    for kind in KINDS - CONTAINERS:
        assert reader_of(kind).kind == kind
        assert reader_of(kind).version.startswith(f"{kind}/")
    assert reader_of("warc").kind == "page"


def test_a_reader_that_fails_takes_no_other_file_down(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        kind = version = "broken"

        def recognises(self, head: bytes, name: str) -> bool:
            return True

        def read(self, file: SourceFile) -> None:
            raise ValueError("\x1b[31m" + "x" * 999)

    monkeypatch.setattr(registry, "reader_of", lambda _: Broken())
    page = read_file(SourceFile("x", FEED))
    assert page.kind is PageKind.UNKNOWN
    assert (page.reason or "").startswith(
        "reader tlray failed: ValueError: ?[31mxxx"
    ) or "failed: ValueError" in (page.reason or "")
    assert len(page.reason or "") < 250


def test_shapes() -> None:
    assert shape_of("<rss>".encode("utf-16")) is Shape.XML
    assert shape_of(b"[00:00] A - B") is Shape.TEXT
    assert shape_of(b"[\n{") is Shape.JSON
    assert shape_of("01. Ä - ß".encode("cp1252")) is Shape.TEXT
    assert shape_of(b"\xff\xfe\0\1" * 4) is not None


def test_the_first_element_stands_behind_whatever_xml_begins_with() -> None:
    text = "\ufeff <?xml version='1.0'?>\n<!-- <rss> --><!DOCTYPE nml [<!ELEMENT a (b)>]>\n<x:NML a='1'>"
    assert first_element(text.lstrip("\ufeff")) == "nml"
    assert first_element("text <b>") == ""


def test_the_keys_of_the_first_object_count() -> None:
    assert json_keys('{"a": {"b": [1, "c: d"]}, "e\\"f": "}", "g": ') == {"a", 'e\\"f', "g"}
    assert json_keys(' [{"a": 1, "b": [{"c": 2}]}, {"d": 3}]') == {"a", "b"}
    assert json_keys("x") is None


@given(st.sampled_from(sorted(FILES)), st.sampled_from([*sorted(KINDS), None]), st.data())
def test_no_damage_to_a_file_raises(kind: str, read_as: str | None, draw: st.DataObject) -> None:
    damaged = bytearray(FILES[kind])
    for _ in range(draw.draw(st.integers(0, 8))):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + draw.draw(st.integers(0, 4))] = draw.draw(st.binary(max_size=6))
    page = read_file(SourceFile("x", bytes(damaged)), read_as)
    assert "failed" not in (page.reason or "")
    assert (page.kind is PageKind.TRACKLIST) == bool(page.tracklists)
