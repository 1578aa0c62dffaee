"""Whatever the bytes: an answer, no exception, and never half a list."""

from __future__ import annotations

import json
from dataclasses import asdict

from hypothesis import given, settings
from hypothesis import strategies as st
from page_1001 import PLAYER, FakePage, FakeRow, heading, parse

from tlray.model import PageKind, ParsedPage

N_ROWS = 4
PAGE = FakePage(
    [
        FakeRow("Mira Quell - Lantern", cue="", metas='<meta itemprop="duration" content="PT3M">'),
        FakeRow("Oto - Tide", cue="02:00", seconds="120", labels=("QUAY", "PIER"), number="02"),
        heading("Player 2"),
        FakeRow("Oto - Ebb", number="w/", classes="tlpTog con", play="vid-One_1", media_id="5"),
        FakeRow(None, attributes='data-isid="true"', number="03"),
    ],
    players=PLAYER.format(n=1, source=13, item="a") + PLAYER.format(n=2, source=13, item="b"),
).body()
SCRAPS = (
    *(
        b"<div>",
        b"</div>",
        b'<div class="tlpItem">',
        b'<div class="bItmH">',
        b"<table>",
        b"<tr class=tlpItem>",
    ),
    *(b"</html>", b"<html>", b'<div id="tlTab" data-count="1">', b"<template>", b"<svg>", b"<!--", b"-->"),
    *(
        b"<script>",
        b"</script>",
        b"<plaintext>",
        b"<h1>",
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"&#xD800;",
        b"&#0;",
    ),
    *(
        b'<span class="trackValue">',
        b'<span class="trackLabel">',
        b'<input id="tlp_cue_seconds" value="99999999999">',
    ),
    *(b'<meta itemprop="duration" content="P999999999D">', b'<meta itemprop="url" content="http://[">'),
    *(
        b'<meta itemprop="name" content="',
        b'"',
        b"'",
        b">",
        "ı̇ﷺ".encode(),
        b'<link rel="canonical" href="//[x">',
    ),
)
relaxed = settings(max_examples=3 * settings.default.max_examples)


def check(page: ParsedPage) -> None:
    assert (page.kind is PageKind.TRACKLIST) == bool(page.tracklists)
    assert page.kind is PageKind.TRACKLIST or page.reason
    for found in page.tracklists:
        assert found.track_count == len(found.tracks) > 0
        assert [track.index for track in found.tracks] == list(range(1, len(found.tracks) + 1))
        assert all(track.text for track in found.tracks)
        assert all(track.parent is None or track.parent < track.index for track in found.tracks)
        json.dumps(asdict(found), default=str, ensure_ascii=False).encode()  # no half characters


@relaxed
@given(st.binary(max_size=400), st.text(max_size=40), st.none() | st.text(max_size=12))
def test_any_bytes_url_and_charset_get_an_answer(body: bytes, url: str, charset: str | None) -> None:
    check(parse(body, url, charset))
    check(parse(b"<html>" + body + b"</html>", url, charset))


@relaxed
@given(st.lists(st.tuples(st.integers(0, len(PAGE)), st.sampled_from(SCRAPS)), min_size=1, max_size=8))
def test_a_page_with_scraps_thrown_in_gets_an_answer(scraps: list[tuple[int, bytes]]) -> None:
    body = PAGE
    for at, scrap in scraps:
        body = body[:at] + scrap + body[at:]
    check(parse(body))


@relaxed
@given(st.integers(0, len(PAGE)), st.integers(1, 900))
def test_a_page_with_a_hole_in_it_is_whole_or_no_set(begin: int, length: int) -> None:
    page = parse(PAGE[:begin] + PAGE[begin + length :])
    check(page)
    for found in page.tracklists:
        assert found.track_count == N_ROWS or b"data-count" in PAGE[begin : begin + length]


@relaxed
@given(st.integers(0, len(PAGE) - len(b"</html>\n") - 1), st.binary(max_size=30))
def test_a_page_that_breaks_off_in_noise_is_never_a_set(end: int, noise: bytes) -> None:
    page = parse(PAGE[:end] + noise.replace(b"<", b""))
    check(page)
    assert page.kind is not PageKind.TRACKLIST


@relaxed
@given(st.lists(st.sampled_from(SCRAPS), max_size=60))
def test_a_page_of_nothing_but_scraps_gets_an_answer(scraps: list[bytes]) -> None:
    check(parse(b"<html>" + b"".join(scraps) + b"</html>"))
