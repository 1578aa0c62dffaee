"""Rows of what only the service keeps: tokens, schedules, notices and their deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tlray.core.access.tokens import scopes_with
from tlray.core.notify.notification import Channel, NotificationKind
from tlray.core.schedules.schedule import ScheduleState, Timing

MAX_TEMPLATES = 1_000
"""Of one owner."""
MAX_TEMPLATE_CHARS = 4_000_000
"""Of all templates of one owner together."""
OLD_SECRET_S = 86_400.0
"""For how long the secret before the current one signs too."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One bearer token, of which only a hash is stored; moments are seconds since the epoch."""

    name: str
    """Its public name."""
    user: str
    scopes: tuple[str, ...]
    """The scopes that were requested; `TokenRow.held` are those that follow from them."""
    created_at: float
    last_used_at: float | None
    """To the minute."""
    revoked_at: float | None

    @property
    def held(self) -> frozenset[str]:
        """All scopes that it grants."""
        return scopes_with(self.scopes)


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule."""

    schedule_id: str
    owner: str
    name: str
    timing: Timing
    is_paused: bool
    created_at: float
    standing: ScheduleState
    last_run_at: float | None = None
    """The occurrence that ran last."""
    last_batch: str | None = None
    n_runs: int = 0
    n_passed_over: int = 0
    failure: str | None = None
    """Why the last occurrence made no batch; None if it made one."""
    work: Mapping[str, Any] = field(default_factory=dict)
    """What a run submits: URLs or a template, priority, options; empty in lists of schedules."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, claimed for delivery."""

    notice_id: str
    """``msg_…``, the same at every attempt."""
    batch_id: str
    owner: str
    kind: NotificationKind
    channel: Channel
    target: str
    about: dict[str, Any]
    made_at: float
    n_attempts: int
    body: str | None
    """Its text; None before the first attempt."""


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt to deliver a notice."""

    at: float
    took_s: float
    status: int | None
    why: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One notice of a batch and its attempts, as the HTTP API shows it."""

    id: str
    event: str
    channel: str
    target: str
    state: str
    made_at: float
    next_attempt_at: float | None
    domain: str | None
    attempts: tuple[DeliveryAttempt, ...]
