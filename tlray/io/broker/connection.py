"""One connection to a broker. Foreign exceptions become errors of ours, which name the broker and no secret."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Final

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AuthenticationError,
    ChannelPreconditionFailed,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from aiormq.exceptions import ChannelAccessRefused

from tlray.core.model.printable import one_line
from tlray.errors import BrokerRefuses, BrokerUnavailable
from tlray.io.broker.address import BrokerAddress
from tlray.io.broker.tolerant import tolerate

CONNECT_S: Final = 10.0
CONFIRM_S: Final = 30.0
"""The longest that a broker may take to confirm a message, or to answer anything else."""
HEARTBEAT_S: Final = 10
"""A connection that is silently cut is noticed after three of them."""
LOST: Final = (*CONNECTION_EXCEPTIONS, asyncio.TimeoutError, EOFError)
"""What any call raises when the connection or its channel has gone."""


async def connect(address: BrokerAddress, name: str) -> AbstractConnection:
    """Connect to a broker: `BrokerUnavailable` where none answers, `BrokerRefuses` where it does not take us."""
    tolerate()
    for logger in ("aio_pika", "aiormq"):  # everything that they log is raised, too
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    url = address.url if "heartbeat" in address.url.query else address.url.update_query(heartbeat=HEARTBEAT_S)
    connection = aio_pika.Connection(url, client_properties={"connection_name": name})
    try:
        async with asyncio.timeout(CONNECT_S):
            await connection.connect()
    except BaseException as error:
        await connection.close()  # or it closes itself when it is collected, maybe in no loop
        if isinstance(error, Exception):
            raise _translated(error, address) or error from None
        raise
    return connection


def _translated(error: Exception, address: BrokerAddress) -> BrokerRefuses | BrokerUnavailable | None:
    """Return the error of ours for a connection that did not come about; None for a bug."""
    match error:
        case ProbableAuthenticationError() | AuthenticationError():
            return BrokerRefuses(str(address), f"wrong password, or no user {address.user!r}")
        case InvalidFrameError():  # it closes the connection where it should open the virtual host
            reason = f"virtual host {address.vhost!r} is not there, or user {address.user!r} may not use it"
            return BrokerRefuses(str(address), reason)
        case TimeoutError():
            return BrokerUnavailable(str(address), f"no answer within {CONNECT_S:.0f} s")
    if isinstance(error, (*LOST, ValueError)):
        return BrokerUnavailable(str(address), _reason(error))
    return None


def version_of(connection: AbstractConnection) -> str:
    """Return the version that a broker names."""
    transport: Any = connection.transport
    found = transport.connection.server_properties.get("version", "")
    return found if isinstance(found, str) else ""


def refused(error: Exception, address: BrokerAddress, what: str) -> BrokerRefuses | None:
    """Return the error of ours for a declaration that a broker refuses; None where the connection was lost instead."""
    if isinstance(error, ChannelPreconditionFailed):
        reason = f"{what} is there already with other arguments ({_words(error)}); name another, or delete it"
    elif isinstance(error, ChannelAccessRefused):
        reason = f"user {address.user!r} may not use {what} ({_words(error)})"
    else:
        return None
    return BrokerRefuses(str(address), reason)


def _words(error: Exception) -> str:
    return one_line(" ".join(str(arg) for arg in error.args))[:300]


def _reason(error: BaseException) -> str:
    """Return what is in the way, in few words: a library's text may quote the URL."""
    causes = list(_causes(error))
    for kind in (
        ssl.SSLError,
        socket.gaierror,
    ):  # the library puts an error of TLS into one of the system, EPERM
        for cause in causes:
            if isinstance(cause, kind) and cause.strerror:
                return one_line(cause.strerror)[:200]
    number = next((cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno), 0)
    if number > 0:
        return os.strerror(number).lower()
    # below 0: of the look-up of the host's name
    return "its host's name cannot be looked up" if number else "nothing that speaks AMQP answers there"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
