"""The pacing of a task's fetches: which may begin now, and which permits to request from limiters.

The limiters own the rates; here their permits wait for their moment. `tlray.core.pacing.send_pacing` keeps late ones from
bunching at the site's socket. At a domain, items of a higher priority begin first; every `AGEING`-th begin goes to the lowest
that waits. A step costs O(log n) in the domains. Moments are monotonic seconds of this process.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from tlray.core.model.item import Priority
from tlray.core.pacing.send_pacing import SendPacing
from tlray.core.politeness.limiter_gate import BLOCK_S, LISTEN_S, PermitGrant, PermitRequest
from tlray.core.politeness.token_bucket import SLACK_S
from tlray.core.scheduling.lease import DomainConfig, LeasedItem, RobotsRequest

GIVE_BACK_AFTER_S = 20.0
"""Items of a domain that may not be fetched for longer go back to the frontier."""
MIN_REQUEST_S = 0.02
FADES = 0.9
"""The longest answer time is multiplied by this at each answer, so that it fades."""
AGEING = 8
"""At a domain, every begin of this number goes to the lowest priority that waits."""
HOLD_S = 2.0
"""A limiter hears of fetches in flight at least this often."""
IDLE_S = 60.0
"""A domain is forgotten after this time without work, and its politeness window besides."""
REQUEST_TOGETHER_S = 0.1
"""Permit requests that are not urgent are sent together, ten times a second: a limiter's time goes into calls, not into
domains. They are sent at least twice as long before the permits are due."""

FetchTask = LeasedItem | RobotsRequest


def _together(at: float) -> float:
    """Return the next moment for requests that are not urgent."""
    return at + -at % REQUEST_TOGETHER_S


@dataclass(slots=True)
class _Pending:
    """The waiting fetches of one domain, by priority."""

    by_priority: tuple[deque[FetchTask], ...] = field(
        default_factory=lambda: tuple(deque() for _ in Priority)
    )
    n_over: int = 0
    """Begins in a row while a lower priority waited."""

    def __len__(self) -> int:
        return sum(map(len, self.by_priority))

    def append(self, fetch_task: FetchTask) -> None:
        """Add a fetch; robots.txt comes before any page."""
        priority = fetch_task.priority if isinstance(fetch_task, LeasedItem) else Priority.IMMEDIATE
        self.by_priority[priority].append(fetch_task)

    def pop(self) -> FetchTask:
        """Remove and return the next fetch."""
        first, *lower = (queue for queue in self.by_priority if queue)
        self.n_over = self.n_over + 1 if lower else 0
        if self.n_over >= AGEING:
            self.n_over = 0
            return lower[-1].popleft()
        return first.popleft()


@dataclass(slots=True)
class _Domain:
    name: str
    limiter: int
    sending: SendPacing
    pending: _Pending = field(default_factory=_Pending)
    n_permits: int = 0
    """Permits in hand: granted, and not used yet."""
    delaying_options: deque[float] = field(default_factory=deque)
    """Permits whose moment has come while no slot was free (a domain without a ceiling), or while an earlier request was not on
    the wire yet (a domain with one)."""
    n_slots: int = 0
    n_in_flight: int = 0
    late_s: float = BLOCK_S
    """A permit that is used later is spent."""
    more_at: float = -math.inf
    """When the limiter may have more permits, by its last answer."""
    request_at: float = -math.inf
    is_requested: bool = False
    requested_at: float = math.inf
    answer_s: float = 0.0
    """The longest answer time, fading; part of the next request."""
    used_at: float = -math.inf
    """When it had work last."""

    @property
    def is_busy(self) -> bool:
        """True if its limiter must hear of it: a fetch waits, or one in flight holds a slot."""
        return len(self.pending) > 0 or self.n_in_flight > 0

    def is_too_late(self, took_s: float) -> bool:
        """Record an answer's time; return True if its permits could bunch with those of another task: the limiter allows for
        the time that it was told. With fetches far apart it hears of this one before it grants another."""
        is_late = took_s > max(self.answer_s, self.late_s) and self.sending.rate * LISTEN_S > 1
        self.answer_s = max(took_s, FADES * self.answer_s)
        return is_late and self.sending.has_ceiling

    def is_idle(self, now: float) -> bool:
        """True if a new one would be the same."""
        if self.is_busy or self.is_requested or self.n_permits:
            self.used_at = now
        return now - self.used_at > IDLE_S + self.sending.burst / self.sending.rate


class Pacer:
    """The fetches of one task that have not begun, and the permits in hand."""

    def __init__(self) -> None:
        self._domains: dict[str, _Domain] = {}
        self._moments: list[tuple[float, str, float]] = []
        """(moment of the next check, domain, moment from which the permit holds)."""
        self._requests: list[tuple[float, str]] = []
        """(moment of the next request, domain); an entry other than its `request_at` is passed over."""
        self.n_pending = 0
        """Fetches that have not begun."""

    def set_policy(self, terms: DomainConfig | RobotsRequest, *, now: float) -> None:
        """Set a domain's policy."""
        domain, policy = self._domains.get(terms.domain), terms.policy
        if domain is None:
            sending = SendPacing(policy.rate, policy.burst, now=now)
            self._domains[terms.domain] = _Domain(terms.domain, terms.limiter, sending)
        else:
            domain.sending.change(policy.rate, policy.burst, now=now)
        self._domains[terms.domain].used_at = now

    def forget_idle(self, held: Collection[str], *, now: float) -> list[str]:
        """Forget the domains without work for longer than their politeness windows, and return them; the coordinator still
        counts items at those in ``held``."""
        idle = [name for name, at in self._domains.items() if at.is_idle(now) and name not in held]
        for name in idle:
            del self._domains[name]
        return idle

    def add(self, fetch_tasks: Iterable[FetchTask]) -> None:
        """Add fetches; their domains must be known."""
        idle: dict[str, float] = {}
        for fetch_task in fetch_tasks:
            domain = self._domains[fetch_task.domain]
            if not domain.pending:
                # its last request was for slots only
                idle[domain.name] = domain.more_at
            elif not domain.sending.has_ceiling and domain.n_permits <= len(domain.pending):
                idle[domain.name] = -math.inf
            domain.pending.append(fetch_task)
            self.n_pending += 1
        for name, request_at in idle.items():
            self._request_at(self._domains[name], request_at)

    def begin(self, now: float) -> FetchTask | None:
        """Return a fetch that may begin now, and count it as begun; None if there is none."""
        while self._moments and self._moments[0][0] <= now:
            due_at, name, moment = heapq.heappop(self._moments)
            domain = self._domains[name]
            is_free = domain.n_in_flight < domain.n_slots
            if not is_free and domain.pending and not domain.sending.has_ceiling:
                domain.delaying_options.append(moment)
                continue
            if not domain.pending or not is_free or now - moment > domain.late_s:
                # spent: used later, it could bunch with a permit of another task
                domain.n_permits -= 1
                continue
            if domain.sending.must_hold(now - due_at):
                domain.delaying_options.append(moment)
                continue
            if (wait_s := domain.sending.wait_s(now=now)) > SLACK_S:
                self._look_again(domain, now + wait_s, moment)
                continue
            domain.sending.begin(now=now)
            domain.n_permits -= 1
            domain.n_in_flight += 1
            self.n_pending -= 1
            return domain.pending.pop()
        return None

    def sent(self, name: str, *, now: float) -> bool:
        """Count a fetch as on the wire; return True if another one waited for that. Each fetch that began is counted here
        before it ends."""
        domain = self._domains[name]
        domain.sending.sent(now=now)
        return self._retry_permit(domain, now)

    def ended(self, name: str, *, now: float) -> None:
        """Count a fetch as ended."""
        domain = self._domains[name]
        domain.n_in_flight -= 1
        domain.used_at = now
        self._retry_permit(domain, now)

    def _retry_permit(self, domain: _Domain, now: float) -> bool:
        """Check one held-up permit again."""
        if domain.delaying_options:
            self._look_again(domain, now, domain.delaying_options.popleft())
            return True
        return False

    def _look_again(self, domain: _Domain, at: float, moment: float) -> None:
        """Check a permit later; one that this task alone keeps apart holds from then on."""
        heapq.heappush(self._moments, (at, domain.name, moment if domain.late_s < BLOCK_S else at))

    def due_requests(self, now: float) -> dict[int, list[PermitRequest]]:
        """Return the permit requests that are due, by limiter; a domain has one request open at a time."""
        requests: dict[int, list[PermitRequest]] = {}
        while (at := self._next_request()) is not None and at <= now:
            domain = self._domains[heapq.heappop(self._requests)[1]]
            n_in_hand = min(domain.n_permits, len(domain.pending))
            n_wanted = len(domain.pending) - n_in_hand
            wait_s = domain.sending.wait_s(now=now) if domain.sending.has_ceiling else 0.0
            request = PermitRequest(
                domain.name, n_wanted, domain.n_in_flight, n_in_hand, wait_s, domain.answer_s
            )
            requests.setdefault(domain.limiter, []).append(request)
            domain.is_requested, domain.requested_at = True, now
        return requests

    def apply_grants(self, grants: Iterable[PermitGrant], *, now: float) -> list[PermitGrant]:
        """Apply the limiters' answers; return those with a long wait, or without the domain."""
        far = []
        for grant in grants:
            domain = self._domains[grant.domain]
            domain.is_requested = False
            if grant.is_unknown:
                self._request_at(domain, now + BLOCK_S)
                far.append(grant)
                continue
            domain.n_slots, domain.late_s = grant.n_slots, grant.late_s
            domain.sending.change(grant.rate, grant.burst, now=now)
            if not domain.is_too_late(now - domain.requested_at):
                domain.n_permits += len(grant.starts)
                for start_s in grant.starts:
                    heapq.heappush(self._moments, (now + start_s, grant.domain, now + start_s))
            for _ in range(min(len(domain.delaying_options), domain.n_slots - domain.n_in_flight)):
                self._retry_permit(domain, now)
            wait_s = max(MIN_REQUEST_S, grant.retry_after_s)
            has_more = math.isinf(grant.rate) and grant.retry_after_s <= BLOCK_S
            domain.more_at = -math.inf if has_more else now + wait_s
            if domain.n_in_flight or domain.n_permits:
                wait_s = min(wait_s, HOLD_S) if domain.pending else HOLD_S
            self._request_at(domain, _together(now + wait_s) if wait_s > REQUEST_TOGETHER_S else now + wait_s)
            if not grant.starts and grant.retry_after_s > GIVE_BACK_AFTER_S:
                far.append(grant)
        return far

    def request_failed(self, names: Iterable[str], *, now: float) -> None:
        """Record that a limiter did not answer: request again soon."""
        for name in names:
            self._domains[name].is_requested = False
            self._request_at(self._domains[name], now + BLOCK_S)

    def withdraw(self, which: Callable[[FetchTask], bool], *, domain: str | None = None) -> list[FetchTask]:
        """Remove and return fetches that have not begun and must not, of one domain or of all."""
        out: list[FetchTask] = []
        for at in self._domains.values() if domain is None else (self._domains[domain],):
            for queue in at.pending.by_priority:
                if any(map(which, queue)):
                    out += filter(which, queue)
                    stay = [fetch_task for fetch_task in queue if not which(fetch_task)]
                    queue.clear()
                    queue.extend(stay)
        self.n_pending -= len(out)
        return out

    def n_useful(self, ahead_s: float) -> int:
        """Return how many items the rates allow within ``ahead_s``, one more of each domain to be there in time; domains
        without a ceiling do not count."""
        paced = (at.sending for at in self._domains.values() if at.sending.has_ceiling)
        return sum(math.ceil(sending.rate * ahead_s) + 1 for sending in paced)

    def wake_at(self, now: float) -> float | None:
        """Return when the next fetch may begin or the next request is due; None without any."""
        moments = [] if (at := self._next_request()) is None else [at]
        if self._moments:
            moments.append(self._moments[0][0])
        return max(now, min(moments)) if moments else None

    def _request_at(self, domain: _Domain, at: float) -> None:
        domain.request_at = at
        if not domain.is_requested:
            heapq.heappush(self._requests, (at, domain.name))

    def _next_request(self) -> float | None:
        """Return when the next request is due, past outdated entries."""
        while self._requests:
            at, name = self._requests[0]
            domain = self._domains.get(name)
            if domain is not None and at == domain.request_at and domain.is_busy and not domain.is_requested:
                return at
            heapq.heappop(self._requests)
        return None
