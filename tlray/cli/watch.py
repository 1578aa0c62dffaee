"""``tlray watch``: follow a service's batch to its end. Ctrl-C leaves; the batch goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from tlray.batch_run import BatchResult
from tlray.cli.command_end import exit_if_incomplete, say, say_what_is_left, signals_raised, summary_line
from tlray.cli.progress import display
from tlray.cli.service_options import BatchId, Json, ServiceUrl, service
from tlray.errors import ServiceRefuses
from tlray.io.client.events import follow
from tlray.io.client.http_client import DEFAULT_URL, ServiceClient


def watch(batch_id: BatchId, url: ServiceUrl = DEFAULT_URL, as_json: Json = False) -> None:
    """Follow a batch to its end: a bar on a terminal, a line every 5 s elsewhere; exit 3 when items died.

    Ctrl-C leaves; the batch goes on. --json prints the summary as one line.

    Example: tlray watch 20261123-120000-a1b2c3
    """
    with service(url) as client:
        follow_to_end(client, batch_id, as_json=as_json)


def follow_to_end(client: ServiceClient, batch_id: str, *, as_json: bool) -> None:
    """Show a batch until it has come to its end, and end with its exit code."""
    shown = display()
    status: Mapping[str, Any] = {}
    try:
        with signals_raised():
            for progress in follow(client, batch_id, on_wait=lambda _, why: shown.lost(why)):
                shown.show(progress)
                status = progress
    except KeyboardInterrupt:
        shown.close()
        sys.stderr.write(
            f"\nbatch {batch_id} goes on; `tlray watch {batch_id} --url {client.url}` comes back to it\n"
        )
        raise
    finally:
        shown.close()
    result = result_of(status, client.url)
    if as_json:
        summary = {name: value for name, value in result.to_json().items() if name != "home"}
        print(json.dumps({**summary, "url": client.url}))
    say(f"{summary_line(result)}\nresults at {client.url}/batches/{batch_id}")
    say_what_is_left(result, f"{batch_id} --url {client.url}")
    exit_if_incomplete(result)


def result_of(status: Mapping[str, Any], url: str) -> BatchResult:
    """Return a batch's last snapshot as its summary; `ServiceRefuses` where it is none of tlray's."""
    counts = status.get("counts", {})
    states = {name: counts.get(name, 0) for name in ("succeeded", "dead", "skipped", "cancelled")}
    names = ("batch_id", "state", "total", "duplicates", "n_rejected", "tracks", "elapsed_s", "answered")
    try:
        found = {"n_found": status.get("found", 0), "n_lists": status.get("lists", 0)}
        return BatchResult(**{name: status[name] for name in names}, **states, **found, home="")
    except KeyError as error:
        raise ServiceRefuses(url, f"it tells no {error} of the batch; is it of another version?") from None
