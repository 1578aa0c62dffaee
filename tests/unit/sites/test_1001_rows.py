"""Everything of a row but its name: kind, parent, number, links, media; and the headings above it."""

from __future__ import annotations

from page_1001 import FakePage, FakeRow, heading, parse, text_row, the_set

from tlray.model import PageKind, TrackKind

MAIN, WITH, PART = TrackKind.MAIN, TrackKind.WITH, TrackKind.MASHUP_PART


def with_row(name: str) -> FakeRow:
    return FakeRow(name, number="w/", classes="tlpTog con")


def mashup(name: str, number: str, *, classes: str = "tlpTog subPosTog") -> FakeRow:
    return FakeRow(name, number=number, classes=classes, attributes='data-isided="true" data-mashup="2"')


def part(name: str) -> FakeRow:
    return FakeRow(
        name, number="", cue=None, classes="tlpSubTog con tgHid subPos2", attributes='data-mashpos="true"'
    )


def test_every_row_knows_its_kind_its_number_and_the_row_it_belongs_to() -> None:
    found = the_set(
        FakeRow("A - One", number="01"),
        mashup("B vs. C - Two vs. Three", "02"),
        part("B - Two"),
        part("C - Three"),
        with_row("D - Four"),
        FakeRow("E - Five", number="03"),
        mashup("F vs. G - Six vs. Seven", "w/", classes="tlpTog con subPosTog"),
        part("F - Six"),
        with_row("H - Eight"),
    )
    assert [(t.index, t.number, t.kind, t.parent) for t in found.tracks] == [
        (1, 1, MAIN, None),
        (2, 2, MAIN, None),
        (3, None, PART, 2),
        (4, None, PART, 2),
        (5, None, WITH, 2),
        (6, 3, MAIN, None),
        (7, None, WITH, 6),
        (8, None, PART, 7),  # of the w/ row, which is a mashup itself
        (9, None, WITH, 6),
    ]
    assert (found.track_count, found.identified_count) == (9, 9)


def test_links_media_genres_and_lengths_are_read() -> None:
    metas = (
        '<meta itemprop="duration" content="PT1H4M13S"><meta itemprop="genre" content="Trance">'
        '<meta itemprop="genre" content="House"><meta itemprop="url" content="/track/q9z/a-b/index.html">'
    )
    track = the_set(
        FakeRow("A - B", metas=metas, attributes='data-isided="true" data-trackid="q9z"', media_id="4711")
    ).tracks[0]
    assert track.track_url == "https://www.1001tracklists.com/track/q9z/a-b/index.html"
    assert (track.track_id, track.media_id, track.genres) == ("q9z", "4711", ["Trance", "House"])
    assert (track.duration_s, track.artwork_url) == (3853.0, "https://img.example/a.jpg")


def test_a_placeholder_is_no_artwork_and_a_track_without_a_page_has_no_id() -> None:
    track = the_set(FakeRow(artwork="https://cdn.example/images/artworks/default_100.png")).tracks[0]
    assert (track.artwork_url, track.track_id, track.track_url, track.media_id) == (None, None, None, None)


def test_a_mashup_part_takes_its_id_from_its_link() -> None:
    linked = part("A - B")
    linked.metas = '<meta itemprop="url" content="/track/zz8/a-b/index.html">'
    assert the_set(mashup("A vs. C - B vs. D", "01"), linked).tracks[1].track_id == "zz8"


def test_a_heading_holds_until_the_next_and_notices_and_chrome_are_none() -> None:
    found = the_set(
        FakeRow("A - One"),
        heading("Guest Mix:"),
        FakeRow("A - Two"),
        text_row(
            "<i class='fa fa-recycle'></i><span>This tracklist contains identical tracklist(s) (parts)</span>"
        ),
        text_row('identical tracklist start &nbsp; <a href="/tracklist/x/y.html">A @ B</a>'),
        heading("Currently no (full) recording available, track order might not be correct."),
        text_row("<span>Track order and cues were compiled by a collection of videos</span>"),
        '<div class="bItm con sugTog" data-type="17"><div>Someone suggests a headline</div></div>',
        FakeRow("A - Three"),
        text_row(
            '<span class="fRow"><a href="/dj/a/i.html">Mira</a> <span>,</span> <a href="/dj/b/i.html">Oto</a>'
            '<span class="spL spR">&amp;</span><a href="/dj/c/i.html">Quell</a> <span>played:</span></span>'
        ),
        FakeRow("A - Four"),
        text_row("Add a (live) video from this event", classes="bItmH noUser interaction"),
        text_row("X played:", classes="bItmH noUser interaction"),
        FakeRow("A - Five"),
    )
    assert [t.section for t in found.tracks] == [
        *(None, "Guest Mix:", "Guest Mix:"),
        *("Mira, Oto & Quell played:", "Mira, Oto & Quell played:"),
    ]


def test_rows_are_found_inside_a_wrapper_that_an_extension_put_around_them() -> None:
    inner = FakeRow("A - One").html(0) + heading("Second Set") + FakeRow("A - Two").html(1)
    found = the_set(f"<section>{inner}</section>", count="2")
    assert [(t.title, t.section) for t in found.tracks] == [("One", None), ("Two", "Second Set")]


def test_an_unclosed_row_swallows_no_other() -> None:
    first = FakeRow("A - One").html(0).removesuffix("</div>")
    found = the_set(first, FakeRow("A - Two"), "</div>", count="2")
    assert [t.text for t in found.tracks] == ["A - One", "A - Two"]


def test_a_row_without_any_name_makes_the_page_unknown() -> None:
    page = parse(FakePage([FakeRow(), FakeRow(None, attributes="", shown="")]).body())
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, "row 2 of 2 has no name")


def test_the_table_rows_of_old_are_read_as_well() -> None:
    row = """
      <tr id="tlp_77" class=" topBorder tlpItem trRow1"><td class="left">
        <span id="tlp0_tracknumber_value">01</span> <span id="cue_77" class="cueValueField">02:15</span>
        <input id="tlp_cue_seconds_77" type="hidden" value="135"></td>
      <td id="tlptr_77"><div itemprop="tracks"><meta itemprop="byArtist" content="Mira Quell">
        <meta itemprop="name" content="Lantern"><meta itemprop="duration" content="PT4M51S">
        <meta itemprop="url" content="/track/246_mira-quell-lantern/index.html">
        <div id="tr_246" class="trackFormat inlineBlock"><a href="/track/246_x">Mira Quell - Lantern</a></div>
        <div class="trackLabel" id="tlp0_labeldata">[<a href="/label/3_quay/">QUAY</a>]</div></div></td></tr>
      <tr class="tlpItem"><td><span id="tlp1_tracknumber_value">w/</span></td><td><div itemprop="tracks">
        <meta itemprop="byArtist" content="Öto"><meta itemprop="name" content="Tide"></div></td></tr>"""
    page = f"<html><title>Mira Quell @ Pier 2015-06-07</title><body><table>{row}</table></body></html>"
    (found,) = parse(page.encode()).tracklists
    first, second = found.tracks
    assert (first.text, first.artist, first.title) == ("Mira Quell - Lantern [QUAY]", "Mira Quell", "Lantern")
    assert (first.number, first.cue_s, first.duration_s, first.track_id) == (1, 135.0, 291.0, "246")
    assert (second.kind, second.parent, second.text, second.cue_s) == (WITH, 1, "Öto - Tide", None)
    assert (found.title, str(found.date)) == ("Mira Quell @ Pier 2015-06-07", "2015-06-07")


def test_comments_between_and_inside_the_rows_are_passed_over() -> None:
    row = (
        FakeRow("A - One")
        .html(0)
        .replace('<div class="bPlay">', '<!-- ad --><div class="bPlay"><!-- x --><?php ?>')
    )
    found = the_set("<!-- begin -->", row, "<!-- end -->", count="1")
    assert [t.text for t in found.tracks] == ["A - One"]
