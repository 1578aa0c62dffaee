"""Does every fault do over a real socket what its name says, and does it go away when it should?"""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from tlray.demo.faults import CATALOGUE, Faults, fault
from tlray.demo.plan import Plan
from tlray.demo.server import DemoSites

pytestmark = pytest.mark.site

StartDemo = Callable[..., Awaitable[DemoSites]]

NAMES = list(CATALOGUE)
SPOILT = set(NAMES) - {"robots"}


@dataclass
class Got:
    """What came of one GET."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: str
    took_s: float
    n_hops: int

    @property
    def page(self) -> bytes:
        return gzip.decompress(self.body)


@pytest.fixture
async def spoilt(start_demo: StartDemo) -> DemoSites:
    """A site where set ``i`` has fault ``i`` of the catalogue, with short values."""
    plan = Plan(seed=1, n_sets=len(NAMES))
    values = {"slow": "0.3", "drip": "0.3", "gzip-bomb": "0.5", "big-body": "3", "redirect-chain": "4"}
    faults = tuple(fault(name, ids=[plan.set_id(i)], value=values.get(name)) for i, name in enumerate(NAMES))
    return await start_demo(n_sites=2, n_sets=len(NAMES), faults=Faults(faults))


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(total=1.0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False, timeout=timeout) as session:
        session._retry_connection = False  # aiohttp sends a GET again by itself when the connection dies
        yield session


async def get(http: aiohttp.ClientSession, demo: DemoSites, name: str) -> Got:
    begun = time.perf_counter()
    status, headers, body, error, n_hops = 0, {}, b"", "", 0
    try:
        async with http.get(demo.url_of(NAMES.index(name)), max_redirects=6) as answer:
            status, headers, n_hops = answer.status, dict(answer.headers), len(answer.history)
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as problem:
        error = type(problem).__name__
    return Got(status, headers, body, error, time.perf_counter() - begun, n_hops)


@pytest.mark.parametrize("name", sorted(name for name in SPOILT if CATALOGUE[name].times))
async def test_a_transient_fault_is_gone_the_second_time(
    name: str, spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    first, second = await get(http, spoilt, name), await get(http, spoilt, name)
    assert (first.status, first.error, first.body) != (second.status, second.error, second.body)
    assert second.status == 200
    assert b'id="tlTab"' in second.page
    assert spoilt.arrivals.n_total == 2
    assert [arrival.fault for arrival in spoilt.arrivals] == [name, ""]


@pytest.mark.parametrize("name", ["404", "410", "403", "gone", "image", "redirect-loop"])
async def test_a_permanent_fault_stays(name: str, spoilt: DemoSites, http: aiohttp.ClientSession) -> None:
    first, *others = [await get(http, spoilt, name) for _ in range(3)]
    for other in others:
        assert (first.status, first.error, first.body) == (other.status, other.error, other.body)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("429", 429), ("429-date", 429), ("429-bare", 429), ("503", 503), ("503-retry-after", 503),
        ("500", 500),
        ("502", 502), ("404", 404), ("410", 410), ("403", 403), ("turnstile", 206), ("captcha", 401),
        ("wait", 200), ("ip-limit", 200),
    ],
)  # fmt: skip
async def test_the_status_is_that_of_the_fault(
    name: str, status: int, spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    assert (await get(http, spoilt, name)).status == status


async def test_retry_after_is_seconds_or_a_date_or_missing(
    spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    for name in ("429", "503-retry-after"):
        assert (await get(http, spoilt, name)).headers["Retry-After"] == "1"
    until = parsedate_to_datetime((await get(http, spoilt, "429-date")).headers["Retry-After"]).timestamp()
    assert until - time.time() <= 3
    for name in ("429-bare", "503"):
        assert "Retry-After" not in (await get(http, spoilt, name)).headers


async def test_slow_and_drip_take_their_time_and_then_are_right(
    spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    for name in ("slow", "drip"):
        got = await get(http, spoilt, name)
        assert got.took_s > 0.25
        assert b'id="tlTab"' in got.page


@pytest.mark.parametrize("name", ["hang", "hang-body"])
async def test_a_hang_never_answers_and_frees_its_place_when_the_client_leaves(
    name: str, spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    assert (await get(http, spoilt, name)).error.endswith("TimeoutError")
    async with asyncio.timeout(30):
        while sum(spoilt._in_flight.values()):  # noqa: ASYNC110 - a demo tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("reset", "ClientOSError"),
        ("close", "ServerDisconnectedError"),
        ("reset-body", "ClientPayloadError"),
        ("truncated", "ClientPayloadError"),
    ],
)
async def test_a_connection_breaks(
    name: str, error: str, spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    assert (await get(http, spoilt, name)).error == error


async def test_a_gzip_stream_is_cut_or_none_at_all(spoilt: DemoSites, http: aiohttp.ClientSession) -> None:
    cut = await get(http, spoilt, "gzip-cut")
    assert cut.error == ""
    with pytest.raises(EOFError):
        gzip.decompress(cut.body)
    bad = await get(http, spoilt, "gzip-bad")
    assert bad.headers["Content-Encoding"] == "gzip"
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(bad.body)


async def test_a_bomb_expands_a_thousandfold(spoilt: DemoSites, http: aiohttp.ClientSession) -> None:
    got = await get(http, spoilt, "gzip-bomb")
    assert got.headers["Content-Encoding"] == "gzip"
    tap, n = zlib.decompressobj(31), 0
    rest = got.body
    while rest and n < 480 * 2**20:
        n += len(tap.decompress(rest, 2**24))
        rest = tap.unconsumed_tail
    assert n >= 480 * 2**20 > 900 * len(got.body)


async def test_a_big_body_is_big(spoilt: DemoSites, http: aiohttp.ClientSession) -> None:
    got = await get(http, spoilt, "big-body")
    assert len(got.body) == 3 * 2**20
    assert "Content-Encoding" not in got.headers


async def test_the_wrong_things_are_sent(spoilt: DemoSites, http: aiohttp.ClientSession) -> None:
    image = await get(http, spoilt, "image")
    assert (image.headers["Content-Type"], image.body[:4]) == ("image/png", b"\x89PNG")
    assert (await get(http, spoilt, "wrong-charset")).headers["Content-Type"].endswith("iso-8859-1")
    assert (await get(http, spoilt, "empty")).body == b""
    assert b"tlTab" not in (await get(http, spoilt, "junk")).page
    assert b"that page does not exist" in (await get(http, spoilt, "gone")).page


async def test_half_a_page_has_fewer_rows_than_it_claims(
    spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    rows = len(spoilt.sites[0].set_of(NAMES.index("half")).rows)
    page = (await get(http, spoilt, "half")).page
    assert page.count(b"tlpItem") == rows // 2
    assert f'data-count="{rows}"'.encode() in page


async def test_redirects_lead_on_or_nowhere(spoilt: DemoSites, http: aiohttp.ClientSession) -> None:
    for name, hops in (("redirect", 1), ("redirect-site", 1), ("redirect-chain", 4)):
        got = await get(http, spoilt, name)
        assert (got.status, got.n_hops, got.error) == (200, hops, ""), name
        assert b'id="tlTab"' in got.page
    assert (await get(http, spoilt, "redirect-loop")).error == "TooManyRedirects"
    other = [
        arrival.site
        for arrival in spoilt.arrivals
        if arrival.path.endswith(f"{spoilt.plan.set_id(NAMES.index('redirect-site'))}/moved.html")
    ]
    assert other == [1 - spoilt.plan.site_of(NAMES.index("redirect-site"))]


async def test_a_page_that_robots_txt_forbids_would_be_served(
    spoilt: DemoSites, http: aiohttp.ClientSession
) -> None:
    got = await get(http, spoilt, "robots")
    assert b'id="tlTab"' in got.page  # so that a test sees it in the arrivals when it is fetched all the same
