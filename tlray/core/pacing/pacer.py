"""Inside a task: which fetch may begin now, and what is to be asked of the limiters?

The limiters own the rates; here the permits that they gave wait for their moment, and `tlray.core.pacing.send_pacing` sees to it
that they do not bunch at the site's socket when they are used late. Of a domain's items a higher priority
begins first; every `AGEING`-th begin goes to the lowest that waits. A step costs
O(log n) in the domains, not a look at each. Times are monotonic seconds of this process.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from tlray.core.model.item import Priority
from tlray.core.pacing.send_pacing import Wire
from tlray.core.politeness.limiter_gate import BLOCK_S, LISTEN_S, Ask, Grant
from tlray.core.politeness.token_bucket import SLACK_S
from tlray.core.scheduling.lease import DomainTerms, LeasedItem, RobotsErrand

GIVE_BACK_AFTER_S = 20.0
"""Items of a domain that may not be fetched for longer go back to the frontier."""
MIN_ASK_S = 0.02
FADES = 0.9
"""With each answer, the longest that one took counts for so much of what it did."""
AGEING = 8
"""Every so-manieth begin of a domain goes to the lowest priority that waits there."""
HOLD_S = 2.0
"""How often, at the least, a limiter is told of fetches that are in flight."""
IDLE_S = 60.0
"""A domain that a task has had nothing to do with for so long, and for its own politeness window besides, is forgotten."""
ASK_TOGETHER_S = 0.1
"""Asks that are not pressing are made together, ten times a second: a limiter's time goes into calls, not into
domains. They come at least twice as long before what they ask for is due."""

Errand = LeasedItem | RobotsErrand


def _together(at: float) -> float:
    """Return the next moment for asks that are not pressing."""
    return at + -at % ASK_TOGETHER_S


@dataclass(slots=True)
class _Pending:
    """What waits for its turn at one domain, by priority."""

    by_priority: tuple[deque[Errand], ...] = field(default_factory=lambda: tuple(deque() for _ in Priority))
    n_over: int = 0
    """Begins, one after the other, that a lower priority had to let pass."""

    def __len__(self) -> int:
        return sum(map(len, self.by_priority))

    def append(self, errand: Errand) -> None:
        """Take in an errand; robots.txt comes before any page."""
        priority = errand.priority if isinstance(errand, LeasedItem) else Priority.IMMEDIATE
        self.by_priority[priority].append(errand)

    def pop(self) -> Errand:
        """Take out whose turn it is."""
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
    wire: Wire
    pending: _Pending = field(default_factory=_Pending)
    n_permits: int = 0
    """Permits in hand: given, and not used yet."""
    held_up: deque[float] = field(default_factory=deque)
    """Those of them whose moment has come, but no slot was free (of a domain without a ceiling), or an earlier
    request is not on the wire yet (of one with)."""
    n_slots: int = 0
    n_in_flight: int = 0
    late_s: float = BLOCK_S
    """A permit that is used later is spent."""
    more_at: float = -math.inf
    """When the limiter may have more, by its last answer."""
    ask_at: float = -math.inf
    is_asked: bool = False
    asked_at: float = math.inf
    answer_s: float = 0.0
    """The longest that an answer took lately, as the limiter is told with the next question."""
    used_at: float = -math.inf
    """When it had something to do last."""

    @property
    def is_busy(self) -> bool:
        """Whether a limiter must hear of it: something waits, or something in flight holds a slot."""
        return len(self.pending) > 0 or self.n_in_flight > 0

    def is_too_late(self, took_s: float) -> bool:
        """Take in how long an answer took, and return whether another task may be given what it gives meanwhile: the limiter
        allows for what it was told. Where fetches are far apart it hears of this one before it gives another."""
        is_late = took_s > max(self.answer_s, self.late_s) and self.wire.rate * LISTEN_S > 1
        self.answer_s = max(took_s, FADES * self.answer_s)
        return is_late and self.wire.has_ceiling

    def is_idle(self, now: float) -> bool:
        """Whether it could be made anew without anybody noticing."""
        if self.is_busy or self.is_asked or self.n_permits:
            self.used_at = now
        return now - self.used_at > IDLE_S + self.wire.burst / self.wire.rate


class Pacing:
    """The fetches of one task that have not begun, and the permits in hand."""

    def __init__(self) -> None:
        self._domains: dict[str, _Domain] = {}
        self._moments: list[tuple[float, str, float]] = []
        """When to look at a permit, its domain, and from when on it holds."""
        self._to_ask: list[tuple[float, str]] = []
        """When to ask for which domain; an entry that is not its `ask_at` any more is passed over."""
        self.n_pending = 0
        """Items and errands that have not begun."""

    def learn(self, terms: DomainTerms | RobotsErrand, *, now: float) -> None:
        """Take in a domain's policy."""
        domain, policy = self._domains.get(terms.domain), terms.policy
        if domain is None:
            wire = Wire(policy.rate, policy.burst, now=now)
            self._domains[terms.domain] = _Domain(terms.domain, terms.limiter, wire)
        else:
            domain.wire.change(policy.rate, policy.burst, now=now)
        self._domains[terms.domain].used_at = now

    def forget_idle(self, held: Collection[str], *, now: float) -> list[str]:
        """Forget the domains that have had nothing to do for longer than their politeness windows, but for those of which the
        task still ``held`` items when the coordinator heard of it last; return them."""
        idle = [name for name, at in self._domains.items() if at.is_idle(now) and name not in held]
        for name in idle:
            del self._domains[name]
        return idle

    def add(self, errands: Iterable[Errand]) -> None:
        """Take in what is to be fetched; its domain must be known."""
        idle: dict[str, float] = {}
        for errand in errands:
            domain = self._domains[errand.domain]
            if not domain.pending:
                # nothing was wanted there; what it was to ask was but for its slots
                idle[domain.name] = domain.more_at
            elif not domain.wire.has_ceiling and domain.n_permits <= len(domain.pending):
                idle[domain.name] = -math.inf
            domain.pending.append(errand)
            self.n_pending += 1
        for name, ask_at in idle.items():
            self._ask_at(self._domains[name], ask_at)

    def begin(self, now: float) -> Errand | None:
        """Return a fetch that may begin now, and count it as begun; None if there is none."""
        while self._moments and self._moments[0][0] <= now:
            due_at, name, moment = heapq.heappop(self._moments)
            domain = self._domains[name]
            is_free = domain.n_in_flight < domain.n_slots
            if not is_free and domain.pending and not domain.wire.has_ceiling:
                domain.held_up.append(moment)
                continue
            if not domain.pending or not is_free or now - moment > domain.late_s:
                # spent all the same: used later, it could bunch with one that another task was given
                domain.n_permits -= 1
                continue
            if domain.wire.must_hold(now - due_at):
                domain.held_up.append(moment)
                continue
            if (wait_s := domain.wire.wait_s(now=now)) > SLACK_S:
                self._look_again(domain, now + wait_s, moment)
                continue
            domain.wire.begin(now=now)
            domain.n_permits -= 1
            domain.n_in_flight += 1
            self.n_pending -= 1
            return domain.pending.pop()
        return None

    def sent(self, name: str, *, now: float) -> bool:
        """Count a fetch as on the wire, and return whether something has waited for that. Each that began must be
        counted so before it ends, also if it came to nothing."""
        domain = self._domains[name]
        domain.wire.sent(now=now)
        return self._let_go(domain, now)

    def ended(self, name: str, *, now: float) -> None:
        """Count a fetch as ended."""
        domain = self._domains[name]
        domain.n_in_flight -= 1
        domain.used_at = now
        self._let_go(domain, now)

    def _let_go(self, domain: _Domain, now: float) -> bool:
        """Let one permit that was held up try again."""
        if domain.held_up:
            self._look_again(domain, now, domain.held_up.popleft())
            return True
        return False

    def _look_again(self, domain: _Domain, at: float, moment: float) -> None:
        """Look at a permit later; what this task keeps apart by itself holds from then on."""
        heapq.heappush(self._moments, (at, domain.name, moment if domain.late_s < BLOCK_S else at))

    def asks(self, now: float) -> dict[int, list[Ask]]:
        """Return what is to be asked, by limiter; an asked domain is not asked for again before its
        answer."""
        asks: dict[int, list[Ask]] = {}
        while (at := self._next_ask()) is not None and at <= now:
            domain = self._domains[heapq.heappop(self._to_ask)[1]]
            n_in_hand = min(domain.n_permits, len(domain.pending))
            n_wanted = len(domain.pending) - n_in_hand
            wait_s = domain.wire.wait_s(now=now) if domain.wire.has_ceiling else 0.0
            ask = Ask(domain.name, n_wanted, domain.n_in_flight, n_in_hand, wait_s, domain.answer_s)
            asks.setdefault(domain.limiter, []).append(ask)
            domain.is_asked, domain.asked_at = True, now
        return asks

    def answered(self, grants: Iterable[Grant], *, now: float) -> list[Grant]:
        """Take in the limiters' answers; return those that say to come back much later, or that know no such
        domain."""
        far = []
        for grant in grants:
            domain = self._domains[grant.domain]
            domain.is_asked = False
            if grant.is_unknown:
                self._ask_at(domain, now + BLOCK_S)
                far.append(grant)
                continue
            domain.n_slots, domain.late_s = grant.n_slots, grant.late_s
            domain.wire.change(grant.rate, grant.burst, now=now)
            if not domain.is_too_late(now - domain.asked_at):
                domain.n_permits += len(grant.starts)
                for start_s in grant.starts:
                    heapq.heappush(self._moments, (now + start_s, grant.domain, now + start_s))
            for _ in range(min(len(domain.held_up), domain.n_slots - domain.n_in_flight)):
                self._let_go(domain, now)
            wait_s = max(MIN_ASK_S, grant.retry_after_s)
            has_more = math.isinf(grant.rate) and grant.retry_after_s <= BLOCK_S
            domain.more_at = -math.inf if has_more else now + wait_s
            if domain.n_in_flight or domain.n_permits:
                wait_s = min(wait_s, HOLD_S) if domain.pending else HOLD_S
            self._ask_at(domain, _together(now + wait_s) if wait_s > ASK_TOGETHER_S else now + wait_s)
            if not grant.starts and grant.retry_after_s > GIVE_BACK_AFTER_S:
                far.append(grant)
        return far

    def unanswered(self, names: Iterable[str], *, now: float) -> None:
        """Take in that a limiter did not answer: ask again soon."""
        for name in names:
            self._domains[name].is_asked = False
            self._ask_at(self._domains[name], now + BLOCK_S)

    def take_back(self, which: Callable[[Errand], bool], *, domain: str | None = None) -> list[Errand]:
        """Take out what has not begun and is not to begin, of one domain or of all."""
        out: list[Errand] = []
        for at in self._domains.values() if domain is None else (self._domains[domain],):
            for queue in at.pending.by_priority:
                if any(map(which, queue)):
                    out += filter(which, queue)
                    stay = [errand for errand in queue if not which(errand)]
                    queue.clear()
                    queue.extend(stay)
        self.n_pending -= len(out)
        return out

    def n_useful(self, ahead_s: float) -> int:
        """Return how many items the domains' rates could begin within ``ahead_s``, one more of each to be there in
        time; of domains without a ceiling nothing can be said, and they do not count."""
        paced = (at.wire for at in self._domains.values() if at.wire.has_ceiling)
        return sum(math.ceil(wire.rate * ahead_s) + 1 for wire in paced)

    def wake_at(self, now: float) -> float | None:
        """Return when something may begin or be asked next; None if nothing is pending."""
        moments = [] if (at := self._next_ask()) is None else [at]
        if self._moments:
            moments.append(self._moments[0][0])
        return max(now, min(moments)) if moments else None

    def _ask_at(self, domain: _Domain, at: float) -> None:
        domain.ask_at = at
        if not domain.is_asked:
            heapq.heappush(self._to_ask, (at, domain.name))

    def _next_ask(self) -> float | None:
        """Return when the next limiter is to be asked, past entries that do not hold any more."""
        while self._to_ask:
            at, name = self._to_ask[0]
            domain = self._domains.get(name)
            if domain is not None and at == domain.ask_at and domain.is_busy and not domain.is_asked:
                return at
            heapq.heappop(self._to_ask)
        return None
