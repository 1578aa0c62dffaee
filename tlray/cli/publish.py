"""``tlray publish``: batch requests to RabbitMQ, each confirmed by the broker."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from tlray.cli.consume import Queue, broker_of, queue_of
from tlray.cli.options import duration_s
from tlray.core.messaging.request_file import PRIORITY_NAMES, requests_of
from tlray.core.messaging.requests import MAX_BODY_BYTES
from tlray.core.messaging.topology import DEFAULT_QUEUE
from tlray.errors import UsageError
from tlray.settings import read_settings

MAX_FILE_BYTES = 256_000_000


def publish(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[AMQP_URL] FILE",
            help="The broker, by default TLRAY_AMQP; and a file, - is stdin: a request in JSON, one request a line, or URLs.",
        ),
    ],
    queue: Queue = DEFAULT_QUEUE,
    key: Annotated[
        str | None,
        typer.Option(help="The id of the request; published again under it, it makes no second batch."),
    ] = None,
    priority: Annotated[
        str | None, typer.Option(metavar="|".join(PRIORITY_NAMES), help="Instead of the requests' own.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The batch's name, of a list of URLs.")] = None,
    max_wait: Annotated[
        str,
        typer.Option(metavar="60s", help="Give up (exit 4) when a lost broker is not back after so long."),
    ] = "60s",
) -> None:
    """Hand batch requests to a queue of RabbitMQ; prints each one's id when the broker has confirmed it.

    Example: tlray publish amqp://user:password@broker:5672/sets request.json
    """
    if len(arguments) > 2:
        raise UsageError("give one AMQP_URL and one FILE")
    url, path = arguments if len(arguments) == 2 else (None, arguments[0])
    address, requests = broker_of(url, read_settings()), queue_of(queue)
    max_wait_s = duration_s(max_wait, "--max-wait")
    found = requests_of(_read(path), key=key, priority=priority, name=name)
    from tlray.io.broker.publisher import publish as send  # noqa: PLC0415 - the library is loaded where it is used

    asyncio.run(
        send(
            address, found, queue=requests, max_wait_s=max_wait_s, on_confirmed=lambda request: print(request.key)
        )
    )  # fmt: skip


def _read(path: str) -> bytes:
    try:
        with sys.stdin.buffer if path == "-" else Path(path).open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(body) > MAX_FILE_BYTES:
        raise UsageError(
            f"{path}: more than {MAX_FILE_BYTES:,} bytes; split it into requests of {MAX_BODY_BYTES:,}"
        )
    return body
