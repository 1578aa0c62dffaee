"""What tlray exports as JSON it reads back, field by field."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_sets import a_set, a_track, cued, with_row

from tlray.export import json_document, json_lines
from tlray.export.interface import NoOptions
from tlray.export.json_shape import plain
from tlray.model import CuePrecision, PageKind, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.own_export import OwnExportReader

FULL = replace(
    a_set(
        a_track(
            1,
            0.0,
            cue_precision=CuePrecision.SECOND,
            cue_text="0:00",
            labels=["ONE", "TWO"],
            catalogue_number="ONE 12",
        ),
        with_row(2, 1, played_at=datetime(2026, 5, 15, 20, 0, 1, 500_000, tzinfo=UTC)),
        a_track(3, 61.04, cue_precision=CuePrecision.MINUTE, artist="Ж “x” \u2028", title="\x1b[31m"),
    ),
    published=date(2026, 5, 16),
    licence="CC0-1.0",
    attribution="Tidal",
    revision="7",
    media_type="text/html",
    is_live=True,
    duration_s=3600.5,
    quality=0.5,
    quality_issues=["no DJ named"],
)
SETS = [FULL, cued(0.0, 60.0, None), a_set()]


def written(sets: list[Tracklist], form: str) -> bytes:
    options = NoOptions()
    if form == "one":
        return b"".join(part for piece in json_document.per_set(sets[0], options) for part in piece.chunks)
    if form == "parse":
        lines = [{"file": "x", "kind": "tracklist", "reason": None, "tracklists": [plain(s) for s in sets]}]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return b"".join((json_document if form == "array" else json_lines).together(sets, options))


def read(body: bytes):
    file = SourceFile("sets.json", body, "file:///sets.json")
    return OwnExportReader().read(file)


@pytest.mark.parametrize("form", ["one", "array", "lines", "parse"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_field_comes_back(form: str, mark: bytes) -> None:
    body = mark + written(SETS, form)
    assert OwnExportReader().recognises(body[:65_536], "x")
    page = read(body)
    assert page.kind is PageKind.TRACKLIST, page.reason
    assert list(page.tracklists) == (SETS[:1] if form == "one" else SETS)
    assert written(list(page.tracklists), form) == body.removeprefix(mark)


def test_an_export_of_an_older_version_is_read() -> None:
    old = plain(FULL)
    for name in ("published", "licence", "attribution", "revision", "media_type"):
        del old[name]
    for track in old["tracks"]:
        for name in ("cue_precision", "cue_text", "played_at", "catalogue_number"):
            track.pop(name, None)
    (found,) = read(json.dumps(old, default=str).encode()).tracklists
    assert (found.media_type, found.tracks[0].cue_precision) == (None, CuePrecision.UNKNOWN)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"title": 3}, "title"),
        ({"date": "yesterday"}, "date"),
        ({"tracks": [3]}, "tracks.0"),
        ({"tracks": "x"}, "tracks"),
        ({"cued_count": 1.5}, "cued_count"),
        ({"djs": [None]}, "djs.0"),
    ],
)
def test_what_is_not_as_we_write_it_is_unknown_and_says_where(change: dict[str, object], where: str) -> None:
    page = read(json.dumps(json.loads(written(SETS, "lines").splitlines()[0]) | change).encode())
    assert page.kind is PageKind.UNKNOWN
    assert f"not as tlray writes it: {where}" in (page.reason or "")


@pytest.mark.parametrize(
    "body", [written(SETS, "lines")[:-99], written(SETS, "array")[:-9], b"[]", b"{}", b"[" * 99_999, b"[3]"]
)
def test_what_is_broken_is_unknown(body: bytes) -> None:
    page = read(body)
    assert (page.kind, page.tracklists) == (PageKind.UNKNOWN, ())
    assert page.reason


@pytest.mark.parametrize("site", ["", ".", "..", "a/b", "a\x00b"])
def test_a_site_without_an_address_in_the_catalogue_is_refused(site: str) -> None:
    page = read(written([replace(SETS[1], site=site)], "lines"))
    assert (page.kind, "site: " in (page.reason or "")) == (PageKind.UNKNOWN, True)


@pytest.mark.parametrize("number", ["NaN", "1e999"])
def test_a_number_that_is_not_finite_is_no_cue(number: str) -> None:
    body = written([cued(0.0, 60.25)], "lines").replace(b"60.25", number.encode())
    assert "not finite" in (read(body).reason or "")


@given(st.binary(max_size=200), st.integers(0, 3_000))
def test_no_damage_raises(junk: bytes, at: int) -> None:
    body = written(SETS, "lines")
    page = read(body[:at] + junk + body[at + len(junk) :])
    assert page.kind in (PageKind.TRACKLIST, PageKind.UNKNOWN)
