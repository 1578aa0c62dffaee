"""How does a list reach the service? In one call where it is short, else in numbered pieces that one commit makes real.

No more than two pieces are in memory. A piece that is sent again, because its answer was lost, makes no second item.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from tlray.errors import ServiceRefuses, TlrayError, UsageError
from tlray.io.client.http_client import ServiceClient, batch_path
from tlray.io.intake.list_text import as_sent, is_text
from tlray.io.intake.url_list import nothing_to_do, numbered_texts, read_line
from tlray.io.journal.rows import Entry, RefusedLine

MAX_URLS: Final = 10_000
"""The service's bounds, of one call …"""
MAX_PIECE_LINES: Final = 20_000
MAX_BYTES: Final = 1_000_000
"""… of a piece, and of any body."""
COMMIT_TIMEOUT_S: Final = 330.0
"""A list of millions is counted by domain; the service gives up after 300 s."""
DROP_S: Final = 5.0
SUBMIT: Final = "/api/v1/batch"
Sent = Callable[[int, int], None]
"""Told how many lines have been sent, in how many pieces."""


def send_list(
    client: ServiceClient,
    lines: Iterable[str],
    asked: dict[str, Any],
    *,
    key: str,
    is_kept: bool = False,
    max_wait_s: float,
    on_sent: Sent = lambda n_lines, n_pieces: None,
) -> dict[str, Any]:
    """Send a list and what is asked for with it; return its receipt, with the numbers of the lines as they were given.

    ``key`` names this list: sent again under it, it makes no second batch. What has come of a list that cannot be sent whole is
    dropped, unless it ``is_kept`` to be gone on with under its key. ``max_wait_s``: how long room is waited for.
    """
    cut = pieces(lines)
    first, second = next(cut, []), next(cut, None)
    if second is None:
        urls = list(numbered_texts(first))
        found = [line for n, text in urls if not isinstance(line := read_line(n, text), Entry)]
        if len(found) == len(urls):
            raise UsageError(nothing_to_do(found))
        body = {**asked, "urls": [text for _, text in urls]}
        n_bytes = len(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
        # JSON holds text alone; a line that is none goes as its bytes, and is refused there
        if len(urls) <= MAX_URLS and n_bytes <= MAX_BYTES and all(is_text(text) for _, text in urls):
            told = client.ask("POST", SUBMIT, body=body, key=key, max_wait_s=max_wait_s)
            return _as_given(told, [n for n, _ in urls])
    opened = client.ask("POST", f"{SUBMIT}?state=receiving", body=asked, key=key, max_wait_s=max_wait_s)
    batch_id = opened["batch_id"]
    n_lines, n = 0, 0
    try:
        for n, piece in enumerate(chain((first,), () if second is None else (second,), cut), 1):
            client.ask(
                "POST", batch_path(batch_id, f"/append?piece={n}"), body=as_sent(piece), max_wait_s=max_wait_s
            )
            n_lines += len(piece)
            on_sent(n_lines, n)
    except BaseException:
        if not is_kept:
            _drop(client, batch_id)
        raise
    body = {"pieces": n}
    try:
        told = client.ask("POST", batch_path(batch_id, "/commit"), body=body, timeout_s=COMMIT_TIMEOUT_S)
    except ServiceRefuses:
        if (why := _without_an_item(client, batch_id)) is not None:
            _drop(client, batch_id)
            raise UsageError(why) from None
        if not is_kept:
            _drop(client, batch_id)
        raise
    return dict(told)


def _without_an_item(client: ServiceClient, batch_id: str) -> str | None:
    """Say what is wrong with a list that was sent whole and has no good line; None for any other."""
    with suppress(TlrayError):
        if client.get(batch_path(batch_id, "/status"))["total"] == 0:
            rows = client.get(batch_path(batch_id, "/lines"), limit=1)["lines"]
            return nothing_to_do([RefusedLine(row["line"], row["url"], row["reason"]) for row in rows])
    return None


def _drop(client: ServiceClient, batch_id: str) -> None:
    """Say that no more of a list comes; where nobody hears it, the service drops it by itself after an hour."""
    client.close()  # the answer to what was asked last may still be on its way
    with suppress(TlrayError):
        client.ask("POST", batch_path(batch_id, "/cancel"), timeout_s=DROP_S, max_wait_s=0, patience_s=0)


def pieces(lines: Iterable[str]) -> Iterator[list[str]]:
    """Cut a list where the service's bounds ask for it; comments and empty lines stay, for they are counted."""
    piece: list[str] = []
    n_bytes = 0
    for given in lines:
        line = given.rstrip("\r\n").replace("\n", " ").replace("\r", " ")
        size = len(line.encode("utf-8", "replace")) + 1
        if piece and (len(piece) == MAX_PIECE_LINES or n_bytes + size > MAX_BYTES):
            yield piece
            piece, n_bytes = [], 0
        piece.append(line)
        n_bytes += size
    if piece:
        yield piece


def _as_given(told: dict[str, Any], numbers: list[int]) -> dict[str, Any]:
    """Number the lines of a receipt as the user's list has them: comments and empty lines were not sent."""
    rows = {"rejected": ("line",), "duplicate_lines": ("line", "first_line")}
    for name, places in rows.items():
        told[name] = [{**row, **{place: numbers[row[place] - 1] for place in places}} for row in told[name]]
    return told
