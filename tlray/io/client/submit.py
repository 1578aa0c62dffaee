"""Submission of a list: a short one in one call, a long one in numbered pieces and one commit.

At most two pieces are in memory. A piece that is sent twice, because its answer was lost, adds no item twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from tlray.core.submission.lines import Chunk, RefusedLine
from tlray.core.submission.rules import NoGoodLine, require_good_line
from tlray.errors import ServiceRefuses, TlrayError
from tlray.io.client.http_client import ServiceClient, batch_path, json_bytes
from tlray.io.intake.list_text import as_sent, is_text
from tlray.io.intake.url_list import numbered_texts, read_line

MAX_URLS: Final = 10_000
"""Limits of the service: URLs in one call …"""
MAX_PIECE_LINES: Final = 20_000
MAX_BYTES: Final = 1_000_000
"""… lines in a piece, bytes in any body."""
COMMIT_TIMEOUT_S: Final = 330.0
"""Millions of lines are counted by domain; the service gives up after 300 s."""
DROP_S: Final = 5.0
SUBMIT: Final = "/api/v1/batch"
Sent = Callable[[int, int], None]
"""Called with the lines and pieces sent so far."""


def send_list(
    client: ServiceClient,
    lines: Iterable[str],
    options: dict[str, Any],
    *,
    key: str,
    is_kept: bool = False,
    max_wait_s: float,
    on_sent: Sent = lambda n_lines, n_pieces: None,
) -> dict[str, Any]:
    """Send a list with its options and return the receipt, with the line numbers of the list as given.

    ``key`` is the Idempotency-Key of the list. A list that cannot be sent whole is dropped at the service, unless ``is_kept``:
    then it can be continued under its key. ``max_wait_s`` bounds the wait for room.
    """
    cut = pieces(lines)
    first, second = next(cut, []), next(cut, None)
    if second is None:
        urls = list(numbered_texts(first))
        require_good_line(Chunk.of(read_line(n, text) for n, text in urls))
        body = {**options, "urls": [text for _, text in urls]}
        n_bytes = len(json_bytes(body))
        # JSON holds text only; a line that is not text is sent as bytes, and rejected by the service
        if len(urls) <= MAX_URLS and n_bytes <= MAX_BYTES and all(is_text(text) for _, text in urls):
            receipt = client.request("POST", SUBMIT, body=body, key=key, max_wait_s=max_wait_s)
            return _as_given(receipt, [n for n, _ in urls])
    opened = client.request("POST", f"{SUBMIT}?state=receiving", body=options, key=key, max_wait_s=max_wait_s)
    batch_id = opened["batch_id"]
    n_lines, n = 0, 0
    try:
        for n, piece in enumerate(chain((first,), () if second is None else (second,), cut), 1):
            client.request(
                "POST", batch_path(batch_id, f"/append?piece={n}"), body=as_sent(piece), max_wait_s=max_wait_s
            )
            n_lines += len(piece)
            on_sent(n_lines, n)
    except BaseException:
        if not is_kept:
            drop(client, batch_id)
        raise
    body = {"pieces": n}
    try:
        receipt = client.request(
            "POST", batch_path(batch_id, "/commit"), body=body, timeout_s=COMMIT_TIMEOUT_S
        )
    except ServiceRefuses:
        if (error := _without_an_item(client, batch_id)) is not None:
            drop(client, batch_id)
            raise error from None
        if not is_kept:
            drop(client, batch_id)
        raise
    return dict(receipt)


def _without_an_item(client: ServiceClient, batch_id: str) -> NoGoodLine | None:
    """Return the error of a whole list without a valid line; None for any other list."""
    with suppress(TlrayError):
        if client.get(batch_path(batch_id, "/status"))["total"] == 0:
            rows = client.get(batch_path(batch_id, "/lines"), limit=1)["lines"]
            return NoGoodLine(tuple(RefusedLine(row["line"], row["url"], row["reason"]) for row in rows))
    return None


def drop(client: ServiceClient, batch_id: str) -> None:
    """Drop an open list; if this call fails, the service drops it after an hour."""
    with suppress(TlrayError):
        client.request("POST", batch_path(batch_id, "/cancel"), timeout_s=DROP_S, max_wait_s=0, patience_s=0)


def pieces(lines: Iterable[str]) -> Iterator[list[str]]:
    """Cut a list at the limits of the service; comments and empty lines stay, because lines are counted."""
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


def _as_given(receipt: dict[str, Any], numbers: list[int]) -> dict[str, Any]:
    """Return a receipt with the line numbers of the user's list: comments and empty lines were not sent."""
    rows = {"rejected": ("line",), "duplicate_lines": ("line", "first_line")}
    for name, places in rows.items():
        receipt[name] = [
            {**row, **{place: numbers[row[place] - 1] for place in places}} for row in receipt[name]
        ]
    return receipt
