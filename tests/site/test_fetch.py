"""What a good or a middling server says comes back as it was said."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from raw_server import gzipped, response, serve

from tlray.core.model.address_policy import AddressPolicy
from tlray.core.model.outcome import OutcomeKind
from tlray.core.politeness.retry_after import MOST_S
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import FetchLimits

pytestmark = pytest.mark.site

AGENT = "tlray/0.1 (+mailto:me@example.org)"


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(FetchLimits(), user_agent=AGENT, allow=AddressPolicy(private=True)) as fetcher:
        yield fetcher


async def test_a_page_comes_back_as_it_was_sent_and_unpacked(fetcher: Fetcher) -> None:
    async with serve(gzipped(b"<html>set</html>", Set_Cookie="a=b")) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.status, page.body, page.charset) == (None, 200, b"<html>set</html>", "utf-8")
    assert gzip.decompress(page.wire_body) == page.body
    assert page.n_bytes == len(page.wire_body)
    assert page.status_line == b"HTTP/1.1 200 OK"
    assert (b"Set-Cookie", b"a=b") in page.raw_headers
    assert page.has_page
    assert 0 < page.latency_s < 5
    assert page.error is page.reason is page.location is page.retry_after_s is None


async def test_a_request_names_us_and_asks_only_for_what_we_can_unpack(fetcher: Fetcher) -> None:
    async with serve(response(Set_Cookie="seen=1"), keep_alive=True) as site:
        await fetcher.get(site.url)
        await fetcher.get(site.url)
    lines = site.heads[1].split(b"\r\n")
    assert lines[0] == b"GET /set HTTP/1.1"
    assert b"User-Agent: " + AGENT.encode() in lines
    assert b"Accept-Encoding: gzip, deflate" in lines
    assert not any(line.lower().startswith(b"cookie") for line in lines)
    assert site.n_connections == 1


async def test_a_kept_connection_that_dies_is_no_second_request(fetcher: Fetcher) -> None:
    async def answer_once(writer: asyncio.StreamWriter) -> None:
        if len(site.heads) == 1:
            writer.write(response())
            await writer.drain()
        else:
            writer.transport.abort()

    async with serve(answer_once, keep_alive=True) as site:
        await fetcher.get(site.url)
        page = await fetcher.get(site.url)
        assert page.kind is OutcomeKind.CONNECT
        assert len(site.heads) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("204 No Content", None),
        ("206 Partial Content", None),  # unasked, looked at like 200: captchas come so
        ("304 Not Modified", OutcomeKind.BAD_HTTP),  # unasked as well, and there is no body to look at
        ("400 Bad Request", OutcomeKind.REFUSED_BY_SITE),
        ("401 Unauthorized", OutcomeKind.FORBIDDEN),
        ("403 Forbidden", OutcomeKind.FORBIDDEN),
        ("404 Not Found", OutcomeKind.GONE),
        ("408 Request Timeout", OutcomeKind.UNAVAILABLE),
        ("410 Gone", OutcomeKind.GONE),
        ("425 Too Early", OutcomeKind.UNAVAILABLE),
        ("429 Too Many Requests", OutcomeKind.THROTTLED),
        ("451 Unavailable For Legal Reasons", OutcomeKind.FORBIDDEN),
        ("500 Internal Server Error", OutcomeKind.UNAVAILABLE),
        ("503 Service Unavailable", OutcomeKind.UNAVAILABLE),
        ("999 Request denied", OutcomeKind.REFUSED_BY_SITE),
    ],
)
async def test_a_status_suggests_a_kind(fetcher: Fetcher, status: str, kind: OutcomeKind | None) -> None:
    async with serve(response(b"" if status[:3] in {"204", "304"} else b"<p>captcha", status=status)) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.status) == (kind, int(status[:3]))


@pytest.mark.parametrize("status", ["206 Partial", "401 No", "403 No", "404 No", "429 No", "503 No"])
async def test_the_body_of_a_refusal_can_be_looked_at(fetcher: Fetcher, status: str) -> None:
    async with serve(gzipped(b"<p>captcha", status=status)) as site:
        page = await fetcher.get(site.url)
    assert page.has_page
    assert page.body == b"<p>captcha"


async def test_what_a_status_says_outlives_a_bad_body(fetcher: Fetcher) -> None:
    answer = response(b"{}", status="429 No", html=False, Content_Type="application/json", Retry_After="7")
    async with serve(answer) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.retry_after_s, page.has_page) == (OutcomeKind.THROTTLED, 7.0, False)
    async with serve(response(b"not gzip", status="403 No", Content_Encoding="gzip")) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.has_page) == (OutcomeKind.FORBIDDEN, False)
    async with serve(response(b"short", status="404 No", Content_Length="90")) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.has_page) == (OutcomeKind.GONE, False)


async def test_retry_after_may_be_a_date(fetcher: Fetcher) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    async with serve(response(status="429 No", Retry_After=later)) as site:
        page = await fetcher.get(site.url)
    assert page.retry_after_s == pytest.approx(3600, abs=5)


@pytest.mark.parametrize(
    ("value", "after_s"),
    [
        ("Mon, 02 Nov 2020 11:00:00 GMT", 0.0),  # past: at once, as far as the site is concerned
        ("315360000", 315_360_000.0),  # ten years: whoever asked decides whether to wait
        ("9" * 400, MOST_S),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("\xe9\xff", None),
    ],
)
async def test_a_retry_after_that_makes_no_sense_makes_no_trouble(
    fetcher: Fetcher, value: str, after_s: float | None
) -> None:
    async with serve(response(status="429 No", Retry_After=value)) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.retry_after_s) == (OutcomeKind.THROTTLED, after_s)


async def test_of_several_retry_after_lines_the_longest_counts(fetcher: Fetcher) -> None:
    answer = response(status="429 No", Retry_After="2").replace(
        b"Retry-After: 2\r\n", b"Retry-After: 2\r\nretry-after: 6\r\n"
    )
    async with serve(answer) as site:
        assert (await fetcher.get(site.url)).retry_after_s == 6.0


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (b"/other?x=1#y", "{root}/other?x=1#y"),
        (b"https://example.org/a", "https://example.org/a"),
        (b"//example.org/a", "http://example.org/a"),
        ("caf\u00e9".encode(), "{root}/caf%C3%A9"),
        (b"/caf\xe9.html", "{root}/caf%E9.html"),  # a byte is that byte
        (b"/x?q=\xfc\xc3\xa9", "{root}/x?q=%FC%C3%A9"),
        (b"/a b\tc<d>", "{root}/a%20bc<d>"),
        (b"/a%3ab,c?u=https%3A%2F%2Fh&s=a%2Fb%3D", "{root}/a%3ab,c?u=https%3A%2F%2Fh&s=a%2Fb%3D"),
        (b"\\a\\b?c\\d", "{root}/a/b?c\\d"),  # browsers read a backslash in a path as a slash
        (
            "http://☃.example:81/x".encode(),
            "http://☃.example:81/x",
        ),  # a host's own form comes with the next fetch
        (b"http://%E2%98%83.example/", "http://☃.example/"),
        (b"  /x  ", "{root}/x"),
        (b"a//b", "{root}/a//b"),
    ],
)
async def test_a_redirect_is_reported_and_not_followed(
    fetcher: Fetcher, location: bytes, expected: str
) -> None:
    answer = response(status="302 Found").replace(
        b"302 Found\r\n", b"302 Found\r\nLocation: " + location + b"\r\n"
    )
    async with serve(answer) as site:
        page = await fetcher.get(site.url)
        assert len(site.heads) == 1
    assert page.kind is OutcomeKind.REDIRECTED
    assert page.location == expected.format(root=site.url.removesuffix("/set"))


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "ftp://example.org/", "http://[", "http://", "http://%FF.test/"]
)
async def test_a_redirect_to_nowhere_is_bad_http(fetcher: Fetcher, location: str) -> None:
    async with serve(response(status="301 Moved", Location=location)) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.location) == (OutcomeKind.BAD_HTTP, None)


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("text/html", b"<p>", None),
        ("TEXT/HTML;charset=x", b"<p>", None),
        ("application/xhtml+xml", b"<p>", None),
        ("text/plain", b"IP limited", None),  # some block pages are a line of text
        ("", b"\xef\xbb\xbf \n<p>", None),
        ("", b"", None),
        ("", b"\x00\x01", OutcomeKind.WRONG_TYPE),
        ("application/json", b"{}", OutcomeKind.WRONG_TYPE),
        ("audio/mpeg", b"ID3", OutcomeKind.WRONG_TYPE),
    ],
)
async def test_a_page_is_html_or_looks_like_it(
    fetcher: Fetcher, content_type: str, body: bytes, kind: OutcomeKind | None
) -> None:
    named = {"Content_Type": content_type} if content_type else {}
    async with serve(response(body, html=False, **named)) as site:
        page = await fetcher.get(site.url)
    assert page.kind is kind
    assert page.has_page is (kind is None and body != b"")


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("application/json", b'{"a": 1}', None),
        ("", b' {"a": 1}', None),
        ("text/html", b"<p>", None),
        ("application/pdf", b"%PDF", OutcomeKind.WRONG_TYPE),
    ],
)
async def test_an_answer_may_be_of_the_types_that_are_asked_for(
    fetcher: Fetcher, content_type: str, body: bytes, kind: OutcomeKind | None
) -> None:
    named = {"Content_Type": content_type} if content_type else {}
    types = frozenset({"text/html", "application/json"})
    async with serve(response(body, html=False, **named)) as site:
        page = (await fetcher.get_packed(site.url, types=types))()
    assert (page.kind, page.has_page, page.content_type) == (kind, kind is None, content_type)
    accepted = b"Accept: text/html,application/xhtml+xml,text/plain;q=0.8,application/json"
    assert accepted in site.heads[0].split(b"\r\n")


async def test_deflate_and_chunks_are_undone(fetcher: Fetcher) -> None:
    body = zlib.compress(b"<p>" * 1000)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:])) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: deflate\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    async with serve(head + chunked) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.body, page.wire_body) == (None, b"<p>" * 1000, body)


async def test_a_body_without_a_length_ends_with_the_connection(fetcher: Fetcher) -> None:
    async with serve(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>old") as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.body, page.status_line) == (None, b"<p>old", b"HTTP/1.0 200 OK")


async def test_robots_txt_is_cut_and_not_refused(fetcher: Fetcher) -> None:
    rules = b"User-agent: *\nDisallow: /x\n" * 1000
    async with serve(response(rules, html=False, Content_Type="application/octet-stream")) as site:
        page = await fetcher.get_start(site.url, 512)
    assert (page.kind, page.body) == (None, rules[:512])
    async with serve(gzipped(rules)) as site:
        page = await fetcher.get_start(site.url, 512)
    assert (page.kind, page.body) == (None, rules[:512])
    async with serve(response(b"", status="404 Not Found")) as site:
        page = await fetcher.get_start(site.url, 512)
    assert page.kind is OutcomeKind.GONE


async def test_a_cancelled_fetch_leaves_nothing_open(fetcher: Fetcher) -> None:
    asked = asyncio.Event()

    async def hang(_writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.sleep(60)

    async with serve(hang) as site:
        fetch = asyncio.create_task(fetcher.get(site.url))
        await asked.wait()
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetch
        assert (await fetcher.get("http://127.0.0.1:1/")).kind is OutcomeKind.CONNECT  # and is of use still


PAGE = b"<html>set</html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(PAGE)
SLOPPY = {
    "a header of 200 kB": HEAD + b"X: " + b"a" * 200_000 + b"\r\n" + LENGTH,
    "a thousand headers": HEAD + b"X-Cache: miss\r\n" * 1_000 + LENGTH,
    "a blank before the colon": HEAD + b"Server : Apache\r\nContent-Length : %d\r\n" % len(PAGE),
    "a line without a colon": HEAD + b"garbage line\r\n" + LENGTH,
    "a name that is none": HEAD + "Nämé of it: x\r\n".encode() + LENGTH,
    "the same length twice": HEAD + LENGTH + LENGTH,
    "a length and chunks": HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n",
    "a bare CR": HEAD + b"X: a\rb\r\n" + LENGTH,
    "CR CR LF": HEAD.replace(b"\r\n", b"\r\r\n") + LENGTH,
    "LF only": (HEAD + LENGTH).replace(b"\r\n", b"\n"),
    "folded": HEAD + b"X: a\r\n\tb\r\n" + LENGTH,
    "early hints first": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + LENGTH,
    "empty lines first": b"\r\n\r\n" + HEAD + LENGTH,
    "a byte order mark first": b"\xef\xbb\xbf" + HEAD + LENGTH,
    "a length that is none": HEAD + b"Content-Length: unknown\r\n",
    "lower case": b"http/1.1 200 ok\r\n" + HEAD.partition(b"\n")[2] + LENGTH,
    "joined types": HEAD.replace(b"text/html;", b"text/html, text/html;") + LENGTH,
    "two types": HEAD + b"Content-Type: text/html\r\n" + LENGTH,
    "an unknown type": HEAD.replace(b"text/html", b"unknown/unknown") + LENGTH,
    "a coding that is none": HEAD + b"Content-Encoding: utf-8\r\n" + LENGTH,
}


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("name", SLOPPY)
async def test_a_sloppy_answer_is_read_as_browsers_read_it(
    fetcher: Fetcher, name: str, in_pieces: bool
) -> None:
    body = b"10\r\n%b\r\n0\r\n\r\n" % PAGE if "chunks" in name else PAGE
    answer = SLOPPY[name] + (b"\r" * (name != "LF only")) + b"\n" + body

    async def send(writer: asyncio.StreamWriter) -> None:
        for at in (0, 5, 40, len(answer) // 2) if in_pieces else (0,):
            end = {0: 5, 5: 40, 40: len(answer) // 2}.get(at, len(answer)) if in_pieces else len(answer)
            writer.write(answer[at:end])
            await writer.drain()
            await asyncio.sleep(0.002)

    async with serve(send) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.status, page.body, page.has_page) == (None, 200, PAGE, True), page.reason
    assert page.charset in {"utf-8", None}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HEAD + b"X: a\r\n" * 3_000, "more than 2000 lines of headers"),
        (HEAD + b"X: " + b"a" * 300_000, "more than 262144 bytes of headers"),
        (
            b"HTTP/1.1 103 Early Hints\r\nX: %b\r\n\r\n" % (b"a" * 60_000) * 9,
            "more than 262144 bytes of headers",
        ),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 9\r\n", "several Content-Lengths that differ"),
        (b"HTTP/1.1 OK\r\n", "no status in the answer's first line"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed answer"),
        (b"220 mail.example ESMTP\r\n", "answer is not HTTP"),
        (b"\x15\x03\x01", "answer is not HTTP"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_named_truly(
    fetcher: Fetcher, answer: bytes, reason: str
) -> None:
    async with serve(answer + b"\r\n") as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.reason) == (OutcomeKind.BAD_HTTP, reason)
