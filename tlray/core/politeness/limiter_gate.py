"""The gate of one domain in a limiter: its token bucket and its slots.

A *permit* is the right to begin one fetch. Permits are granted in blocks of at most `BLOCK_S`, each with the moment from which
it holds. *Slots* are the fetches that a task may have in flight; the tasks at a domain share its concurrency evenly. A granted
permit is spent: a task that dies takes its permits along, and the site sees fewer fetches, never more. Moments are monotonic
seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.handover import LATE_S, SHARED_LATE_S, Handover, late_s
from tlray.core.politeness.token_bucket import TokenBucket

BLOCK_S = LATE_S
UNLIMITED_BLOCK = 512
"""Permits of one grant for a domain without a ceiling: about what one task can parse in a block."""
HOLDER_FORGOTTEN_S = 5.0
"""A task without a request for this time loses its slots (it has ended, or has nothing to fetch here)."""

SHARED_PART = 0.97
"""Tasks that share a domain do not know each other's lateness. So their permits hold for a moment only, and this share of the
rate is granted; the rest is room for late fetches."""

QUIET_S = 5.0
"""A domain whose last fetch is further back, by this and its own spacing, starts with a full bucket."""
UNASKED_S = 3_600.0
"""A gate without a request for this time, and twice its spacing, is dropped by the limiter itself."""
LISTEN_S = 2.5
"""A gate that has lost its state listens for this time before it grants: each task with fetches in flight sends a request
within it."""


@dataclass(frozen=True, slots=True)
class PermitRequest:
    """A task's request for one domain."""

    domain: str
    n_wanted: int
    """Permits beyond those in hand."""
    n_in_flight: int
    n_in_hand: int = 0
    """Permits in hand: granted, and not used yet; each will need a slot."""
    wait_s: float = 0.0
    """Seconds until its next fetch may begin after its own earlier ones."""
    answer_s: float = 0.0
    """The longest answer time lately. Permits of a slower answer are spent, if tasks may bunch by it."""


@dataclass(frozen=True, slots=True)
class PermitGrant:
    """The answer: fetches may begin ``starts`` seconds from now, with at most ``n_slots`` in flight.

    Without a start, request again after ``retry_after_s``. ``is_unknown``: the limiter does not know the domain (it was
    restarted); tell the coordinator.
    """

    domain: str
    starts: tuple[float, ...] = ()
    n_slots: int = 0
    retry_after_s: float = BLOCK_S
    rate: float = math.inf
    burst: float = 1.0
    late_s: float = BLOCK_S
    """A permit used later than this may bunch with another task's: it is spent."""
    is_unknown: bool = False


class Gate:
    """The gate of one domain."""

    __slots__ = (
        "_asked_at", "_hand_over", "_holders", "bucket", "listens_until", "n_given", "policy", "rests_until",
    )  # fmt: skip

    def __init__(self, policy: DomainPolicy, *, now: float, starts_empty: bool) -> None:
        self.policy = policy
        self.bucket = TokenBucket(policy.rate, policy.burst, now=now, tokens=0.0 if starts_empty else None)
        self.listens_until = now + LISTEN_S if starts_empty else -math.inf
        self.rests_until = -math.inf
        """The end of the domain's rest, by the coordinator's last message."""
        self.n_given = 0
        self._asked_at = now
        self._hand_over = Handover()
        self._holders: dict[str, tuple[int, float, bool]] = {}
        """Task → (its slots, its last request, True if it needs any)."""

    def __repr__(self) -> str:
        n_slots = sum(n for n, _, _ in self._holders.values())
        return f"<Gate {self.bucket!r}, {n_slots} of {self.policy.concurrency} slots>"

    def set_policy(self, policy: DomainPolicy, *, now: float) -> None:
        """Change the policy; that never adds tokens."""
        self._asked_at = now  # a request is about to come
        if (policy.rate, policy.burst) != (self.policy.rate, self.policy.burst):
            self.bucket.set_rate(policy.rate, now=now, burst=policy.burst)
        self.policy = policy

    @property
    def stopped_until(self) -> float:
        """No permit is granted before this moment."""
        return max(self.listens_until, self.rests_until)

    def ask(self, holder: str, ask: PermitRequest, *, now: float) -> PermitGrant:
        """Answer a request."""
        self._asked_at = now
        if ask.n_in_hand and not self._is_shared:
            self._may_begin(holder, ask, ask.n_in_hand, 0.0, now)
        elif not ask.n_in_hand and ask.wait_s > 0:  # its last fetch began a spacing before the next may
            self._hand_over.begins(holder, now + ask.wait_s - 1 / self.policy.rate)
        if now < self.stopped_until:
            self._holders[holder] = (ask.n_in_flight, now, True)
            return self._grant(retry_after_s=self.stopped_until - now, domain=ask.domain)
        n_slots = self._slots(holder, ask, now)
        self._pace(now)
        if math.isinf(self.policy.rate):
            # slots bound the fetches in flight; permits cost nothing, so a block of them is granted
            starts = (0.0,) * max(0, min(ask.n_wanted, UNLIMITED_BLOCK))
            self.n_given += len(starts)
            return self._grant(starts, n_slots, domain=ask.domain)
        n_free = max(0, n_slots - ask.n_in_flight - ask.n_in_hand)
        # without a free slot a permit would be wasted
        if ask.n_wanted <= 0 or n_free == 0:
            retry_s = 0.05 if ask.n_wanted > 0 else max(0.0, self.bucket.wait_s(now=now) - BLOCK_S)
            return self._grant(n_slots=n_slots, retry_after_s=retry_s, domain=ask.domain)
        self._hand_over.cap(self.bucket, holder, self.policy.burst, now=now)
        starts = self.bucket.reserve(min(ask.n_wanted, n_free), now=now, horizon_s=BLOCK_S)
        self.n_given += len(starts)
        if starts:
            self._may_begin(holder, ask, ask.n_in_hand + len(starts), starts[-1], now)
        early_s = BLOCK_S / 2 if starts else BLOCK_S
        retry_s = max(0.0, self.bucket.wait_s(now=now) - early_s)
        return self._grant(starts, n_slots, retry_s, domain=ask.domain)

    def _may_begin(self, holder: str, ask: PermitRequest, n_permits: int, last_s: float, now: float) -> None:
        """Record until when a task may use its permits, the last of which holds from ``last_s`` on. At a domain of its own it
        uses them at its own pace; shared ones are spent soon."""
        is_shared = self._is_shared
        if not is_shared:
            last_s = max(last_s, ask.wait_s + (n_permits - 1) / self.policy.rate)
        self._hand_over.begins(holder, now + last_s + late_s(is_shared=is_shared, answer_s=ask.answer_s))

    def may_be_dropped(self, *, now: float, unasked_s: float = 0.0) -> bool:
        """True if a new gate with a full bucket would be the same: no requests, no rest, and a bucket that has been full for
        `QUIET_S`; with ``unasked_s`` also no request for that time."""
        spacing_s = self.policy.burst / self.policy.rate
        if now < self.stopped_until or self.bucket.wait_s(now=now, n=math.floor(self.policy.burst)) > 0:
            return False
        return now - self._asked_at >= max(spacing_s + QUIET_S, unasked_s and max(unasked_s, 2 * spacing_s))

    def _grant(
        self, starts: tuple[float, ...] = (), n_slots: int = 0, retry_after_s: float = BLOCK_S, *, domain: str
    ) -> PermitGrant:
        late = SHARED_LATE_S if self._is_shared else BLOCK_S
        return PermitGrant(domain, starts, n_slots, retry_after_s, self.policy.rate, self.policy.burst, late)

    @property
    def _is_shared(self) -> bool:
        """True if more than one task fetches here, at a rate that they must keep together."""
        return not math.isinf(self.policy.rate) and self._n_tasks > 1

    @property
    def _n_tasks(self) -> int:
        return sum(1 for n, _, wants in self._holders.values() if n or wants)

    def _pace(self, now: float) -> None:
        """Grant only a share of the rate while tasks share it."""
        rate = self.policy.rate * (SHARED_PART if self._is_shared else 1.0)
        if rate != self.bucket.rate:
            self.bucket.set_rate(rate, now=now, burst=self.policy.burst)

    def forget(self, holder: str) -> None:
        """Free the slots of a task that has ended; its permits stay spent."""
        self._holders.pop(holder, None)

    def _slots(self, holder: str, ask: PermitRequest, now: float) -> int:
        for other, (_, at, _) in list(self._holders.items()):
            if now - at > HOLDER_FORGOTTEN_S:
                del self._holders[other]
        others = [(n, wants) for other, (n, _, wants) in self._holders.items() if other != holder]
        n_left = max(0, self.policy.concurrency - sum(n for n, _ in others))
        share = math.ceil(self.policy.concurrency / (1 + sum(1 for n, wants in others if n or wants)))
        n_needed = ask.n_in_flight + ask.n_in_hand + max(0, ask.n_wanted)
        n_slots = min(share, n_left, n_needed)
        # fetches in flight above its share keep their slots until they end
        self._holders[holder] = (max(n_slots, ask.n_in_flight), now, n_needed > 0)
        return n_slots
