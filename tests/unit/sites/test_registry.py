"""Which parser reads it: by domain, then by look."""

from __future__ import annotations

import parsel
import pytest
from page_1001 import SET_URL, FakePage

from tlray.model import Identity, PageKind, ParsedPage, Track, TrackKind, Tracklist
from tlray.sites import registry
from tlray.sites.decode import to_utf8
from tlray.sites.installed import parsers
from tlray.sites.interface import SiteParser
from tlray.sites.registry import Registry
from tlray.sites.tracklists1001 import Tracklists1001


class PierRadio:
    """A user's parser, written with parsel."""

    name = "pierradio"
    version = "pierradio/1"
    domains = ("pierradio.example",)
    profiles = ()

    def canonical_url(self, url: str) -> str:
        return url

    def source_id(self, url: str) -> str | None:
        return url.rpartition("/")[2] or None

    def recognises(self, head: str) -> bool:
        return 'class="pier-show"' in head

    def parse(self, body: bytes, *, url: str, charset: str | None = None) -> ParsedPage:
        data = to_utf8(body, charset)
        if data is None:
            return ParsedPage(PageKind.UNKNOWN, "encoding")
        page = parsel.Selector(body=data, encoding="utf-8", type="html")
        lines = page.css(".pier-show li::text").getall()
        tracks = [
            Track(
                index=index,
                number=index,
                kind=TrackKind.MAIN,
                artist=artist,
                title=title,
                identity=Identity.IDENTIFIED,
                text=f"{artist} - {title}",
            )
            for index, (artist, _, title) in enumerate((line.partition(" - ") for line in lines), 1)
        ]
        if not tracks:
            return ParsedPage(PageKind.UNKNOWN, "no show")
        show = Tracklist(
            url=url,
            site=self.name,
            source_id=self.source_id(url),
            title=page.css("h2::text").get(""),
            track_count=len(tracks),
            identified_count=len(tracks),
            cued_count=0,
            tracks=tracks,
            parser=self.version,
        )
        return ParsedPage(PageKind.TRACKLIST, tracklists=(show,))


SHOW = b'<html><body class="pier-show"><h2>Show 9</h2><ol><li>Oto - Tide<li>Mira - Ebb</ol></body></html>'


@pytest.fixture
def both() -> Registry:
    return Registry(Tracklists1001(), PierRadio())


@pytest.mark.parametrize("url", ["https://pierradio.example/show/9", "http://127.0.0.1:9000/show/9", ""])
def test_a_users_parser_written_with_parsel_is_found_by_domain_and_by_look(both: Registry, url: str) -> None:
    (show,) = both.parse_page(SHOW, url=url).tracklists
    assert (show.site, [track.text for track in show.tracks]) == ("pierradio", ["Oto - Tide", "Mira - Ebb"])


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.1001tracklists.com/tracklist/abc/x.html", "1001tracklists"),
        ("http://1001tracklists.com:8080/", "1001tracklists"),  # www. and ports are ignored
        ("https://WWW.1001Tracklists.com/", "1001tracklists"),
        ("https://1001.tl/abc123", "1001tracklists"),
        ("https://www.pierradio.example/x", "pierradio"),
        ("https://evil-1001tracklists.com/", None),
        ("https://1001tracklists.com.evil.example/", None),
        ("http://127.0.0.1:5000/tracklist/abc/x.html", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_domain_names_its_parser(both: Registry, url: str, name: str | None) -> None:
    found = both.for_url(url)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (FakePage().body(), "1001tracklists"),
        (FakePage(head="", title="x").body(), "1001tracklists"),  # by its rows
        (b"<html><title>1001Tracklists | Home</title></html>", "1001tracklists"),
        (b"<html><link rel=canonical href=https://www.1001tracklists.com/x></html>", "1001tracklists"),
        ("<html><title>1001Tracklists ⋅ é</title>".encode("latin-1", "replace"), "1001tracklists"),
        (SHOW, "pierradio"),
        (b"<p>see <a href=https://www.1001tracklists.com/>1001tracklists</a></p>", None),
        (b"", None),
    ],
)
def test_a_page_from_nowhere_is_recognised_by_its_look(both: Registry, body: bytes, name: str | None) -> None:
    for url in ("", "http://127.0.0.2:81/a"):
        found, _ = both._find(url, body, None)
        assert (found.name if found else None) == name


OURS = (
    '<meta property="og:site_name" content="1001Tracklists">',
    "<meta content=1001tracklists property=og:site_name>",
    "<META CONTENT='1001Tracklists'\nNAME='application-name'>",
    '<meta data-x="1" content="1001Tracklists" name="apple-mobile-web-app-title">',
    '<meta content="1001Tracklists" name="author">',
    '<link rel="canonical" href="/tracklist/a/b.html"><meta content="1001Tracklists" name="author">',
    '<meta content="1001Tracklists" name="author"><meta property="og:url" content="file:///C:/sets/b.html">',
    '<link rel="canonical" href="http://127.0.0.1:81/a"><meta content="1001Tracklists" name="author">',
    '<meta name="og:site_name" content=" 1001 TRACKLISTS "><link rel="canonical" href="https://copy.example/a">',
    "<meta name=twitter:site content=@1001tracklists>",
    '<meta content="https://www.1001tracklists.com/tracklist/a/b.html" property="og:url">',
    '<link href="//1001tracklists.com/tracklist/a/b.html" rel="canonical">',
    "<link rel='shortlink' href='https://1001.tl/abc'>",
    '<link href="https://cdn.1001tracklists.com/favicon.png" sizes="16x16" rel="icon">',
    '<base href="https://www.1001tracklists.com/">',
    "<title>Mira Quell @ Pier 2031-05-04 | 1001Tracklists</title>",
    "<title>1001Tracklists &sdot; The World's Leading DJ Database</title>",
)
ELSEWHERE = (
    '<meta property="og:site_name" content="Pier Blog"><meta name="author" content="1001Tracklists">',
    '<link rel="canonical" href="https://pier.example/1001tracklists"><title>DJs | 1001Tracklists</title>',
    '<link rel="canonical" href="https://1001tracklists.com.pier.example/"><meta name="twitter:site" content="@pier">',
    '<meta name="description" content="As https://www.1001tracklists.com/ has it"><title>On 1001tracklists</title>',
    '<meta name="keywords" content="1001Tracklists"><meta property="og:title" content="1001Tracklists">',
    '<link rel="preconnect" href="https://www.1001tracklists.com/"><link rel="dns-prefetch" href="//1001.tl">',
    '<link rel="me" href="https://www.1001tracklists.com/dj/pier/index.html">',
    '<meta property="article:publisher" content="https://www.1001tracklists.com/">',
    '<!-- <meta property="og:site_name" content="1001Tracklists"> -->',
    '<script>\'<meta property="og:site_name" content="1001Tracklists">\'</script>',
    "<title>How tlTab and tlpItem are parsed</title><style>.tlpItem { } #tlTab { }</style>",
    '</head><body><article><meta itemprop="author" name="author" content="1001Tracklists"></article>',
    '</head><body><pre>&lt;div id="tlTab" class="tlpItem"&gt;</pre>',
    '</head><body><iframe src="https://www.1001tracklists.com/embed"></iframe>',
)


@pytest.mark.parametrize("mark", OURS)
@pytest.mark.parametrize("around", ["{}", "<!-- saved --><meta charset=utf-8>{}", "<div></div>{}<p>"])
def test_a_page_is_recognised_by_any_mark_in_its_head(both: Registry, mark: str, around: str) -> None:
    wait = "<form><input name=bChk></form>Please wait, you will be forwarded to the requested page"
    page = f"<!DOCTYPE html><html><head>{around.format(mark)}</head><body>{wait}</body></html>".encode()
    assert both.parse_page(page) == ParsedPage(PageKind.BLOCKED, "wait")


@pytest.mark.parametrize("head", ELSEWHERE)
def test_another_sites_page_is_not_recognised(both: Registry, head: str) -> None:
    page = f"<!DOCTYPE html><html><head>{head}</head><body>unblock your ip</body></html>".encode()
    assert both.parse_page(page) == ParsedPage(PageKind.UNKNOWN, "no parser")


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- saved from url=(0051)https://www.1001tracklists.com/tracklist/a/b.html -->",
        "<html><!--\n Page saved with SingleFile \n url: https://1001tracklists.com/x \n saved date: now\n-->",
    ],
)
def test_a_browsers_note_of_where_a_page_was_saved_is_a_mark(both: Registry, comment: str) -> None:
    page = f"<!DOCTYPE html>{comment}<head><title>x</title></head><body><h1>Page not found</h1>"
    assert both.parse_page(page.encode()).kind is PageKind.GONE
    other = page.replace("1001tracklists.com", "pier.example/1001tracklists.com")
    assert both.parse_page(other.encode()) == ParsedPage(PageKind.UNKNOWN, "no parser")


def test_a_saved_set_with_relative_links_is_read(both: Registry) -> None:
    head = "<link href='/tracklist/abc123x/x.html' rel=canonical><meta content=1001Tracklists name=author>"
    assert both.parse_page(FakePage(head=head + " " * 70_000).body()).kind is PageKind.TRACKLIST


def test_a_page_that_nobody_reads_is_unknown() -> None:
    page = registry.parse_page(b"<html>hello</html>", url="https://nobody.example/")
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, "no parser")
    assert registry.parse_page(b"").reason == "empty"


def test_the_shipped_registry_reads_a_saved_set() -> None:
    page = registry.parse_page(FakePage().body())
    assert page.tracklists[0].source_id == "abc123x"
    assert registry.for_url(SET_URL) is not None
    assert next(parser.name for parser in parsers()) == "1001tracklists"


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise TypeError


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (TypeError("no\n  number"), "TypeError: no number"),
        (ValueError("\udc80" + "x" * 999), "ValueError: ?" + "x" * 159),
        (RecursionError(), "RecursionError"),
        (UnspeakableError(), "UnspeakableError"),
    ],
)
@pytest.mark.parametrize("method", ["parse", "recognises"])
def test_a_parser_that_raises_leaves_a_page_unknown_with_a_reason(
    error: Exception, told: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> ParsedPage:
        raise error

    monkeypatch.setattr(PierRadio, method, fail)
    page = Registry(PierRadio()).parse_page(SHOW)
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, f"parser pierradio failed: {told}")


def test_a_parser_that_cannot_look_at_a_page_does_not_hide_it_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Blind(PierRadio):
        name = "blind"

        def recognises(self, head: str) -> bool:
            raise ValueError

    assert Registry(Blind(), PierRadio()).parse_page(SHOW).kind is PageKind.TRACKLIST


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "TypeError: parse() returned NoneType, not ParsedPage"),
        (ParsedPage(PageKind.TRACKLIST), "ValueError: a tracklist page without a set"),
    ],
)
def test_an_answer_that_is_none_counts_as_a_failure(
    answer: ParsedPage, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PierRadio, "parse", lambda *_, **__: answer)
    page = Registry(PierRadio()).parse_page(SHOW)
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, f"parser pierradio failed: {told}")


def test_a_parser_registered_again_takes_the_olders_place(both: Registry) -> None:
    newer: SiteParser = PierRadio()
    both.register(newer)
    assert both.for_url("https://pierradio.example/x") is newer


@pytest.mark.parametrize(
    ("url", "identity"),
    [
        ("https://www.1001tracklists.com/tracklist/abc123/one-slug.html", ("1001tracklists", "abc123")),
        (
            "http://1001tracklists.com/tracklist/abc123/other-slug.html?x=1#tlp_2",
            ("1001tracklists", "abc123"),
        ),
        ("https://www.1001tracklists.com/tracklist/abc123", ("1001tracklists", "abc123")),
        ("https://www.1001tracklists.com/tracklist/4711_an-old-slug.html", ("1001tracklists", "4711")),
        ("https://1001.tl/abc123", ("1001tracklists", "abc123")),
        ("https://www.1001tracklists.com/search/result.php", None),
        ("https://www.1001tracklists.com/dj/quell/index.html", None),
        ("https://www.1001tracklists.com/tracklist/", None),
        ("http://127.0.0.1:8000/tracklist/abc123/one-slug.html", None),
        ("https://nobody.example/tracklist/abc123/x.html", None),
        ("http://1001tracklists.com:x/tracklist/abc123/x.html", None),
    ],
)
def test_two_slugs_of_one_set_are_one_identity(url: str, identity: tuple[str, str] | None) -> None:
    parser = registry.for_url(url)
    found = parser.source_id(url) if parser else None
    assert (parser and found and (parser.name, found)) == identity


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (
            "http://1001tracklists.com:80/tracklist/abc123/slug.html?utm=1#tlp_7",
            "https://www.1001tracklists.com/tracklist/abc123/slug.html",
        ),
        ("http://www.1001.tl/ABC123/", "https://1001.tl/abc123"),
        (
            "https://www.1001tracklists.com/search/result.php?q=1",
            "https://www.1001tracklists.com/search/result.php?q=1",
        ),
        ("http://127.0.0.1/tracklist/abc123/s.html?q=1", "http://127.0.0.1/tracklist/abc123/s.html?q=1"),
    ],
)
def test_the_site_serves_a_set_under_one_url(url: str, canonical: str) -> None:
    assert Tracklists1001().canonical_url(url) == canonical
