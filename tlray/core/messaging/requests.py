"""Decisions for one batch request from a queue: its key, and what follows from the answer to its submission.

A message is acknowledged when its batch is in the journal. One that can never become a batch is a dead letter. One for which
there is no room now stays unacknowledged: the consumer waits, and requeues nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from tlray.core.model.printable import one_line

MAX_BODY_BYTES: Final = 1_000_000
"""Of a request, as over HTTP."""
MAX_KEY_CHARS: Final = 200
MAX_REASON_CHARS: Final = 600
MIN_WAIT_S, MAX_WAIT_S = 0.5, 10.0
"""Between two submissions of a request for which there was no room."""
MAX_TRIES_AFTER_BUGS: Final = 3
_PLAIN: Final = frozenset({"", "identity", "binary", "utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class Message:
    """What of a message decides."""

    body: bytes
    message_id: str | None = None
    content_encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A batch request that is to be submitted: the JSON body of ``POST /api/v1/batch``, and its idempotency key."""

    body: bytes
    key: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The batch is in the journal."""

    batch_id: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same request made this batch before."""

    batch_id: str


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The same request may be accepted later."""

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The request can never become a batch."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An error that nobody foresaw: a bug, which may lie in this message or not."""

    reason: str


Submission = Accepted | Duplicate | NoRoom | Refused | Failed


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The message is done."""

    is_duplicate: bool


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Publish a copy to the dead-letter exchange with this reason, then acknowledge the message."""

    reason: str

    def __post_init__(self) -> None:
        """Make the reason one plain line: it may quote the message."""
        object.__setattr__(self, "reason", one_line(self.reason)[:MAX_REASON_CHARS])


@dataclass(frozen=True, slots=True)
class Wait:
    """Keep the message unacknowledged, and submit it again after so long."""

    seconds: float
    reason: str


def content_key(body: bytes) -> str:
    """Return the key of a request without an id: its content's hash."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def read_message(message: Message) -> Request | DeadLetter:
    """Return the request that a message holds. A message without an id is known by its content."""
    if (message.content_encoding or "").strip().lower() not in _PLAIN:
        return DeadLetter(f"content-encoding {message.content_encoding!r}; send the body as it is")
    if len(message.body) > MAX_BODY_BYTES:
        return DeadLetter(f"the body has {len(message.body):,} bytes; at most {MAX_BODY_BYTES:,}")
    key = message.message_id or content_key(message.body)
    if len(key) > MAX_KEY_CHARS:
        return DeadLetter(f"the message id has {len(key)} characters; at most {MAX_KEY_CHARS}")
    if not key.isprintable():
        return DeadLetter("the message id has control characters")
    return Request(message.body, key)


def next_step(result: Submission, n_tries: int) -> Acknowledge | DeadLetter | Wait:
    """Return what follows from the answer to a submission; ``n_tries`` counts those that failed by a bug, this one included."""
    match result:
        case Accepted() | Duplicate():
            return Acknowledge(isinstance(result, Duplicate))
        case Refused(reason):
            return DeadLetter(reason)
        case Failed(reason):
            if n_tries >= MAX_TRIES_AFTER_BUGS:
                return DeadLetter(f"a bug of tlray: {reason}")
            return Wait(MIN_WAIT_S * 4**n_tries, reason)
    wait_s = MAX_WAIT_S if result.retry_after_s is None else result.retry_after_s / 2
    return Wait(min(MAX_WAIT_S, max(MIN_WAIT_S, wait_s)), result.reason)
