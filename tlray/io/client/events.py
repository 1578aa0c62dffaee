"""How is a batch followed from afar? By the service's event stream, opened again where it breaks, from the last version seen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPException
from typing import Final

from tlray.core.model.lifecycle import BatchState
from tlray.core.model.progress import ProgressMessage
from tlray.errors import ServiceUnavailable
from tlray.io.client.http_client import PATIENCE_S, ServiceClient, Tell, batch_path

SILENCE_S: Final = 45.0
"""A stream without a line for so long is broken: three of the service's heartbeats."""
MAX_PAUSE_S: Final = 2.0
MAX_LINE_BYTES: Final = 16_000_000
FINAL: Final = frozenset(state.value for state in BatchState if state.is_final)


def follow(
    client: ServiceClient,
    batch_id: str,
    *,
    tell: Tell = lambda what, why: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[ProgressMessage]:
    """Yield a batch's snapshots, each newer than the one before, until it has come to its end.

    `ServiceUnavailable` where nobody answers: at first at once, later after `PATIENCE_S`.
    """
    since: int | None = None
    broken_at: float | None = None
    n_failures = 0
    while True:
        why = "the connection broke"
        try:
            with client.stream(batch_path(batch_id, "/events"), timeout_s=SILENCE_S, since=since) as answer:
                for data in messages(iter(lambda: answer.readline(MAX_LINE_BYTES), b"") if answer else ()):
                    broken_at, n_failures = None, 0
                    told: ProgressMessage = json.loads(data)
                    if since is None or told["version"] > since or told["state"] in FINAL:
                        since = told["version"]
                        yield told
                    if told["state"] in FINAL:
                        return
        except (OSError, HTTPException, ValueError):
            pass  # in the middle of the stream
        except ServiceUnavailable as error:
            if not client.has_answered:
                raise
            why = error.why
        broken_at = clock() if broken_at is None else broken_at
        if clock() - broken_at > PATIENCE_S:
            raise ServiceUnavailable(client.url, why)
        if n_failures:  # a stream that has told enough ends too, and goes on at once
            tell("asking again", why)
        sleep(min(MAX_PAUSE_S, 0.1 * 2**n_failures))
        n_failures += 1


def messages(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of a stream's messages (HTML standard, "server-sent events"); other events and comments are passed over."""
    data: list[str] = []
    event = ""
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data and event in ("", "message"):
                yield "\n".join(data)
            data, event = [], ""
        elif name == "data":
            data.append(value)
        elif name == "event":
            event = value
