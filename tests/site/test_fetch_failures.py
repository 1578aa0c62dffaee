"""Whatever a server does to us is an outcome: no exception, no hang, no memory."""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
from raw_server import Answer, gzipped, response, serve

from tlray.core.model.address_policy import AddressPolicy
from tlray.core.model.outcome import OutcomeKind
from tlray.io.http.fetch import Fetcher
from tlray.io.http.limits import FetchLimits

pytestmark = pytest.mark.site

LIMITS = FetchLimits(total_timeout_s=1.0, connect_timeout_s=0.5, read_timeout_s=0.5)
MIB = 1024 * 1024
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(LIMITS, user_agent="tlray", allow=AddressPolicy(private=True)) as fetcher:
        yield fetcher


def sends(*parts: bytes, every_s: float = 0.0, then_hang: bool = False, reset: bool = False) -> Answer:
    """Send parts with pauses, then close, hang or reset."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(every_s)
        if then_hang:
            await asyncio.sleep(60)
        if reset:
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    return answer


def floods(head: bytes, part: bytes, n_parts: int) -> Answer:
    """Send ``part`` many times over, as fast as it is taken."""
    return sends(head, *([part] * n_parts))


CASES: dict[str, tuple[Answer, OutcomeKind]] = {
    "accepts and says nothing": (sends(then_hang=True), OutcomeKind.TIMEOUT),
    "stops in the head": (sends(HTML, then_hang=True), OutcomeKind.TIMEOUT),
    "stops in the body": (sends(HTML + b"Content-Length: 9\r\n\r\n<p>", then_hang=True), OutcomeKind.TIMEOUT),
    "drips for ever": (sends(HTML + b"\r\n", *[b"."] * 50, every_s=0.1), OutcomeKind.TIMEOUT),
    "closes without a word": (b"", OutcomeKind.CONNECT),
    "resets at once": (sends(reset=True), OutcomeKind.CONNECT),
    "closes in the head": (HTML, OutcomeKind.CONNECT),
    "closes in the body": (HTML + b"Content-Length: 9\r\n\r\n<p>", OutcomeKind.TRUNCATED),
    "resets in the body": (
        sends(HTML + b"Content-Length: 9\r\n\r\n<p>", every_s=0.05, reset=True),
        OutcomeKind.TRUNCATED,
    ),
    "closes between chunks": (
        HTML + b"Transfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n",
        OutcomeKind.TRUNCATED,
    ),
    "garbles the first chunk": (
        HTML + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n<p>\r\n",
        OutcomeKind.BAD_HTTP,
    ),
    "gzip ends early": (
        HTML + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(os.urandom(4000))[:-20],
        OutcomeKind.TRUNCATED,
    ),
    "gzip is none": (response(b"<p>hello", Content_Encoding="gzip"), OutcomeKind.BAD_ENCODING),
    "gzip is spoilt": (
        response(gzip.compress(b"<p>hello" * 99)[:-8] + b"\0" * 8, Content_Encoding="gzip"),
        OutcomeKind.BAD_ENCODING,
    ),
    "speaks Brotli unasked": (
        response(b"\x0b\x02\x80<p>\x03", Content_Encoding="br"),
        OutcomeKind.BAD_ENCODING,
    ),
    "speaks SSH": (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", OutcomeKind.BAD_HTTP),
    "speaks TLS": (b"\x15\x03\x01\x00\x02\x02\x46", OutcomeKind.BAD_HTTP),
    "sends two lengths": (HTML + b"Content-Length: 3\r\nContent-Length: 9\r\n\r\n<p>", OutcomeKind.BAD_HTTP),
    "one endless header": (floods(HTML + b"X: ", b"x" * 65536, 200), OutcomeKind.BAD_HTTP),
    "endless headers": (floods(HTML, b"X-A: b\r\n" * 1000, 1000), OutcomeKind.BAD_HTTP),
    "endless body": (floods(HTML + b"\r\n", b"<p>" * 50_000, 1000), OutcomeKind.TOO_LARGE),
    "50 MB": (floods(HTML + b"Content-Length: 52428800\r\n\r\n", bytes(MIB), 50), OutcomeKind.TOO_LARGE),
    "a megabyte too much": (gzipped(bytes(17 * MIB)), OutcomeKind.TOO_LARGE),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_bad_server_is_an_outcome(fetcher: Fetcher, name: str) -> None:
    answer, kind = CASES[name]
    async with serve(answer) as site:
        page = await fetcher.get(site.url)
        assert len(site.heads) == 1, "one permit is one request"
    assert page.kind is kind, page
    assert page.reason
    assert not page.has_page
    assert not page.body
    assert page.latency_s < 30
    # and the next one is served as if nothing had been
    async with serve(response(b"<p>well")) as site:
        assert (await fetcher.get(site.url)).body == b"<p>well"


async def test_a_garbled_later_chunk_ends_the_fetch(fetcher: Fetcher) -> None:
    head = HTML + b"Transfer-Encoding: chunked\r\n\r\n3\r\n<p>\r\n"
    async with serve(sends(head, b"zz\r\n<p>\r\n", every_s=0.05)) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.reason) == (OutcomeKind.TRUNCATED, "body ends early")


async def test_a_million_gzip_members_are_not_unpacked(fetcher: Fetcher) -> None:
    async with serve(response(gzip.compress(b"<p>") * 300_000, Content_Encoding="gzip")) as site:
        page = await fetcher.get(site.url)
    assert (page.kind, page.reason) == (OutcomeKind.BAD_ENCODING, "too many gzip members")


async def test_a_closed_port_is_no_connection(fetcher: Fetcher) -> None:
    page = await fetcher.get("http://127.0.0.1:1/")
    assert (page.kind, page.reason) == (OutcomeKind.CONNECT, "connection refused")
    assert page.error
    assert page.status is None


@pytest.mark.parametrize(
    "host", ["no-such-host.invalid", "a" * 64 + ".invalid", "x" * 300, "xn--.invalid", "\x00"]
)
async def test_a_name_that_is_none_is_no_exception(fetcher: Fetcher, host: str) -> None:
    page = await fetcher.get(f"http://{host}/")
    assert page.kind in {OutcomeKind.DNS, OutcomeKind.BAD_HTTP, OutcomeKind.TIMEOUT}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "http:///x",
        "no scheme",
        "ftp://127.0.0.1/",
        "http://[",
        "http://127.0.0.1:99999/",
        "http://127.1:1/",
    ],
)
async def test_a_url_that_is_none_is_an_outcome(fetcher: Fetcher, url: str) -> None:
    page = await fetcher.get(url)
    assert page.kind is OutcomeKind.BAD_HTTP
    assert page.reason == "invalid URL"


async def test_plain_http_where_tls_is_asked_for_is_a_tls_failure(fetcher: Fetcher) -> None:
    def answer_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(answer_at_once, "127.0.0.1", 0) as server:
        page = await fetcher.get(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert page.kind is OutcomeKind.TLS


async def test_a_bomb_of_ten_gigabytes_costs_no_memory(fetcher: Fetcher) -> None:
    # 10 GB of zeros as 10 MB of gzip: one block said 640 times (the checksum, never reached, is missing)
    once = zlib.compressobj(9, wbits=31)
    head = once.compress(bytes(16 * MIB)) + once.flush(zlib.Z_FULL_FLUSH)
    bomb = head + (once.compress(bytes(16 * MIB)) + once.flush(zlib.Z_FULL_FLUSH)) * 639
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for answer in (
        response(bomb[: 7 * MIB], Content_Encoding="gzip"),
        response(gzip.compress(bomb), Content_Encoding="gzip, gzip"),
        response(gzip.compress(b"<p>") * 9 + bomb[: 7 * MIB], Content_Encoding="gzip"),
    ):
        async with serve(answer) as site:
            page = await fetcher.get(site.url)
        assert page.kind is OutcomeKind.TOO_LARGE
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 120 * 1024


@pytest.mark.parametrize(
    "spell",
    [
        lambda port: f"http://127.0.0.1:{port}/",
        lambda port: f"http://localhost:{port}/",  # a name: the resolver refuses it
        lambda port: f"http://127.1:{port}/",
        lambda port: f"http://2130706433:{port}/",
        lambda port: f"http://0x7f.1:{port}/",
        lambda port: f"http://0177.0.0.1:{port}/",
        lambda port: f"http://①②⑦.⓪.⓪.①:{port}/",
        lambda port: f"http://0.0.0.0:{port}/",
        lambda port: f"http://127.0.0.1.:{port}/",
        lambda port: f"http://[::1]:{port}/",
        lambda port: f"http://[::ffff:127.0.0.1]:{port}/",
        lambda port: f"http://[64:ff9b::7f00:1]:{port}/",
        lambda port: f"http://[2002:7f00:1::]:{port}/",
        lambda _port: "http://169.254.169.254/latest/meta-data/",
        lambda _port: "http://metadata.google.internal/",
        lambda _port: "http://10.0.0.1/",
    ],
)
async def test_a_service_reaches_no_private_address(spell: Callable[[int], str]) -> None:
    async with (
        serve(response()) as site,
        Fetcher(LIMITS, user_agent="tlray", allow=AddressPolicy()) as fetcher,
    ):
        page = await fetcher.get(spell(int(site.url.rsplit(":", 1)[1].split("/")[0])))
        assert page.kind is OutcomeKind.PRIVATE_ADDRESS, page
        assert site.n_connections == 0


async def test_a_listed_network_is_reached() -> None:
    allow = AddressPolicy.of_networks(["127.0.0.0/8"])
    async with serve(response()) as site, Fetcher(LIMITS, user_agent="tlray", allow=allow) as fetcher:
        assert (await fetcher.get(site.url)).kind is None
        assert (await fetcher.get(site.url.replace("127.0.0.1", "localhost"))).kind is None


async def test_a_fetcher_outside_its_context_is_a_bug() -> None:
    fetcher = Fetcher(LIMITS, user_agent="tlray", allow=AddressPolicy())
    with pytest.raises(RuntimeError, match="async with"):
        await fetcher.get("http://127.0.0.1/")


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (b"Content-Type: x\xff\xfe\r\n", OutcomeKind.WRONG_TYPE),
        (b"Content-Type: text/html\r\nContent-Encoding: foo\xff\r\n", OutcomeKind.BAD_ENCODING),
        (b"Content-Type: text/html\r\nLocation: /\xff\r\n", None),
    ],
)
async def test_whatever_bytes_a_header_has_what_is_told_of_it_is_text(
    fetcher: Fetcher, headers: bytes, kind: OutcomeKind | None
) -> None:
    status = b"302 Found" if b"Location" in headers else b"200 OK"
    async with serve(b"HTTP/1.1 " + status + b"\r\n" + headers + b"Content-Length: 5\r\n\r\nhel\1o") as asked:
        found = await fetcher.get(asked.url)
    if kind is not None:
        assert found.kind is kind
    for words in (found.reason, found.error, found.location, found.charset):
        assert words is None or words.encode("utf-8"), "it can be kept and sent"
