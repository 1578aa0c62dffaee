"""A file of batch requests as messages: one request in JSON, one request a line, or a list of URLs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tlray.core.messaging.requests import MAX_BODY_BYTES, MAX_KEY_CHARS, content_key
from tlray.core.messaging.topology import PRIORITIES
from tlray.errors import UsageError

PRIORITY_NAMES: Final = tuple(PRIORITIES)
MAX_URLS: Final = 10_000
"""Of one request; a longer list becomes several."""
ROOM_BYTES: Final = 10_000
"""Of a request, for what stands beside its URLs."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One batch request for the queue."""

    body: bytes
    key: str
    priority: int


def requests_of(
    content: bytes, *, key: str | None = None, priority: str | None = None, name: str | None = None
) -> list[Outgoing]:
    """Return the messages of a file; UsageError names the first request that is none."""
    if key is not None and not (0 < len(key) <= MAX_KEY_CHARS and key.isprintable()):
        raise UsageError(f"--key: 1 to {MAX_KEY_CHARS} characters, no control characters")
    if priority is not None and priority not in PRIORITIES:
        raise UsageError(f"--priority {priority[:20]!r}; give {', '.join(PRIORITIES)}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the file is no text in UTF-8") from None
    bodies = list(_bodies(text, name))
    if not bodies:
        raise UsageError("the file has no request and no URL")
    keys = [key] if len(bodies) == 1 or key is None else [f"{key}/{n}" for n in range(1, len(bodies) + 1)]
    return [
        _outgoing(place, body, keys[min(n, len(keys) - 1)], priority)
        for n, (place, body) in enumerate(bodies)
    ]


def _bodies(text: str, name: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    if text.lstrip().startswith(("{", "[")):
        if name is not None:
            raise UsageError("--name names the batch of a list of URLs; a request in JSON has its own")
        yield from _in_json(text)
        return
    named = {} if name is None else {"name": name}
    piece: list[str] = []
    n_bytes = 0
    for url in filter(None, map(str.strip, text.splitlines())):
        if url.startswith("#"):
            continue
        size = len(json.dumps(url, ensure_ascii=False).encode("utf-8", "replace")) + 1
        if piece and (len(piece) == MAX_URLS or n_bytes + size > MAX_BODY_BYTES - ROOM_BYTES):
            yield "the list", {"urls": piece, **named}
            piece, n_bytes = [], 0
        piece.append(url)
        n_bytes += size
    if piece:
        yield "the list", {"urls": piece, **named}


def _in_json(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        yield "the file", _object("the file", json.loads(text))
    except (ValueError, RecursionError) as error:
        lines = [(f"line {n}", line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):
            raise UsageError(f"the file is no JSON: {error}") from None
        for place, line in lines:
            try:
                yield place, _object(place, json.loads(line))
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{place} is no JSON: {error}") from None


def _object(place: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not ("urls" in value or "template" in value):
        raise UsageError(f'{place} is no batch request; write {{"urls": ["https://…"]}}')
    return value


def _outgoing(place: str, body: Mapping[str, Any], key: str | None, priority: str | None) -> Outgoing:
    asked = {**body, "priority": priority} if priority is not None else body
    sent = json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    if len(sent) > MAX_BODY_BYTES:
        raise UsageError(f"{place} has {len(sent):,} bytes; a request may have {MAX_BODY_BYTES:,}: split it")
    level = PRIORITIES.get(str(asked.get("priority", "normal")), PRIORITIES["normal"])
    return Outgoing(sent, key or content_key(sent), level)
