"""``tlray list``, ``status``, ``dead`` and ``retry`` with ``--url``: the same, from a running service."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from tlray.cli.progress_text import eta_text, waiting_words
from tlray.cli.watch import follow_to_end
from tlray.core.model.lifecycle import ItemState
from tlray.core.model.progress import BatchStatus
from tlray.io.client.http_client import ServiceClient, batch_path
from tlray.io.client.responses import one_line
from tlray.io.disk.local_time import local_minute, utc_second

PAGE = 500
MAX_ISSUES = 5


def print_batches(client: ServiceClient, *, as_json: bool) -> None:
    """Print the batches that the service shows whoever asks, the newest first."""
    for row in client.pages("/api/v1/batch", "batches", limit=PAGE):
        print(json.dumps(row) if as_json else batch_line(row))


def batch_line(row: dict[str, Any]) -> str:
    """Return one batch of a list as a line."""
    at = local_minute(row["created_at"])
    done = f"{row['counts'].get('succeeded', 0)}/{row['total']}"
    owner = f"  ({one_line(row['owner'])})" if row.get("owner") else ""
    name = one_line(row["name"])
    return f"{row['batch_id']}  {at}  {row['state']:10} {done:>13} sets  {row['tracks']:>8} tracks  {name}{owner}"


def print_status(client: ServiceClient, batch_id: str, *, lines: bool, as_json: bool) -> None:
    """Print how far a batch is, by domain."""
    status = client.get(batch_path(batch_id, "/status"))
    refused = list(client.pages(batch_path(batch_id, "/lines"), "lines", limit=PAGE)) if lines else []
    if as_json:
        print(json.dumps({**status, "lines": refused} if lines else status))
        return
    print(status_text(status, time.time()))
    print_quality(status.get("quality"))
    for line in refused:
        print(f"  line {line['line']}: {line['reason']} ({line['url']!r})")


def print_quality(quality: dict[str, Any] | None) -> None:
    """Print the quality of a batch's sets, if any of them has one."""
    if quality is not None and quality["mean"] is not None:
        issues = ", ".join(f"{n:,} × {name}" for name, n in list(quality["issues"].items())[:MAX_ISSUES])
        rest = one_line(f": {issues}" if issues else "")
        print(f"  quality: {quality['mean']:.2f}, mean of {quality['sets']:,} sets{rest}")


def status_text(status: BatchStatus, now: float) -> str:
    """Return a snapshot in words, a line for each domain that has something open."""
    counts = ", ".join(f"{n} {state}" for state, n in status["counts"].items() if n)
    head = " ".join(filter(None, (status["batch_id"], one_line(status["name"]), status["state"]))) + ": "
    lines = [
        f"{head}{status['total']} items, {status['tracks']} tracks, {status['retries']} retries",
        f"  list: {status['duplicates']} duplicates, {status['n_rejected']} rejected",
        f"  items: {counts or 'none'}",
    ]
    if status["estimated_completion"] is not None:
        lines.append(f"  {status['rate_per_min']:.0f}/min, ETA {eta_text(status, now)}")
    if status.get("trouble"):
        lines.append(f"  trouble: {status['trouble']}")
    for domain, state in status["domains"].items():
        words = [
            f"{state['open']} open",
            f"{state['in_flight']} held by tasks" if state.get("in_flight") else "",
        ]
        words += ["paused by hand" if state.get("state") == "paused" else ""]
        lines.append(f"  {domain}: " + ", ".join(filter(None, words)))
    return "\n".join([*lines, *(f"  {words}" for words in waiting_words(status, now))])


def print_dead(client: ServiceClient, batch_id: str, *, reason: str | None, as_json: bool) -> None:
    """Print a batch's dead letters."""
    for letter in _dead(client, batch_id, reason):
        print(json.dumps(letter) if as_json else letter_text(letter))
    sys.stdout.flush()


def _dead(client: ServiceClient, batch_id: str, reason: str | None) -> Iterator[dict[str, Any]]:
    return client.pages("/api/v1/dead-letters", "dead_letters", batch_id=batch_id, reason=reason, limit=PAGE)


def letter_text(letter: dict[str, Any]) -> str:
    """Return a dead letter in words, a line for each attempt."""
    lost = f", {letter['n_lost']} leases lost" if letter["n_lost"] else ""
    how = f"{letter['reason']} (attempt {letter['attempt']}{lost}; line {letter['line']})"
    lines = [f"{letter['item_id']}  {letter['url']}", f"    {how}"]
    for tried in letter["attempts"]:
        at = utc_second(tried["at"])
        took = "" if tried["latency_s"] is None else f" {tried['latency_s']:.2f} s"
        what = " ".join(str(tried[name]) for name in ("kind", "reason", "status") if tried[name] is not None)
        lines.append(f"    attempt {tried['attempt']}  {at}  {what}{took}")
    return "\n".join(lines)


def retry_on(
    client: ServiceClient, batch_id: str, *, items: list[int] | None, reason: str | None, as_json: bool
) -> None:
    """Queue dead letters again, and follow the batch to its end."""
    asked: dict[str, Any] = {}
    if items:
        asked["item_ids"] = [str(item) for item in items]
    if reason is not None:
        asked["reason"] = reason
    status = client.request("POST", batch_path(batch_id, "/retry"), body=asked)
    n_open = sum(status["counts"][state] for state in (ItemState.QUEUED, ItemState.WAITING, ItemState.LEASED))
    sys.stderr.write(
        f"batch {batch_id}: {status['n_retried']} dead letters are queued again, {n_open} items are open\n"
    )
    follow_to_end(client, batch_id, as_json=as_json)
