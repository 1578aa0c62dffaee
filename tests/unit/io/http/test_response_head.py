"""What a sloppy head is mended to, and how what cannot be mended is named."""

from __future__ import annotations

import asyncio
import re

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpResponseParser
from hypothesis import example, given
from hypothesis import strategies as st

from tlray.io.http.response import is_page, parse_content_type
from tlray.io.http.response_head import HeadError, repaired_head

OK = b"HTTP/1.1 200 OK\r\n"
HTML = b"Content-Type: text/html\r\n"


@pytest.mark.parametrize(
    "head",
    [
        OK + HTML + b"Content-Length: 5\r\n\r\n",
        OK + HTML + b"transfer-encoding:Chunked\r\nX:\r\n\r\n",
        b"HTTP/1.0 404 \xe9\r\nServer: \xff\r\n\r\n",
        b"HTTP/1.1 999\r\n\r\n",
        OK + b"X: a\r\n" * 300 + b"\r\n",
        OK + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
def test_a_good_head_goes_on_as_it_came(head: bytes) -> None:
    assert repaired_head(head) is head


@pytest.mark.parametrize(
    ("head", "mended"),
    [
        (OK + b"Server : a\r\n", OK + b"Server: a\r\n"),
        (OK + b"Server\t:a \r\n", OK + b"Server: a\r\n"),
        (OK + b"garbage\r\n" + HTML, OK + HTML),
        (OK + b"<html>\r\nmy name: a\r\nSch\xc3\xb6n: b\r\n: c\r\n" + HTML, OK + HTML),
        (OK + b"garbage\r\n folded garbage: x\r\n" + HTML, OK + HTML),
        (OK + b"X: a\r\n b\r\n\tc\r\n", OK + b"X: a b c\r\n"),
        (OK + b"X: a\rb\0c\r\n", OK + b"X: a b c\r\n"),
        (OK + b"X: a\r\r\nY: b\r\n", OK + b"X: a\r\nY: b\r\n"),
        (b"HTTP/1.1 200 OK\nX: a\n", OK + b"X: a\r\n"),
        (OK + b"Content-Length: 5\r\nContent-Length: 5\r\n", OK + b"Content-Length: 5\r\n"),
        (OK + b"Content-Length: 5, 05\r\n", OK + b"Content-Length: 5\r\n"),
        (OK + b"Content-Length: abc\r\n", OK),  # then the body ends with the connection
        (OK + b"Content-Length: -1\r\n", OK),
        (OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n", OK),
        (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", OK + b"Transfer-Encoding: chunked\r\n"),
        (OK + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", OK + b"Content-Length: 5\r\n"),
        (b"http/1.1 200 ok\r\n", b"HTTP/1.1 200 ok\r\n"),
        (b"HTTP/1.1   200\r\n", b"HTTP/1.1 200 \r\n"),
        (b"HTTP/1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n"),
        (b"HTTP/2 200\r\n", b"HTTP/1.1 200 \r\n"),
        (b"HTTP/1.2 200 a\rb\r\n", b"HTTP/1.1 200 a b\r\n"),
        (b"ICY 200 OK\r\n", b"HTTP/1.0 200 OK\r\n"),
    ],
)
def test_a_sloppy_head_is_mended(head: bytes, mended: bytes) -> None:
    assert repaired_head(head + b"\r\n") == mended + b"\r\n"


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "answer is not HTTP"),
        (b"<html>HTTP/1.1 200 OK\r\n", "answer is not HTTP"),
        (b"HTTP/1.1 OK\r\n", "no status in the answer's first line"),
        (b"HTTP/1.1 1000 OK\r\n", "no status in the answer's first line"),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n", "several Content-Lengths that differ"),
    ],
)
def test_what_cannot_be_mended_is_named(head: bytes, why: str) -> None:
    with pytest.raises(HeadError) as caught:
        repaired_head(head + b"\r\n")
    assert caught.value.message == why


PIECES = (
    *(b"Content-Length: 5\r\n", b"Content-Length : 5\r\n", b"Transfer-Encoding: chunked\r\n", b"X: a\r\n"),
    *(b" ", b"\t", b"\r", b"\n", b":", b"\0", b"\xff", b"chunked", b",", b"Content-Length", b"X" * 70, b'"'),
)


@example(pieces=[b"X: \x7f\x01\r\n", b"Content-Length: 5,\r\n"])
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=8))
def test_whatever_lines_there_are_a_mended_head_is_read_by_a_strict_parser(pieces: list[bytes]) -> None:
    head = re.sub(rb"\n(?=\r*\n)", b"", OK + b"".join(pieces)) + b"\r\n\r\n"
    try:
        mended = repaired_head(head)
    except HeadError:
        assert len(set(re.findall(rb"\d+", head[len(OK) :]))) > 1  # lengths that differ
        return
    loop = asyncio.new_event_loop()
    try:
        parser = HttpResponseParser(BaseProtocol(loop), loop, 65_536, read_until_eof=True)
        ((message, _), *more), _, _ = parser.feed_data(mended)
    finally:
        loop.close()
    assert (message.code, more) == (200, [])
    assert repaired_head(mended) in (mended, head)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('text/html; charset="UTF-8"', ("text/html", "utf-8")),
        ("TEXT/HTML ;charset=koi8-r", ("text/html", "koi8-r")),
        ("text/html, text/html; charset=utf-8", ("text/html", "utf-8")),
        ("text/html; charset=utf-8, text/html", ("text/html", "utf-8")),
        ("text/html; charset=utf-8, application/xhtml+xml", ("application/xhtml+xml", None)),
        ("text/html; charset=utf-8, */*", ("text/html", "utf-8")),
        ('text/html; a=", image/png;charset=x"; charset=utf-8', ("text/html", "utf-8")),
        ("text/html; charset=; charset=utf-8; charset=big5", ("text/html", "utf-8")),
        ("text/html charset=utf-8", ("", None)),
        ("html", ("", None)),
        (";;,", ("", None)),
        ("", ("", None)),
    ],
)
def test_content_types_are_read_as_browsers_read_them(value: str, found: tuple[str, str | None]) -> None:
    assert parse_content_type(value) == found


@given(st.text(alphabet='tex/hml,;="\\* charsé', max_size=60))
def test_any_content_type_has_an_answer(value: str) -> None:
    content_type, charset = parse_content_type(value)
    assert is_page(content_type, b"<p>") in {True, False}
    assert charset is None or charset


def test_a_type_that_says_nothing_leaves_it_to_the_body() -> None:
    for unknown in ("", "unknown/unknown", "application/unknown"):
        assert is_page(unknown, b"\xef\xbb\xbf <!DOCTYPE html>")
        assert not is_page(unknown, b"\x89PNG")
    assert not is_page("image/png", b"<html>")
