"""``tlray consume``: batch requests from RabbitMQ, acknowledged when they are in the journal; events on the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from tlray.cli.command_end import end_at_once, say
from tlray.cli.options import HomeOption
from tlray.core.messaging.topology import DEFAULT_QUEUE, RequestQueue
from tlray.errors import RayLost, UsageError
from tlray.io.broker.address import EXAMPLE, BrokerAddress, broker_address
from tlray.settings import Settings, read_settings

AmqpUrl = Annotated[
    str | None,
    typer.Argument(metavar="[AMQP_URL]", help=f"{EXAMPLE}; by default TLRAY_AMQP.", show_default=False),
]
Queue = Annotated[str, typer.Option("--queue", metavar="NAME", help="The queue of requests.")]
MAX_QUEUE_BYTES = 200


def broker_of(url: str | None, settings: Settings) -> BrokerAddress:
    """Return the broker that a command names, or else the environment."""
    if url is not None:
        return broker_address(url)
    if settings.amqp is None:
        raise UsageError(f"no broker is named: give {EXAMPLE}, or set TLRAY_AMQP")
    return broker_address(settings.amqp.get_secret_value(), of="TLRAY_AMQP")


def queue_of(name: str) -> RequestQueue:
    """Return a queue by its name."""
    if not name or len(name.encode("utf-8", "replace")) > MAX_QUEUE_BYTES or not name.isprintable():
        raise UsageError(
            f"--queue: a name is 1 to {MAX_QUEUE_BYTES} bytes of text, without control characters"
        )
    if name.startswith("amq."):
        raise UsageError("--queue: names that begin with amq. are the broker's own; take another")
    return RequestQueue(name)


def consume(  # noqa: PLR0913, PLR0917 - options of a command
    url: AmqpUrl = None,
    queue: Queue = DEFAULT_QUEUE,
    home: HomeOption = None,
    user: Annotated[str, typer.Option(metavar="NAME", help="Whose the batches are.")] = "amqp",
    prefetch: Annotated[
        int, typer.Option(min=1, max=1_000, help="Requests that are taken and not in the journal yet.")
    ] = 16,
    events: Annotated[bool, typer.Option(help="Publish events to the exchange tlray.events.")] = True,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="End when the queue is empty; its batches sleep then.")
    ] = False,
    contact: Annotated[
        str | None, typer.Option(help="Whom a site's owner can write to; needed for public hosts.")
    ] = None,
    max_workers: Annotated[int | None, typer.Option(help="Scrape tasks at once.")] = None,
) -> None:
    """Take batch requests from RabbitMQ, until Ctrl-C. Each is acknowledged when it is in the journal.

    Example: tlray consume amqp://user:password@broker:5672/sets
    """
    settings = read_settings(home=home, contact=contact, max_workers=max_workers)
    address, requests = broker_of(url, settings), queue_of(queue)
    from tlray.service.consuming import QueueService, Source  # noqa: PLC0415 - Ray is loaded where it is used

    source = Source(address, requests, user, prefetch, events, until_empty)
    service = QueueService(settings, source, say)

    def lost(what: str, kill_rest: Callable[[], None]) -> None:
        if service.is_stopping:  # the signal has reached Ray's processes too
            end_at_once("tlray: stopped; its batches sleep until the next start", 0, first=kill_rest)
        error = RayLost(what, "start `tlray consume` again, and its batches go on")
        end_at_once(f"tlray: {error}", error.exit_code, first=kill_rest)

    say(str(service.run(on_lost=lost)))
