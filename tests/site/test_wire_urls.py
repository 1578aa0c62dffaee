"""What a list or a site names is what the site's socket receives, byte for byte."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from raw_server import response, serve

from tlray.core.model.address_policy import AddressPolicy
from tlray.core.model.urls import BadUrl, CanonicalUrl, canonicalise, redirected
from tlray.core.politeness.domain_policy import PRIVATE
from tlray.core.scheduling.lease import RobotsRequest
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import FetchLimits
from tlray.io.http.response import absolute_location
from tlray.io.worker.robots import fetch_robots

pytestmark = pytest.mark.site
ALLOW = AddressPolicy(private=True)
PIECES = "/ // a é ☃ %2C , %3a : %40 @ %27 ' %2F %7E ~ %62 % %zz ? & = + %20 ; .. /./ %2e%2e ! $ * ( [ ] | { \\ ` ^ %E9 utm_a"
TAIL = st.lists(st.sampled_from(PIECES.split()) | st.text(max_size=3), max_size=12).map(
    lambda pieces: "/" + "".join(pieces)
)


async def _asked_for(urls: list[str]) -> list[tuple[bytes, bytes]]:
    """Fetch URLs of a port that is put in for ``{}``; return the request line and the Host of each."""
    async with (
        serve(response(), keep_alive=True) as site,
        Fetcher(FetchLimits(), user_agent="tlray", allow=ALLOW) as fetcher,
    ):
        port = str(urlsplit(site.url).port)
        for url in urls:
            assert (await fetcher.get(url.replace("{}", port))).status == 200
    found = []
    for head in site.heads:
        lines = head.split(b"\r\n")
        host = next(line for line in lines if line.startswith(b"Host: "))
        found.append((lines[0], host.removeprefix(b"Host: ").replace(port.encode(), b"{}")))
    return found


def _expected(url: str) -> tuple[bytes, bytes]:
    host, _, path = url.removeprefix("http://").partition("/")
    return b"GET /" + path.encode("ascii") + b" HTTP/1.1", host.encode("ascii")


@settings(max_examples=max(5, settings.default.max_examples // 10), deadline=None)
@given(st.lists(TAIL, max_size=20), st.lists(TAIL | st.text(max_size=8), max_size=20))
@example(
    ["/a%2Cb", "/a,b", "/x%3Ay%40z.html?u=https%3A%2F%2Fh%3Fq&sig=a%2Fb%3D"], ["/a%3Ab", "/a:b", "x//y;"]
)
def test_the_request_line_is_the_url_of_the_journal(tails: list[str], locations: list[str]) -> None:
    listed = [canonicalise("http://127.0.0.1:9" + tail) for tail in tails]
    led = [redirected("http://127.0.0.1:9/a/b", location) for location in locations]
    found = [
        url.url for url in (*listed, *led) if isinstance(url, CanonicalUrl) and url.domain == "127.0.0.1:9"
    ]
    urls = [url.replace("127.0.0.1:9", "127.0.0.1:{}", 1) for url in found]
    assert asyncio.run(_asked_for(urls)) == [_expected(url) for url in urls]


@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode) | TAIL.map(str.encode))
@example(b"http://\xff/")
@example(b"//[::1]]/x")
def test_no_location_is_an_exception_and_each_that_is_a_url_is_its_own_spelling(raw: bytes) -> None:
    base = "http://a.test/s/1"
    location = absolute_location(base, raw.decode("utf-8", "surrogateescape"))
    if location is None:
        return
    found = redirected(base, location)
    if isinstance(found, CanonicalUrl):
        assert found.url.isascii()
        assert found.url.isprintable()
        assert redirected(base, found.url) == found, "a second look changes nothing"
        assert canonicalise(found.url) != found or found.url == canonicalise(found.url).url  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "host", ["a%2Fb.test", "a%40b.test", "a%23.test", "a%0A.test", "a%3A81", "%61.test", "a%00.test"]
)
def test_an_escape_in_a_redirects_host_never_makes_another_host(host: str) -> None:
    location = absolute_location("http://a.test/", f"http://{host}/x")
    assert location == f"http://{host}/x"
    assert isinstance(redirected("http://a.test/", location), BadUrl)


async def test_robots_txt_is_asked_for_where_a_redirect_says_that_it_lies() -> None:
    async with (
        serve(response(b"", status="302 Found", Location="/r%3Ab//x?a=%2F"), keep_alive=True) as site,
        Fetcher(FetchLimits(), user_agent="tlray", allow=ALLOW) as fetcher,
    ):
        domain = site.url.split("/")[2]
        first = await fetch_robots(
            fetcher, RobotsRequest(domain, domain, f"http://{domain}/robots.txt", PRIVATE, 0)
        )
        assert first.location == f"http://{domain}/r%3Ab//x?a=%2F"
        led = redirected(f"http://{domain}/robots.txt", first.location)
        assert isinstance(led, CanonicalUrl)
        await fetch_robots(fetcher, RobotsRequest(domain, domain, led.url, PRIVATE, 0))
    assert site.heads[1].startswith(b"GET /r%3Ab//x?a=%2F HTTP/1.1\r\n")
