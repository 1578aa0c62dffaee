"""Each episode of a feed that holds a tracklist is a set: by chapters or show notes, whatever the escaping."""

from __future__ import annotations

import html
import time
from datetime import date

import pytest
from made_feeds import LINES, NAMESPACES, TRACKS, item, rss, simple_chapters

from tlray.model import FoundSet, PageKind, ParsedPage, Tracklist
from tlray.readers.feed import FeedReader
from tlray.readers.feed.notes import lines_of_notes
from tlray.readers.interface import SourceFile

NAMES = [(artist, title) for _, artist, title in TRACKS]


def read(body: bytes) -> ParsedPage:
    file = SourceFile("feed.xml", body, "file:///feed.xml")
    assert FeedReader().recognises(file.head, file.name)
    return FeedReader().read(file)


def the_set(body: bytes) -> Tracklist:
    page = read(body)
    assert page.kind is PageKind.TRACKLIST, page.reason
    (found,) = page.tracklists
    return found


def names(found: Tracklist) -> list[tuple[str, str]]:
    return [(track.artist, track.title) for track in found.tracks]


def test_chapters_of_podlove_are_read_to_the_millisecond() -> None:
    found = the_set(rss(item(simple_chapters() + simple_chapters(TRACKS[:1]))))
    assert [(t.cue_s, t.artist, t.title) for t in found.tracks] == TRACKS


def test_chapters_of_any_prefix_are_found() -> None:
    body = rss(item(simple_chapters())).replace(b"psc:", b"podlove:")
    assert names(the_set(body)) == NAMES


WRITTEN = {
    "br": "<p>Listen!<br/>" + "<br />\n".join(map(html.escape, LINES)) + "</p>",
    "paragraphs": "".join(f"<p>{html.escape(line)}</p>" for line in LINES),
    "list": "<h3>Tracklist</h3><ol>"
    + "".join(f"<li><b>{html.escape(a)}</b> - {html.escape(t)}</li>" for a, t in NAMES)
    + "</ol>",
    "lines in a paragraph": "<p>" + "\n".join(map(html.escape, LINES)) + "</p>",
    "lines in one of many paragraphs": "<p>a</p>" * 20
    + "<p>"
    + "\n".join(map(html.escape, LINES))
    + "</p>"
    + "<p>b</p>" * 20,
    "plain": "\n".join(LINES),
    "wrapped source": "".join(
        "<div>\n" + html.escape(line).replace(" - ", " -\n") + "\n</div>\n" for line in LINES
    ),
}


@pytest.mark.parametrize("notes", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("field", ["description", "content:encoded", "itunes:summary"])
@pytest.mark.parametrize(
    "escape", [html.escape, lambda text: f"<![CDATA[{text}]]>", lambda text: html.escape(html.escape(text))]
)
def test_show_notes_are_read_in_every_escaping(notes: str, field: str, escape) -> None:
    found = the_set(rss(item(f"<{field}>{escape(notes)}</{field}>")))
    assert names(found) == NAMES
    assert found.cued_count == 0


def test_the_richest_of_several_forms_counts() -> None:
    short = "<itunes:summary>" + html.escape("\n".join(LINES[:3])) + "</itunes:summary>"
    found = the_set(rss(item(f"{short}<content:encoded><![CDATA[{WRITTEN['br']}]]></content:encoded>")))
    assert found.track_count == len(LINES)


def test_what_a_feed_says_of_an_episode() -> None:
    inside = (
        "<pubDate>Fri, 15 May 2026 20:00:00 +0200</pubDate><itunes:duration>1:15:00</itunes:duration>"
        '<enclosure url="https://m.example/12.mp3" type="audio/mpeg" length="1"/><itunes:author>Nora Field</itunes:author>'
        "<podcast:license>cc-by-4.0</podcast:license><itunes:title>12</itunes:title>"
    )
    found = the_set(rss(item(inside + simple_chapters(), title="Tidal R&amp;amp;B 12")))
    assert (found.title, found.published, found.date, found.duration_s) == (
        "Tidal R&B 12",
        date(2026, 5, 15),
        None,
        4500,
    )
    assert (found.url, found.source_id, found.site) == (
        "https://tidal.example/12",
        "https://tidal.example/12",
        "podcast",
    )
    assert (found.djs, found.sources, found.recordings) == (
        ["Nora Field"],
        ["Tidal Radio"],
        ["https://m.example/12.mp3"],
    )
    assert (found.licence, found.media_type, found.parser) == ("cc-by-4.0", "application/rss+xml", "feed/1")


@pytest.mark.parametrize(
    ("guid", "source_id"),
    [
        ("https://tidal.example/?p=12", "https://tidal.example/?p=12"),
        ("tag:tidal,2026:tracks/123", "tag:tidal,2026:tracks/123"),
        ("12", "tidal.example#12"),
        ("00000000000012", "tidal.example#00000000000012"),
        ("", "https://tidal.example/12"),
    ],
)
def test_an_id_that_other_feeds_may_have_too_gets_the_feeds_address(guid: str, source_id: str) -> None:
    assert the_set(rss(item(simple_chapters(), guid=guid))).source_id == source_id


def test_an_address_of_mail_is_nobodys_name() -> None:
    inside = "<author>me@example.org (Nora Field)</author>" + simple_chapters()
    assert the_set(rss(item(inside))).djs == ["Nora Field"]
    inside = "<author>me@example.org</author>" + simple_chapters()
    assert the_set(rss(item(inside), channel="<itunes:author>Tidal Crew</itunes:author>")).djs == [
        "Tidal Crew"
    ]


def test_what_the_title_says_of_day_and_dj_stands_above_the_author() -> None:
    inside = "<itunes:author>Tidal Crew</itunes:author>" + simple_chapters()
    found = the_set(rss(item(inside, title="Nora Field @ Harbour Hall 2026-05-14")))
    assert (found.djs, found.date) == (["Nora Field"], date(2026, 5, 14))


def test_episodes_without_a_list_are_counted() -> None:
    page = read(rss(item("<description>We talk.</description>"), item(simple_chapters()), item()))
    assert (page.kind, page.reason, len(page.tracklists)) == (
        PageKind.TRACKLIST,
        "2 of 3 episodes without a tracklist",
        1,
    )
    page = read(rss(item("<description>We talk.</description>")))
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, "1 episode, no tracklist in any")
    assert read(rss()).reason == "no episodes"


def test_an_episode_that_a_feed_has_twice_is_one_set() -> None:
    other = item(simple_chapters(), guid="https://tidal.example/13")
    page = read(rss(item(simple_chapters()), item(simple_chapters()), other))
    assert [found.source_id for found in page.tracklists] == [
        "https://tidal.example/12",
        "https://tidal.example/13",
    ]
    assert page.reason is None
    page = read(rss(item(simple_chapters()), item(simple_chapters(TRACKS[:3]))))
    assert [found.source_id for found in page.tracklists] == [
        "https://tidal.example/12",
        "https://tidal.example/12#2",
    ]


def test_chapters_in_another_file_are_named() -> None:
    linked = '<podcast:chapters url="https://tidal.example/12.json" type="application/json+chapters"/>'
    found = the_set(rss(item(linked + f"<description>{html.escape(WRITTEN['br'])}</description>")))
    assert "chapters are in another file" in found.quality_issues


@pytest.mark.parametrize("run", [" ", "\t", "\n", " \n"])
def test_a_long_run_of_blanks_in_show_notes_takes_no_time(run: str) -> None:
    began = time.process_time()
    assert lines_of_notes(f"a<br>{run * 20_000}x{run * 20_000}<br>b").split() == ["a", "x", "b"]
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("notes", "is_listed"),
    [
        ("<description>A fine hour.</description>", True),
        (f"<description>{html.escape(WRITTEN['br'])}</description>", True),  # without starts
        (simple_chapters(), False),
    ],
)
def test_a_file_of_chapters_is_listed_where_the_feed_has_no_exact_starts(notes: str, is_listed: bool) -> None:
    for address in ("https://tidal.example/12/chapters.json", "/12/chapters.json"):
        linked = f'<podcast:chapters url=" {address} " type="application/json+chapters"/>'
        file = SourceFile("feed.xml", rss(item(linked + notes)), "https://tidal.example/feed.xml")
        listed = [FoundSet("https://tidal.example/12", "Tidal Radio 12")]
        listed += [FoundSet("https://tidal.example/12/chapters.json", "Tidal Radio 12")] if is_listed else []
        assert FeedReader().read(file).found == tuple(listed)
    for address in ("file:///etc/passwd", "http://[x", "javascript:x()", ""):
        linked = f'<podcast:chapters url="{address}"/>'
        file = SourceFile("feed.xml", rss(item(linked + notes)), "https://tidal.example/feed.xml")
        assert [one.url for one in FeedReader().read(file).found] == ["https://tidal.example/12"]


def test_atom_and_rss_1_are_feeds_too() -> None:
    notes = html.escape(WRITTEN["br"])
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Tidal Radio</title><author><name>Nora Field</name></author><entry>'
        '<title>12</title><id>tag:tidal.example,2026:12</id><link rel="self" href="https://a.example/"/>'
        '<link rel="enclosure" href="https://m.example/12.mp3"/><link href="https://tidal.example/12"/>'
        f'<published>2026-05-15T20:00:00Z</published><content type="html">{notes}</content></entry></feed>'
    )
    found = the_set(atom.encode())
    assert names(found) == NAMES
    assert (found.url, found.recordings, found.djs, found.published) == (
        "https://tidal.example/12",
        ["https://m.example/12.mp3"],
        ["Nora Field"],
        date(2026, 5, 15),
    )
    xhtml = "".join(f"<p>{html.escape(line)}</p>" for line in LINES)
    body = atom.replace(notes, f'<div xmlns="http://www.w3.org/1999/xhtml">{xhtml}</div>').replace(
        '"html"', '"xhtml"'
    )
    assert names(the_set(body.encode())) == NAMES
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>T</title>'
        f'</channel><item rdf:about="https://tidal.example/12"><title>12</title><description>{notes}</description></item></rdf:RDF>'
    )
    assert the_set(rdf.encode()).source_id == "https://tidal.example/12"
    media = atom.replace(
        f'<content type="html">{notes}</content>',
        f"<media:group><media:description>{notes}</media:description></media:group>",
    )
    assert names(the_set(media.encode())) == NAMES


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body.replace(b"Harbour Lights", b"Harbour & Lights"),
        lambda body: body.replace(b"Harbour Lights", b"Harbour&nbsp;Lights"),
        lambda body: body.replace(b"Harbour Lights", b"Harbour\x08 Lights"),
        lambda body: body.replace(b' xmlns:psc="http://podlove.org/simple-chapters"', b""),
        lambda body: body.replace(b"Harbour Lights", b"Harbour \xe9 Lights"),
        lambda body: b"\n \n" + body,
        lambda body: body.decode().encode("utf-16"),
        lambda body: body.replace(b"UTF-8", b"ISO-8859-1").replace(b"Harbour", b"\xc9"),
    ],
)
def test_feeds_that_are_not_well_formed_are_repaired(damage) -> None:
    found = the_set(damage(rss(item(simple_chapters()))))
    assert found.track_count == len(TRACKS)
    assert "\ufffd" not in repr(found)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (rss(item(simple_chapters()))[:-40], "cut off"),
        (
            b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            + rss(item("<description>&x;</description>"))[38:],
            "declares entities",
        ),
        (b"<rss>" + b"<a>" * 100_000, "cut off"),
        (b"<rss>" + b"<a>" * 900 + b"</a>" * 900 + b"</rss>", "no episodes"),
        (b"<rss " + b'a="" ' * 2_100_000 + b"/>", "too large"),
    ],
)
def test_hostile_xml_is_refused(body: bytes, reason: str) -> None:
    page = FeedReader().read(SourceFile("feed.xml", body))
    assert page.kind is PageKind.UNKNOWN
    assert reason in (page.reason or "")


def test_a_billion_laughs_are_not_laughed() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    body = f"<!DOCTYPE rss [{laughs}]><rss {NAMESPACES}><channel><title>&l9;</title></channel></rss>"
    assert read(body.encode()).reason == "XML that declares entities: not read"


def test_scripts_and_comments_are_no_notes() -> None:
    text = "<p>A</p><script>b<br>c</script><!-- d<br>e --><style>f</style><p>g &amp; h</p><script>i"
    assert lines_of_notes(text).split() == ["A", "g", "&", "h"]
    assert lines_of_notes("a < b > c &lt;3") == "a < b > c <3"
    assert len(lines_of_notes("<script>" * 100_000)) == 0
