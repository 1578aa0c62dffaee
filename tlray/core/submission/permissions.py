# ruff: noqa: N818 - an error is named for what is wrong
"""Permissions of a user: what only an admin may ask for, and the quota of batches."""

from __future__ import annotations

from collections.abc import Sequence

from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.policy_limits import (
    ExceededLimit,
    delaying_options,
    exceeding_options,
    exceeding_retries,
    may_email,
)
from tlray.core.politeness.retry_policy import RetryPolicy
from tlray.errors import CannotFinish, UsageError


class NotAllowed(UsageError):
    """Options that only an admin may set, each with its domain (``*``: every domain)."""

    def __init__(self, story: str, limits: tuple[ExceededLimit, ...] = ()) -> None:
        super().__init__(story, limits)

    @property
    def limits(self) -> tuple[ExceededLimit, ...]:
        """The limits that are exceeded."""
        found: tuple[ExceededLimit, ...] = self.args[1]
        return found

    def __str__(self) -> str:
        return str(self.args[0])


class QuotaExceeded(CannotFinish):
    """A user has submitted as many batches per minute as a user may."""

    def __init__(self, per_minute: int, retry_after_s: float, setting: str) -> None:
        super().__init__(per_minute, retry_after_s, setting)

    @property
    def retry_after_s(self) -> float:
        """Seconds until the next one is accepted."""
        return float(self.args[1])

    def __str__(self) -> str:
        per_minute, retry_after_s, setting = self.args
        return f"more than {per_minute} batches per minute{setting}; try again in {retry_after_s:.0f} s"


Options = tuple[PolitenessOptions, RetryPolicy]


def require_within_limits(asked: Options, without: Options) -> None:
    """Raise `NotAllowed` where options raise a domain's rate above that which applies ``without`` them, retry sooner, or delay
    other users' batches."""
    (politeness, retry), (its_politeness, its_retry) = asked, without
    limits: Sequence[ExceededLimit] = (
        *exceeding_options(politeness, its_politeness),
        *exceeding_retries(retry, its_retry),
        *delaying_options(politeness, its_politeness),
    )
    if limits:
        story = "; ".join(f"{domain}: {what}" for domain, what in limits[:3])
        raise NotAllowed(f"{story}: only an admin may set this", tuple(limits))


def require_own_address(address: str, user: str, *, is_admin: bool) -> None:
    """Raise `NotAllowed` for mail to somebody else, unless an admin asks for it."""
    if not may_email(address, user, is_admin=is_admin):
        raise NotAllowed(f"mail to {address[:80]!r}: only an admin may have mail sent to another address")
