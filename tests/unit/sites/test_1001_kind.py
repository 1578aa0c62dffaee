"""What a page is, when it is no tracklist, or not a whole one."""

from __future__ import annotations

import random
import time

import pytest
from page_1001 import FakePage, FakeRow, parse

from tlray.model import PageKind
from tlray.sites.tracklists1001.parser import MAX_BYTES

BLOCKED, GONE, SEARCH, UNKNOWN = PageKind.BLOCKED, PageKind.GONE, PageKind.SEARCH, PageKind.UNKNOWN


def shell(inner: str, title: str = "1001Tracklists ⋅ Home") -> bytes:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{inner}</body></html>".encode()


FORM = '<form id="searchForm" action="/search/result.php"></form>'


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        # the wait pages, misspelt and not
        (shell("<h1>Please wait, you will be forwared to the wanted page</h1>"), BLOCKED, "wait"),
        (shell('<form method=POST><input name="bChk" value=1></form>'), BLOCKED, "wait"),
        # the newer one carries Turnstile
        (
            shell('<h1>Please wait, you will be forwarded</h1><div id="turnstile-container"></div>'),
            *(BLOCKED, "turnstile"),
        ),
        (shell("<p>wait</p>", title="Just a moment..."), BLOCKED, "turnstile"),
        # the IP limit asks for a captcha too
        (
            shell('<h1>Your IP or guest/user account has been limited</h1><input id="captcha">'),
            *(BLOCKED, "ip-limit"),
        ),
        (shell('<form action="/info/unblock_ip.html"></form>'), BLOCKED, "ip-limit"),
        (shell("<p>Your IP has sent too many requests</p>"), BLOCKED, "ip-limit"),
        # the image captcha
        (shell("We need to validate your are real human!"), BLOCKED, "captcha"),
        (shell("<img src=x alt='Captcha'>"), BLOCKED, "captcha"),
        # a captcha cut in half is one all the same
        (shell('<input type="text" id="captcha">')[:-10], BLOCKED, "captcha"),
        (shell("<h1>Sorry, that page does not exist</h1>"), GONE, "no such page"),
        (shell(FORM, title="Tracklists search result for Quell"), SEARCH, "search results"),
        (shell(FORM + '<div class="bItm action oItm"></div>', title="Home"), SEARCH, "search results"),
        # every page of the site has scripts that speak of its search form
        (shell("<script>submitForm('searchForm', '/search/result.php')</script>"), UNKNOWN, "no tracklist"),
        (shell(""), UNKNOWN, "no tracklist"),
        (b"", UNKNOWN, "empty"),
        (b" \r\n ", UNKNOWN, "empty"),
        (b"\x00\x01\x02", UNKNOWN, "no tracklist"),
        (b'{"success":true,"data":[]}', UNKNOWN, "no tracklist"),
        (shell("x")[:-30], UNKNOWN, "truncated"),
        ("<html><body>\u00e9</body></html>".encode("latin-1"), UNKNOWN, "encoding"),
        (FakePage([]).body(), UNKNOWN, "no rows"),
        (FakePage([], count="5").body(), UNKNOWN, "rows 0 of 5"),
        (FakePage([FakeRow(), FakeRow()], count="3").body(), UNKNOWN, "rows 2 of 3"),
        # more rows than claimed: the markup has changed, and what counts as a row is in doubt
        (FakePage([FakeRow(), FakeRow()], count="1").body(), UNKNOWN, "rows 2 of 1"),
        (FakePage([FakeRow()], count="many").body(), UNKNOWN, "rows 1 of many"),
        # today's page whose count was lost on the way, or with its whole table
        (FakePage().body().replace(b"data-count", b"data-cnt"), UNKNOWN, "rows without their count"),
        (FakePage().body().replace(b'id="tlTab"', b""), UNKNOWN, "rows without their count"),
        # rows with nothing around them: nobody knows whether they are all
        (FakeRow().html(0).encode(), UNKNOWN, "loose rows"),
    ],
)
def test_a_page_that_is_no_whole_set_is_named_for_what_it_is(
    body: bytes, kind: PageKind, reason: str
) -> None:
    page = parse(body)
    assert (page.kind, page.reason, page.tracklists) == (kind, reason, ())


def test_a_set_that_carries_a_blocks_script_is_a_set() -> None:
    script = '<div id="turnstile-container"></div><script src="/cdn-cgi/challenge-platform/x.js"></script>'
    assert parse(FakePage(before_end=script).body()).kind is PageKind.TRACKLIST


def test_a_page_cut_anywhere_is_never_a_set() -> None:
    body = FakePage([FakeRow(), FakeRow("Oto - Tide")]).body()
    end = body.index(b"</html")
    kinds = {parse(body[:cut]).kind for cut in range(end + 1)}
    assert kinds == {PageKind.UNKNOWN}
    assert parse(body).kind is PageKind.TRACKLIST


def test_singlefile_drops_end_tags_and_then_the_end_of_the_rows_must_be_there() -> None:
    saved = FakePage().html().replace("<head>", "<!-- Page saved with SingleFile --><head>")
    saved = saved.replace("</body></html>", "")
    assert parse(saved.encode()).kind is PageKind.TRACKLIST
    assert parse(saved.replace('<div id="tl_save"></div>', "").encode()).reason == "truncated"


def test_a_fragment_with_a_count_is_a_set_once_it_is_closed() -> None:
    fragment = f'<div id="tlTab" data-count="1">{FakeRow().html(0)}</div>'
    assert parse(fragment.encode()).kind is PageKind.TRACKLIST
    assert parse(fragment[:-40].encode()).reason == "truncated"


def decoy_rows(n_false: int, n_true: int) -> list[FakeRow | str]:
    rng = random.Random(5)
    rows = [FakeRow(f"Artist{n} - Song", metas=url(f"artist{n}-song")) for n in range(n_true)]
    rows += [
        FakeRow(f"Artist{n} - Song", by_artist=f"Stranger{n}", metas=url(f"artist{n}-song"))
        for n in range(n_false)
    ]
    rng.shuffle(rows)
    return list(rows)


def url(slug: str) -> str:
    return f'<meta itemprop="url" content="/track/q1/{slug}/index.html">'


@pytest.mark.parametrize(
    ("n_false", "n_true", "is_decoy"),
    [(24, 1, True), (3, 9, True), (1, 0, True), (2, 8, False), (1, 2, False), (0, 20, False)],
)
def test_a_page_whose_artists_contradict_themselves_is_a_decoy(
    n_false: int, n_true: int, is_decoy: bool
) -> None:
    page = parse(FakePage(decoy_rows(n_false, n_true)).body())
    assert (page.kind is PageKind.BLOCKED, page.reason) == (is_decoy, "decoy" if is_decoy else None)
    if not is_decoy:  # one row may be a mistake of its writer
        suspected = ["decoy_suspected"] if n_false > 1 else []
        assert page.tracklists[0].quality_issues == suspected


@pytest.mark.parametrize(
    ("name", "by_artist", "slug"),
    [
        ("Squall - Time", "Squall (DE)", "squall-time"),  # a country tag
        ("Quell - Time", "QUELL", "quell-time"),  # case
        ("Ørn - Time", "Ørn pres. Mørk", "orn-mork-time"),  # "pres.", in the link only
        ("x" * 255, "Someone", "someone-else"),  # a cut name says nothing
    ],
)
def test_what_differs_in_genuine_pages_makes_no_decoy(name: str, by_artist: str, slug: str) -> None:
    rows: list[FakeRow | str] = [FakeRow(name, by_artist=by_artist, metas=url(slug)) for _ in range(5)]
    assert parse(FakePage(rows).body()).kind is PageKind.TRACKLIST


REOPENED = b"".join(b"<b a=%d>" % n for n in range(300))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<div>" * 100_000, "nested too deep"),
        (b"<div>" * 100_000 + b"</div>" * 100_000, "nested too deep"),
        (b"<b id=1>" * 100_000, "nested too deep"),
        (b"<div " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">", "nested too deep"),
        (b"<div class=tlpItem>" * 100_000, "nested too deep"),
        (b'<input id="x' * 1_000_000, "no tracklist"),  # three attributes, over and over
        (b"".join(b"<body a%d>" % n for n in range(100_000)), "nested too deep"),
        (b"<a " + b" ".join(b"a%d='<>'" % n for n in range(100_000)) + b">", "nested too deep"),
        (b"<svg>" + b"<g/><g>" * 100_000, "nested too deep"),
        (b"<div/>" * 100_000, "nested too deep"),  # no slash closes an element of HTML
        (b"<select>" + b"<option>" * 100_000, "no tracklist"),
        (b"<p>" + REOPENED + b"</p>" + b"<p>x" * 25_000, "nested too deep"),
        (
            b"<p>" + REOPENED + b"</p><table><td>" + b"</b>" * 300 + b"</table>" + b"<p>x" * 25_000,
            "nested too deep",
        ),
        (
            b"</b>" * 300 + b"<td>" + REOPENED + b"</td><!--" + b"</b>" * 300 + b"-->" + b"<p>x" * 25_000,
            "nested too deep",
        ),
    ],
)
def test_a_bomb_is_refused_at_once(body: bytes, reason: str) -> None:
    refused_at_once(body, reason)


@pytest.mark.parametrize(("first", "rest", "n"), [(b"<html>", b" ", MAX_BYTES), (b"x", b"x", 50 * 2**20)])
def test_a_page_that_is_too_large_is_refused_at_once(first: bytes, rest: bytes, n: int) -> None:
    refused_at_once(first + rest * n, "too large")


def refused_at_once(body: bytes, reason: str) -> None:
    begun = time.process_time()
    page = parse(body)
    assert (page.kind, page.reason) == (PageKind.UNKNOWN, reason)
    assert time.process_time() - begun < 2


SHALLOW = {
    "void elements": "<br><img src=x><input>" * 9_000,
    "self-closing SVG": "<svg viewBox='0 0 1 1'><path d='M0 0'/><use href='#a'/></svg>" * 9_000,
    "self-closing MathML": "<math><mspace/><mi/></math>" * 9_000,
    "no end tags: li": "<ul>" + "<li>x" * 25_000 + "</ul>",
    "no end tags: p": "<p>x" * 25_000,
    "no end tags: table": "<table>" + "<tr><td>x<td>y" * 9_000 + "</table>",
    "no end tags: dl": "<dl>" + "<dt>x<dd>y" * 12_500 + "</dl>",
    "no end tags: option": "<select>" + "<option>x" * 25_000 + "</select>",
    "fonts that are never closed": "<p><font color=red>x" * 15_000,
    "fonts that cells close": "<table>"
    + "".join(f"<tr><td><font size={n}>x</font></td></tr>" for n in range(9_000))
    + "</table>",
    "icons of their own": "".join(f"<i id=a{n}></i>" for n in range(15_000)),
    "a script": "<script>if (a<b && b<c) s = '" + "<div>" * 25_000 + "'</script>",
    "a style": "<style>" + "<div>" * 25_000 + "</style>",
    "a text area": "<textarea>" + "<div>" * 25_000 + "</textarea>",
    "a comment": "<!--" + "<div>" * 25_000 + "-->",
    "a long attribute": '<i data-x="' + "a b/ " * 26_000 + '"></i>',
    "a long attribute of markup": '<i data-x="' + "<div>" * 26_000 + '"></i>',
    "a long script": "<script>a<b" + " x / y" * 22_000 + "</script>",
    "long text": "a<b " + "word " * 26_000,
}


@pytest.mark.parametrize("filler", SHALLOW)
def test_a_page_that_is_only_large_is_no_bomb(filler: str) -> None:
    page = FakePage([FakeRow(), FakeRow(number="02")], before_end=SHALLOW[filler]).html()
    assert parse(page.encode()).kind is PageKind.TRACKLIST


def test_a_large_but_honest_set_is_read() -> None:
    page = parse(FakePage([FakeRow(f"Artist{n} - Song") for n in range(1_500)]).body())
    assert page.tracklists[0].track_count == 1_500
