"""Who is told what, and how often is it tried? Notices of a batch, by webhook or e-mail, for a day.

A notice keeps its id over all attempts, so that a receiver who got it twice (an answer was lost) can see that it is one.
Moments are seconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tlray.core.model.printable import one_line


class NotificationKind(StrEnum):
    """What a notice tells of."""

    COMPLETED = "batch.completed"
    CANCELLED = "batch.cancelled"
    DEAD_LETTERS = "batch.dead_letters"
    """The first dead letters of a batch; told once, the end tells how many they became."""
    BLOCKED = "domain.blocked"
    """A domain blocks, and rests; told once a batch and domain."""


class NotificationState(StrEnum):
    """How far a notice is."""

    DUE = "due"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Channel(StrEnum):
    """The way of a notice."""

    WEBHOOK = "webhook"
    EMAIL = "email"


WAITS_S: Final = (5.0, 60.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 28_800.0, 30_000.0)
"""Seconds before each further attempt; with the first they are nine, over a day."""
DAY_S: Final = 86_400.0
MAX_AT_ONCE: Final = 20
"""Deliveries of one replica …"""
MAX_TO_ONE: Final = 4
"""… to one receiver …"""
MAX_OF_ONE: Final = 15
"""… and of one user: receivers that hang hold up nobody else's."""


@dataclass(frozen=True, slots=True)
class Underway:
    """How many deliveries one replica is making just now."""

    to: Mapping[str, int] = field(default_factory=dict)
    """By receiver."""
    of: Mapping[str, int] = field(default_factory=dict)
    """By user."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one attempt."""

    status: int | None
    """The receiver's: of HTTP, or of SMTP; None where none came."""
    why: str
    """In words; "" where it was taken."""
    is_delivered: bool = False
    is_hopeless: bool = False
    """Another attempt cannot be better: the receiver says that it is gone, or the address may not be reached."""
    retry_after_s: float | None = None
    """What the receiver asks for."""

    def __post_init__(self) -> None:
        """Make the words plain: a receiver has had a part in them."""
        object.__setattr__(self, "why", one_line(self.why))


def next_attempt_at(
    delivery: Delivery, n_attempts: int, *, made_at: float, now: float, jitter: float
) -> float | None:
    """Return when a notice is tried again; None where it is not.

    ``n_attempts`` counts the one just made; ``jitter`` is a random number in 0..1, for at most a tenth more.
    """
    if delivery.is_delivered or delivery.is_hopeless or n_attempts > len(WAITS_S):
        return None
    wait_s = max(WAITS_S[n_attempts - 1] * (1 + 0.1 * jitter), delivery.retry_after_s or 0.0)
    return now + wait_s if now + wait_s <= made_at + DAY_S * 1.1 else None


def of_status(status: int, retry_after_s: float | None) -> Delivery:
    """Return what an HTTP status means for a notice; redirects are not followed."""
    if 200 <= status < 300:
        return Delivery(status, "", is_delivered=True)
    if status == 410:
        return Delivery(status, "the receiver wants no more of them", is_hopeless=True)
    why = "a redirect, which is not followed" if 300 <= status < 400 else "not taken"
    return Delivery(status, why, retry_after_s=retry_after_s)


_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})+")


def mail_address(text: str) -> str:
    """Return an e-mail address, its spaces stripped; ValueError where it is none that every mail server takes."""
    found = text.strip()
    local, _, domain = found.rpartition("@")
    is_good = len(found) <= 254 and len(local) <= 64
    if not is_good or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{text[:80]!r} is no e-mail address; write one such as you@example.org")
    return found
