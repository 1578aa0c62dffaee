"""What each answer to a request for robots.txt means (RFC 9309 §2.3.1), over a real fetcher."""

from __future__ import annotations

import pytest
from raw_server import serve

from tlray.core.model.address_policy import AddressPolicy
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.robots import MAX_BYTES, RobotsAnswer
from tlray.core.scheduling.lease import RobotsRequest
from tlray.io.http.fetch import Fetcher, FetchLimits
from tlray.io.worker.robots import fetch_robots

pytestmark = pytest.mark.site


async def fetch(url: str) -> RobotsAnswer:
    fetch_task = RobotsRequest("a.test", "127.0.0.1", url, DomainPolicy(1.0), 0)
    limits = FetchLimits(total_timeout_s=5.0)
    async with Fetcher(limits, user_agent="tlray", allow=AddressPolicy(private=True)) as fetcher:
        return await fetch_robots(fetcher, fetch_task)


def response(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


BROTLI = b"\x0b\x02\x80hello\x03"
SLOW = b"User-agent: *\nCrawl-delay: 8"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response("200 OK", SLOW), RobotsAnswer("a.test", SLOW.decode(), 8.0)),
        (response("200 OK", SLOW, "Content-Type: application/x-thing"), RobotsAnswer("a.test", SLOW.decode(), 8.0)),
        (response("200 OK", SLOW, "Content-Encoding: none"), RobotsAnswer("a.test", SLOW.decode(), 8.0)),
        (response("200 OK", SLOW, "garbage", "X : y"), RobotsAnswer("a.test", SLOW.decode(), 8.0)),
        (response("200 OK", BROTLI, "Content-Encoding: br"), RobotsAnswer("a.test", None, reason="content-encoding br")),
        (response("200 OK"), RobotsAnswer("a.test", "")),  # an empty file allows everything
        (response("404 Not Found", SLOW), RobotsAnswer("a.test", "")),  # its body is no robots.txt
        (response("403 Forbidden"), RobotsAnswer("a.test", "")),  # "unavailable", by the RFC: no rules
        (response("410 Gone"), RobotsAnswer("a.test", "")),
        (response("500 Internal Server Error", SLOW), RobotsAnswer("a.test", None, reason="500")),
        (response("503 Busy", b"", "Retry-After: 7"), RobotsAnswer("a.test", None, reason="503", retry_after_s=7.0)),
        (response("429 Slow down", b"", "Retry-After: 9"), RobotsAnswer("a.test", None, reason="429", retry_after_s=9.0)),
        (response("429 Slow down"), RobotsAnswer("a.test", None, reason="429")),
        (response("301 Moved", b"", "Location: http://b.test/r"), RobotsAnswer("a.test", None, location="http://b.test/r")),
        (response("302 Found"), RobotsAnswer("a.test", None, reason="302")),  # to nowhere
    ],
)  # fmt: skip
async def test_each_answer_has_its_meaning(answer: bytes, expected: RobotsAnswer) -> None:
    async with serve(answer) as site:
        assert await fetch(site.url) == expected


async def test_an_answer_that_is_no_http_is_none_to_be_had() -> None:
    async with serve(b"") as site:
        found = await fetch(site.url)
    assert (found.text, found.location) == (None, None)
    assert found.reason


async def test_a_server_that_is_not_there_is_none_to_be_had() -> None:
    async with serve(b"") as site:
        pass
    found = await fetch(site.url)
    assert (found.text, found.reason) == (None, "connection refused")


async def test_what_lies_beyond_half_a_megabyte_is_not_read() -> None:
    body = b"User-agent: *\n" + b"Disallow: /a\n" * 60_000
    async with serve(response("200 OK", body)) as site:
        found = await fetch(site.url)
    assert found.text is not None
    assert MAX_BYTES - 20 < len(found.text) <= MAX_BYTES


@pytest.mark.parametrize(
    ("body", "delay_s"),
    [
        (b"User-agent: *\nCrawl-delay: 86400", 86_400.0),  # a day: the site's word
        (b"User-agent: *\nCrawl-delay: -1", None),
        (b"User-agent: *\nCrawl-delay: abc", None),
        (b"# K\xe4se\nUser-agent: *\nCrawl-delay: 4", 4.0),  # Latin-1
        (b"\xef\xbb\xbfUser-agent: *\nCrawl-delay: 5", 5.0),
        (b"User-agent: *\nCrawl-delay: 6\n" + b"Disallow: /a\n" * 50_000, 6.0),  # 650 KB
        (b"User-agent: *\n" + b"Disallow: /a\n" * 50_000 + b"Crawl-delay: 6\n", None),  # too far down
        (b"<!DOCTYPE html><html><body>Welcome</body></html>", None),
        (b"\0\xff\xfe" * 99, None),
    ],
)
async def test_whatever_the_file_holds_it_is_read_as_far_as_it_goes(
    body: bytes, delay_s: float | None
) -> None:
    async with serve(response("200 OK", body, "Content-Type: text/plain; charset=ISO-8859-1")) as site:
        found = await fetch(site.url)
    assert found.text is not None
    assert found.crawl_delay_s == delay_s
