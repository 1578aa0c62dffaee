"""A webhook goes to an address that may be reached, once, within bounds; whatever the receiver does is an answer."""

from __future__ import annotations

import asyncio
import time

import pytest
from raw_server import response, serve

from tlray.core.model.address_policy import ANY_NAMED, PUBLIC_ONLY, AddressPolicy
from tlray.core.notify.notification import Delivery
from tlray.io.notify import webhook
from tlray.io.notify.smtp import MailServer, message, send

pytestmark = pytest.mark.site
LOOPBACK = AddressPolicy.of_networks(["127.0.0.0/8", "::1/128"])


async def post(url: str, allow: AddressPolicy = LOOPBACK) -> Delivery:
    return await webhook.post(url, b'{"a":1}', {"webhook-id": "msg_1"}, allow=allow, user_agent="tlray/0")


async def test_it_is_one_post_of_the_very_bytes() -> None:
    async with serve(response(b"", status="204 No Content", Connection="close")) as receiver:
        assert await post(receiver.url + "?a=b%2Fc&d=%20") == Delivery(204, "", is_delivered=True)
    (head,) = receiver.heads
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /set?a=b%2Fc&d=%20 HTTP/1.1"
    assert {
        "webhook-id: msg_1",
        "Content-Type: application/json",
        "User-Agent: tlray/0",
        "Content-Length: 7",
    } <= set(lines)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
async def test_no_address_inside_is_connected_to_however_it_is_spelled(host: str) -> None:
    async with serve(response(b"", Connection="close")) as receiver:
        found = await post(receiver.url.replace("127.0.0.1", host), PUBLIC_ONLY)
    assert (found.is_delivered, found.is_hopeless, found.reason) == (False, True, "not a public address")
    assert receiver.n_connections == 0


async def test_metadata_is_never_reached_whatever_is_allowed() -> None:
    for host in ("169.254.169.254", "metadata.google.internal", "[fd00:ec2::254]"):
        found = await post(f"http://{host}/latest", ANY_NAMED)
        assert (found.is_hopeless, found.reason) == (True, "a cloud's metadata address")


async def test_a_redirect_inside_is_not_followed() -> None:
    async with (
        serve(response(b"", Connection="close")) as inside,
        serve(
            response(b"", status="307 Temporary Redirect", Location=inside.url, Connection="close")
        ) as receiver,
    ):
        found = await post(receiver.url)
    assert (found.status, found.is_delivered, found.is_hopeless) == (307, False, False)
    assert inside.n_connections == 0


async def test_what_a_receiver_asks_for_is_heard() -> None:
    busy = response(b"", status="429 Too Many Requests", Retry_After="120", Connection="close")
    async with serve(busy) as receiver:
        assert await post(receiver.url) == Delivery(429, "not taken", retry_after_s=120.0)


async def test_a_receiver_that_is_not_there_or_talks_nonsense_is_tried_again() -> None:
    async with serve(b"SSH-2.0-OpenSSH\r\n\r\n") as receiver:
        found = await post(receiver.url)
        assert (found.status, found.reason, found.is_hopeless) == (None, "answer is not HTTP", False)
        url = receiver.url
    assert (await post(url)).reason == "connection refused"


async def test_an_answer_without_end_is_not_waited_for() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with serve(endless) as receiver:
        begun = time.monotonic()
        assert (await post(receiver.url)).is_delivered
        assert time.monotonic() - begun < 30


async def test_a_receiver_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.3)

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with serve(silent) as receiver:
        assert (await post(receiver.url)).reason == "timeout"


async def test_a_mail_server_that_is_not_there_is_an_answer() -> None:
    async with serve(b"") as gone:
        port = int(gone.url.rpartition(":")[2].partition("/")[0])
    server = MailServer.of_url(f"smtp://u:pw@127.0.0.1:{port}", "sets@example.org")
    assert "pw" not in repr(server)
    mail = message("msg_1", "dj@example.org", "subject", "text", sender=server.sender, at=0.0)
    found = await send(mail, server)
    assert (found.status, found.is_delivered, found.is_hopeless) == (None, False, False)
    assert found.reason


def test_a_mail_server_is_read_from_its_url() -> None:
    server = MailServer.of_url("smtps://me%40x:p%3Aw@mail.example.org", "s@example.org")
    assert (server.host, server.port, server.is_tls, server.user, server.password) == (
        "mail.example.org", 465, True, "me@x", "p:w",
    )  # fmt: skip
    with pytest.raises(ValueError, match="write smtp://"):
        MailServer.of_url("mail.example.org", "s@example.org")
