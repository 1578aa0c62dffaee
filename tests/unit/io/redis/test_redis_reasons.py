"""Why Redis cannot be used, in words without secrets; and which versions can."""

from __future__ import annotations

from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,  # noqa: A004
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)

from tlray.io.redis.address import RedisAddress
from tlray.io.redis.link import Link, TooOldError, _require_version, reason_of, version_of

SECRET = "s3cret"  # noqa: S105 - invented


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TooOldError("5.0.14"), "it is Redis 5.0.14; tlray needs 6.2 or later"),
        # what Redis 5 answers to HELLO: it quotes the arguments
        (ResponseError(f"unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `tlray`, `{SECRET}`"), "too old"),
        (ResponseError("WRONGPASS invalid username-password pair or user is disabled."), "wrong user or password"),
        (AuthenticationError("Authentication required."), "none where one is needed"),
        (NoPermissionError("this user has no permissions"), "lacks a right"),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "it is full"),
        (ReadOnlyError("You can't write against a read only replica."), "replica"),
        (BusyLoadingError("Redis is loading the dataset in memory"), "loading"),
        (ResponseError(f"MISCONF {SECRET}"), "it refuses to write"),
        (ConnectionError("Error 1 connecting to x. [SSL: WRONG_VERSION_NUMBER]"), "TLS fails"),
        (caused(ConnectionError(SECRET), OSError(111, "Connection refused")), "no connection: Connection refused"),
        (ConnectionError(SECRET), "no connection (ConnectionError)"),
        (TimeoutError(), "no answer within 2 s"),
        (KeyError(SECRET), "no connection (KeyError)"),
    ],
)  # fmt: skip
def test_an_error_is_told_in_plain_words(error: Exception, reason: str) -> None:
    told = reason_of(error)
    assert reason in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("text", "version"), [("7.0.15", (7, 0)), ("6.2.0", (6, 2)), ("255.255.255", (255, 255)), ("unstable", (0,)), ("", (0,))]
)  # fmt: skip
def test_a_version_is_its_first_two_numbers(text: str, version: tuple[int, ...]) -> None:
    assert version_of(text) == version


class Server:
    """Answers HELLO."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def execute_command(self, *words: str) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "is_old"),
    [
        ({"server": "redis", "version": "7.4.1"}, False),
        ({"server": "redis", "version": "6.2.0"}, False),
        ({"server": "redis", "version": "6.0.16"}, True),
        (["server", "redis", "version", "7.0.15"], False),  # without RESP3
        (["server", "redis", "version", "6.0.0"], True),
        ({"server": "another"}, True),
    ],
)
async def test_a_server_before_6_2_is_too_old(answer: Any, is_old: bool) -> None:
    client = cast(Redis, Server(answer))
    if is_old:
        with pytest.raises(TooOldError):
            await _require_version(client)
    else:
        await _require_version(client)


async def test_a_server_that_answers_nonsense_does_not_end_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    link = Link(RedisAddress("redis://127.0.0.1:1/0"), "h0me")
    link.client = cast(Redis, Server(7))
    await link.probe()
    assert not link.is_up
    assert caplog.text.count("redis is away") == 1
