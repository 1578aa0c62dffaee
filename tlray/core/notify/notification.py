"""Notifications of a batch, by webhook or e-mail: their kinds, states, and retries for a day.

A notification has one id for all attempts, so that a receiver can detect a repeated one. Moments are seconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tlray.core.model.printable import one_line


class NotificationKind(StrEnum):
    """The event of a notification."""

    COMPLETED = "batch.completed"
    CANCELLED = "batch.cancelled"
    DEAD_LETTERS = "batch.dead_letters"
    """The first dead letters of a batch; sent once, the last notification counts them."""
    BLOCKED = "domain.blocked"
    """A domain blocks, and rests; sent once per batch and domain."""
    CHANGED = "tracklist.changed"
    """Sets of a batch are not as they were in an earlier batch of its user. By webhook only; several sets in one."""


class NotificationState(StrEnum):
    """The state of a notification."""

    DUE = "due"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Channel(StrEnum):
    """The channel of a notification."""

    WEBHOOK = "webhook"
    EMAIL = "email"


WAITS_S: Final = (5.0, 60.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 28_800.0, 30_000.0)
"""Seconds before each retry: nine attempts over a day."""
MAX_ATTEMPTS: Final = 25
"""Of one notification in all, with those that a person asked for."""
DAY_S: Final = 86_400.0
MAX_AT_ONCE: Final = 20
"""Concurrent deliveries of one replica …"""
MAX_TO_ONE: Final = 4
"""… to one receiver …"""
MAX_OF_ONE: Final = 15
"""… and of one user: a receiver that hangs does not delay the others."""


@dataclass(frozen=True, slots=True)
class Underway:
    """The deliveries that one replica is making."""

    to: Mapping[str, int] = field(default_factory=dict)
    """By receiver."""
    of: Mapping[str, int] = field(default_factory=dict)
    """By user."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one attempt."""

    status: int | None
    """The HTTP or SMTP status of the receiver; None without one."""
    reason: str
    """The failure in words; "" after success."""
    is_delivered: bool = False
    is_hopeless: bool = False
    """True if a retry cannot succeed: the receiver is gone, or the address is not allowed."""
    retry_after_s: float | None = None
    """The ``Retry-After`` of the receiver."""

    def __post_init__(self) -> None:
        """Make the text plain: part of it is the receiver's."""
        object.__setattr__(self, "reason", one_line(self.reason))


def next_attempt_at(
    delivery: Delivery, n_attempts: int, *, made_at: float, now: float, jitter: float
) -> float | None:
    """Return the moment of the next attempt; None: no further one.

    ``n_attempts`` includes the last one; ``jitter`` is a random number in 0..1, for at most a tenth more.
    """
    if delivery.is_delivered or delivery.is_hopeless or n_attempts > len(WAITS_S):
        return None
    wait_s = max(WAITS_S[n_attempts - 1] * (1 + 0.1 * jitter), delivery.retry_after_s or 0.0)
    return now + wait_s if now + wait_s <= made_at + DAY_S * 1.1 else None


def of_status(status: int, retry_after_s: float | None) -> Delivery:
    """Return the result of an HTTP status; redirects are not followed."""
    if 200 <= status < 300:
        return Delivery(status, "", is_delivered=True)
    if status == 410:
        return Delivery(status, "the receiver wants no more of them", is_hopeless=True)
    reason = "a redirect, which is not followed" if 300 <= status < 400 else "not taken"
    return Delivery(status, reason, retry_after_s=retry_after_s)


def why_not_again(state: NotificationState, n_attempts: int) -> str | None:
    """Return why a person cannot have a notification sent again; None if they can, or if it is due already."""
    if state is NotificationState.DELIVERED:
        return "this notification was delivered"
    if state is NotificationState.GIVEN_UP and n_attempts >= MAX_ATTEMPTS:
        return f"this notification was tried {MAX_ATTEMPTS} times, which is as often as anybody is asked"
    return None


_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")


def mail_address(text: str) -> str:
    """Return an e-mail address without spaces around it; ValueError if a mail server could refuse it."""
    found = text.strip()
    local, _, domain = found.rpartition("@")
    is_good = len(found) <= 254 and len(local) <= 64
    if not is_good or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{text[:80]!r} is no e-mail address; write one such as you@example.org")
    return found
