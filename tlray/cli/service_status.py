"""``tlray list``, ``status``, ``dead`` and ``retry`` with ``--url``: the same, from a running service."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from tlray.cli.batch_text import batch_line, quality_text, status_head, terminal_width
from tlray.cli.progress_text import (
    eta_words,
    given_up,
    in_order,
    n_more_domains,
    pace_text,
    state_words,
    waiting_workers,
    why_text,
)
from tlray.cli.watch import follow_to_end
from tlray.core.model.amounts import plural, rate
from tlray.core.model.printable import one_line
from tlray.core.model.progress import BatchStatus, n_open
from tlray.io.client.http_client import ServiceClient, batch_path
from tlray.io.disk.local_time import utc_second

PAGE = 500


def print_batches(client: ServiceClient, *, as_json: bool) -> None:
    """Print the batches that the service shows whoever asks, the newest first."""
    width = terminal_width()
    for row in client.pages("/api/v1/batch", "batches", limit=PAGE):
        print(json.dumps(row) if as_json else batch_line(row, width=width))


def print_status(client: ServiceClient, batch_id: str, *, lines: bool, as_json: bool) -> None:
    """Print how far a batch is, by domain."""
    status = client.get(batch_path(batch_id, "/status"))
    refused = list(client.pages(batch_path(batch_id, "/lines"), "lines", limit=PAGE)) if lines else []
    if as_json:
        print(json.dumps({**status, "lines": refused} if lines else status))
        return
    print(status_text(status, time.time()))
    for line in refused:
        print(f"  line {line['line']}: {line['reason']} ({line['url']!r})")


def status_text(status: BatchStatus, now: float) -> str:
    """Return a snapshot in words, a line for each domain that has something open."""
    lines = status_head(status)
    if status["state"] == "running":
        lines.append(f"  {rate(status['rate_per_min'] / 60)}, {eta_words(status, now)}")
    lines += [f"  {words}" for words in (*state_words(status), *waiting_workers(status))]
    lines += filter(None, [quality_text(status.get("quality"))])  # type: ignore[arg-type]
    order = in_order(status, now)
    for name in order:
        domain = status["domains"][name]
        flying = f"{domain['in_flight']:,} in flight" if domain.get("in_flight") else ""
        words = [f"{domain['open']:,} open", flying, pace_text(domain), why_text(domain, now)]
        lines.append(f"  {one_line(name)}: " + ", ".join(filter(None, words)))
    n_more, n_elsewhere = n_more_domains(status, order)
    if n_more > 0:
        lines.append(f"  {plural(n_more, 'more domain')}: {n_elsewhere:,} open")
    parked = [f"  {one_line(name)} {given_up(why)}" for name, why in status.get("parked", {}).items()]
    return "\n".join([*lines, *parked])


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
    sys.stderr.write(
        f"batch {batch_id}: {plural(status['n_retried'], 'dead letter')} queued again,"
        f" {plural(n_open(status['counts']), 'item')} open\n"
    )
    follow_to_end(client, batch_id, as_json=as_json)
