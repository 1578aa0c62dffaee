"""The snapshots of a batch from the service's event stream, opened again from the last version seen when it breaks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Final

from tlray.core.model.lifecycle import BatchState
from tlray.core.model.progress import ProgressMessage
from tlray.errors import ServiceUnavailable
from tlray.io.client.http_client import PATIENCE_S, OnWait, ServiceClient, batch_path

SILENCE_S: Final = 45.0
"""Three heartbeats of the service: a stream that is silent for longer is broken."""
MAX_PAUSE_S: Final = 2.0
FINAL: Final = frozenset(state.value for state in BatchState if state.is_final)


def follow(
    client: ServiceClient,
    batch_id: str,
    *,
    on_wait: OnWait = lambda what, why: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[ProgressMessage]:
    """Yield a batch's snapshots, each newer than the one before, until its final state.

    `ServiceUnavailable` if nothing answers: at first at once, later after `PATIENCE_S`.
    """
    import httpx  # noqa: PLC0415
    from httpx_sse import EventSource  # noqa: PLC0415

    since: int | None = None
    broken_at: float | None = None
    n_failures = 0
    while True:
        why = "the connection broke"
        try:
            with client.stream(batch_path(batch_id, "/events"), timeout_s=SILENCE_S, since=since) as response:
                for event in EventSource(response).iter_sse() if response is not None else ():
                    if event.event != "message" or not event.data:  # the end of the stream, a heartbeat
                        continue
                    broken_at, n_failures = None, 0
                    snapshot: ProgressMessage = json.loads(event.data)
                    if since is None or snapshot["version"] > since or snapshot["state"] in FINAL:
                        since = snapshot["version"]
                        yield snapshot
                    if snapshot["state"] in FINAL:
                        return
        except (httpx.HTTPError, ValueError):
            pass  # in the middle of the stream
        except ServiceUnavailable as error:
            if not client.has_answered:
                raise
            why = error.reason
        broken_at = clock() if broken_at is None else broken_at
        if clock() - broken_at > PATIENCE_S:
            raise ServiceUnavailable(client.url, why)
        if n_failures:  # the service ends a long stream in order, and the next one follows at once
            on_wait("asking again", why)
        sleep(min(MAX_PAUSE_S, 0.1 * 2**n_failures))
        n_failures += 1
