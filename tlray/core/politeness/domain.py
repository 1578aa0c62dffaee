"""The state of a domain: policy, robots.txt, rests, and the number of its items that may be leased.

A domain is leased ahead by its fetches of `LEASE_AHEAD_S`: enough that a task never waits for the coordinator, and little
enough for other tasks. Leases of a lower priority do not count against a higher one.

A domain that blocks `PARK_AFTER_BLOCKS` times in a row, or is silent for longer than a batch puts items off, is *parked*: its
items become dead letters, with the reason, and the batch can end. A new batch, a manual retry or a good answer ends that; the
cool-down stays.

A domain slow enough for one loop is leased to one task at a time, so that one task controls its spacing and its connections.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tlray.core.model.durations import in_words, spacing_in_words
from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.model.item import Priority
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.adaptive_rate import AdaptiveRate
from tlray.core.politeness.circuit_breaker import NO_ANSWER, CircuitBreaker
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import NO_OVERRIDE, DomainOverride
from tlray.core.politeness.policy import ceiling, effective
from tlray.core.politeness.retry import MIN_BACKOFF_S, is_throttle
from tlray.core.politeness.robots import NOT_ITS_TURN, REFETCH_AFTER_S
from tlray.core.politeness.throughput import Throughput

LEASE_AHEAD_S = 4.0
MAX_AHEAD = 1_024
"""The most items of one domain that may be leased at once."""
ONE_LOOP_RATE = 50.0
"""Fetches a second up to which a domain is leased to one task."""
PARK_AFTER_BLOCKS = 4
"""Blocks in a row, each after a longer cool-down, after which a domain is parked."""
PARKED = "parked"
"""The first word of these dead letters' reason: ``tlray retry --reason parked`` queues them again."""
MAX_ROBOTS_FAILURES = 5
MAX_ROBOTS_LOST = 3
MAX_ROBOTS_BACKOFF_S = 300.0
MAX_ROBOTS_SNOOZE_S = 172_800.0
"""Two days: the longest time that a site may put its robots.txt off (429, Retry-After)."""
FETCHES_A_ROBOTS = 10
"""Fetches of a slow domain before its robots.txt is read again, even if it is older than a day."""
LONGEST_TURN_S = 30 * 86_400.0
"""A turn further off than this is not waited for."""
SLOW_S = 60.0
"""A crawl-delay from this length on is shown to the user."""
MAX_ROBOTS_HOPS = 5
"""RFC 9309 §2.3.1.2: five redirects are followed, also to other hosts; then there is none."""

GOOD = frozenset(
    {OutcomeKind.FETCHED, OutcomeKind.LISTED, OutcomeKind.FOUND, OutcomeKind.GONE, OutcomeKind.NOT_A_SET}
)
"""Answers of a site that serves us."""


@dataclass(slots=True)
class DomainState:
    """One domain in the coordinator. Moments are monotonic seconds."""

    name: str
    policy: DomainPolicy
    override: DomainOverride = NO_OVERRIDE
    """The operator's override."""
    robots_text: str | None = None
    """None until it is known."""
    robots_until: float = -math.inf
    crawl_delay_s: float | None = None
    robots_lease: str | None = None
    """The lease that is fetching it."""
    n_robots_failures: int = 0
    n_robots_lost: int = 0
    """Workers that died while they were reading it."""
    robots_missed_since: float | None = None
    robots_url: str | None = None
    """Its location after redirects."""
    n_robots_hops: int = 0
    robots_from_public: bool = False
    """True if a public address redirected there."""
    is_named: bool = False
    """True if a list names it; else only redirects from public addresses have led here."""
    rest_until: float = -math.inf
    rest_reason: str = ""
    """The reason of the rest."""
    turn_until: float = -math.inf
    turn_reason: str = ""
    """The next turn at the present rate is so far off; another rate ends this."""
    n_blocks: int = 0
    """Blocks in a row, without a good page between them."""
    n_throttles: int = 0
    n_blocks_ever: int = 0
    n_fetched: int = 0
    holders: dict[str, int] = field(default_factory=dict)
    """Lease → its items of this domain."""
    leased_at: list[int] = field(default_factory=lambda: [0] * len(Priority))
    """Items leased, by priority."""
    throughput: Throughput = field(default_factory=Throughput)
    """The measured throughput."""
    adaptive: AdaptiveRate = field(default_factory=AdaptiveRate)
    """The estimate of the rate that it bears."""
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    parked: str | None = None
    """Why its items are dead letters, until a person wants it tried again."""
    _effective: tuple[tuple[object, ...], DomainPolicy] | None = None

    @property
    def effective(self) -> DomainPolicy:
        """The policy that limiter and tasks keep to (`tlray.core.politeness.policy`, step 5)."""
        is_open = self.breaker.open_since is not None
        of = (self.policy, self.override, self.crawl_delay_s, self.adaptive.rate, is_open)
        if self._effective is None or self._effective[0] != of:
            self._effective = of, effective(self.ceiling, self.adaptive, is_probing=is_open)
        return self._effective[1]

    @property
    def ceiling(self) -> DomainPolicy:
        """The highest that `effective` may be (`tlray.core.politeness.policy`, step 4)."""
        return ceiling(self.policy, self.override, self.crawl_delay_s)

    @property
    def n_leased(self) -> int:
        """Items of this domain in any lease."""
        return sum(self.leased_at)

    @property
    def is_single_task(self) -> bool:
        """True if it is slow enough for one task."""
        return self.effective.rate <= ONE_LOOP_RATE

    @property
    def has_history(self) -> bool:
        """True if it has history that is not journalled: a lowered rate, failures, blocks, crashes of its readers."""
        breaker = self.breaker
        in_a_row = self.n_blocks or self.n_throttles or self.n_robots_failures or self.n_robots_lost
        return bool(in_a_row or breaker.failed or breaker.open_since is not None) or not math.isinf(
            self.adaptive.rate
        )

    def has_robots(self, now: float) -> bool:
        """True if robots.txt is known and fresh. Files have none."""
        return self.name == FILE_DOMAIN or (self.robots_text is not None and now < self.robots_until)

    @property
    def cool_until(self) -> float:
        """The moment until which nothing is fetched: it rests, or its turn is far off."""
        return max(self.rest_until, self.turn_until)

    @property
    def cool_reason(self) -> str:
        """The reason of `cool_until`."""
        return self.turn_reason if self.turn_until > self.rest_until else self.rest_reason

    def is_cooling(self, now: float) -> bool:
        """True before `cool_until`."""
        return now < self.cool_until

    def rests(self, now: float) -> bool:
        """True if nothing may be leased: it cools down, or an operator has paused it."""
        return self.override.is_paused or self.is_cooling(now)

    def allowance(self, lease_id: str, now: float, priority: Priority = Priority.LOW) -> int:
        """Return how many more items of a priority the lease may take of this domain now."""
        if not self._may_lease(lease_id, now):
            return 0
        if self.breaker.open_since is not None:
            return max(0, 1 - self.n_leased)  # a probe
        rate = self.effective.rate
        ahead = MAX_AHEAD if math.isinf(rate) else min(MAX_AHEAD, math.ceil(rate * LEASE_AHEAD_S) + 1)
        return max(0, ahead - sum(self.leased_at[: priority + 1]))

    def owed_allowance(self, lease_id: str, now: float, priority: Priority) -> int:
        """Return how many items that are owed to a priority the lease may take, whatever else is leased."""
        is_open = self.breaker.open_since is not None
        n = self.n_leased if is_open else self.leased_at[priority]
        return max(0, 1 - n) if self._may_lease(lease_id, now) else 0

    def _may_lease(self, lease_id: str, now: float) -> bool:
        if self.rests(now) or not self.has_robots(now):
            return False
        return not (self.is_single_task and any(holder != lease_id for holder in self.holders))

    def lease(self, lease_id: str, n: int = 1, *, priority: Priority = Priority.NORMAL) -> None:
        """Count items into a lease."""
        self.holders[lease_id] = self.holders.get(lease_id, 0) + n
        self.leased_at[priority] += n

    def release(self, lease_id: str, *, priority: Priority = Priority.NORMAL) -> None:
        """Count one item out of a lease."""
        self.leased_at[priority] -= 1
        left = self.holders.get(lease_id, 0) - 1
        if left > 0:
            self.holders[lease_id] = left
        else:
            self.holders.pop(lease_id, None)

    def apply_robots(self, text: str, crawl_delay_s: float | None, *, now: float) -> None:
        """Apply a robots.txt."""
        was = self.effective
        self.robots_text, self.crawl_delay_s = text, crawl_delay_s
        # it costs a permit: it must not take all permits of a domain with one a day
        again_s = min(FETCHES_A_ROBOTS / self.ceiling.rate, LONGEST_TURN_S)
        self.robots_until = now + max(REFETCH_AFTER_S, again_s)
        self.n_robots_failures, self.robots_missed_since = 0, None
        self.reset_robots_location()
        self.changed_from(was)

    def count_robots_crash(self) -> bool:
        """Count a worker that died while reading robots.txt; True if that was once too often."""
        self.n_robots_lost += 1
        if self.n_robots_lost < MAX_ROBOTS_LOST:
            return False
        self.n_robots_lost = 0
        return True

    def forget_robots(self) -> None:
        """Forget the text; its crawl-delay holds until another is known."""
        self.robots_text, self.robots_until = None, -math.inf

    def reset_robots_location(self) -> None:
        """Look for robots.txt at the domain's root again."""
        self.robots_url, self.n_robots_hops, self.robots_from_public = None, 0, False

    def follow_robots_redirect(self, url: str, *, from_public: bool = False) -> bool:
        """Follow a redirect of robots.txt; False after too many, which counts as having none."""
        self.robots_url = url
        self.robots_from_public |= from_public
        self.n_robots_hops += 1
        return self.n_robots_hops <= MAX_ROBOTS_HOPS

    def count_robots_failure(self, reason: str, *, now: float, retry_after_s: float | None = None) -> bool:
        """Count a robots.txt that could not be fetched; True if that was too often, or for too long.

        A put-off by ``retry_after_s`` is no failure, as for an item.
        """
        if self.robots_missed_since is None:
            self.robots_missed_since = now
        self.n_robots_failures += retry_after_s is None
        wait_s = retry_after_s
        if wait_s is None:
            wait_s = min(MAX_ROBOTS_BACKOFF_S, 2.0 ** (self.n_robots_failures - 1))
        wait = self.wait_turn if reason == NOT_ITS_TURN else self.cool_down
        wait(now + max(MIN_BACKOFF_S, wait_s), f"robots.txt: {reason}")
        too_long = now - self.robots_missed_since > MAX_ROBOTS_SNOOZE_S
        if too_long or self.n_robots_failures >= MAX_ROBOTS_FAILURES:
            self.n_robots_failures, self.robots_missed_since = 0, None
            return True
        return False

    def cool_down(self, until: float, reason: str) -> None:
        """Fetch nothing before ``until``; a longer rest stays."""
        if until > self.rest_until:
            self.rest_until, self.rest_reason = until, reason

    def lift(self) -> None:
        """End its rest, and reset the counts that led to it. Its rate stays: its limiter knows its next turn."""
        self.rest_until, self.rest_reason, self.turn_until = -math.inf, "", -math.inf
        self.n_blocks = self.n_throttles = self.n_robots_failures = 0
        self.robots_missed_since = self.parked = None
        self.breaker.close()

    def wait_turn(self, until: float, reason: str) -> None:
        """Lease nothing before ``until``, its next turn at the present rate."""
        if until > self.turn_until:
            self.turn_until, self.turn_reason = until, reason

    def changed_from(self, was: DomainPolicy) -> bool:
        """True if its policy is not the one it ``was``; a higher rate brings its next turn nearer."""
        if self.effective.rate > was.rate:
            self.turn_until = -math.inf
        return self.effective != was

    def n_in_row(self, kind: OutcomeKind, *, now: float) -> int:
        """Return the number of such answers in a row, one more of them included.

        An answer during a cool-down was in flight with the one that caused it, and is no further step.
        """
        n = self.n_blocks if kind is OutcomeKind.BLOCKED else self.n_throttles
        return n if n and self.is_cooling(now) else n + 1

    def count(self, outcomes: Iterable[Outcome], *, now: float) -> None:
        """Count the outcomes of one report. They were in flight together: their blocks are one step."""
        outcomes = tuple(outcomes)
        top = self.ceiling
        self.throughput.count(outcomes, now=now, rate=top.rate, cool_until=self.cool_until)
        self.adaptive.observe(outcomes, now=now, ceiling=top.rate, is_auto=top.is_auto)
        self.n_blocks_ever += sum(outcome.kind is OutcomeKind.BLOCKED for outcome in outcomes)
        self.n_fetched += sum(outcome.kind in GOOD for outcome in outcomes)
        self.count_answers(outcomes, now=now)

    def forecast(self) -> DomainState:
        """Return a copy on which `count_answers` and the robots.txt methods show the effect of a report."""
        return replace(self, breaker=self.breaker.copy())

    def may_park(self, outcomes: Iterable[Outcome]) -> bool:
        """True if these outcomes could park it: a cheap test, true too often rather than too seldom."""
        return any(o.kind is OutcomeKind.BLOCKED or o.kind in NO_ANSWER for o in outcomes) and (
            self.n_blocks + 1 >= PARK_AFTER_BLOCKS or self.breaker.open_since is not None
        )

    def count_answers(self, outcomes: Iterable[Outcome], *, now: float) -> None:
        """Count blocks, throttles and silence of one report."""
        kinds, cool_until = set(), self.cool_until
        for outcome in outcomes:
            rest_s = self.breaker.count(outcome.item_id, outcome.kind, now=now, cool_until=cool_until)
            cool_until = max(cool_until, now + (rest_s or 0.0))
            kinds.add(OutcomeKind.THROTTLED if is_throttle(outcome) else outcome.kind)
        if OutcomeKind.BLOCKED in kinds:
            self.n_blocks = self.n_in_row(OutcomeKind.BLOCKED, now=now)
            if self.n_blocks >= PARK_AFTER_BLOCKS:
                self.parked = blocked_too_often(self.n_blocks)
        elif OutcomeKind.THROTTLED in kinds:
            self.n_throttles = self.n_in_row(OutcomeKind.THROTTLED, now=now)
        elif not kinds.isdisjoint(GOOD) and not self.is_cooling(now):
            self.n_blocks = self.n_throttles = 0
            self.parked = None

    def parked_reason(self, max_snooze_s: float, *, now: float) -> str | None:
        """Return why a batch with this longest snooze has its items here parked, or None."""
        since = self.breaker.open_since
        if since is not None and now - since > max_snooze_s:
            self.parked = f"{PARKED}: no answer for {(now - since) / 3600:.3g} hours"
        return self.parked

    @property
    def robots_delay_s(self) -> float | None:
        """The crawl-delay of robots.txt where it makes the ceiling; None where something slower does, or nothing."""
        delay_s = self.crawl_delay_s
        if delay_s is None or self.policy.crawl_delay_ignored or self.ceiling.rate < 1 / delay_s:
            return None
        return delay_s

    @property
    def slow_because(self) -> str | None:
        """The reason of a very slow rate: the crawl-delay of robots.txt; None if it is not so slow."""
        delay_s = self.robots_delay_s
        if delay_s is None or delay_s < SLOW_S:
            return None
        return f"robots.txt asks for {spacing_in_words(delay_s)}"

    def give_up_reason(self, patience_s: float, *, now: float) -> str | None:
        """Return why it rests for longer than items wait, or None. Its own next turn is waited for, up to `LONGEST_TURN_S`."""
        rest_s = self.cool_until - now
        spacing_s = 1 / self.ceiling.rate
        if rest_s <= max(patience_s, min(spacing_s, LONGEST_TURN_S)):
            return None
        if rest_s <= spacing_s:
            return f"{PARKED}: {self.slow_because or self.cool_reason}"
        waits = f"it is to rest for {in_words(rest_s)}, nothing waits for longer than {in_words(patience_s)}"
        return f"{PARKED}: {self.cool_reason}; {waits}; `tlray domain {self.name} --lift` ends the rest"

    def try_again(self, *, now: float) -> None:
        """Try it again, whatever has been; a cool-down stays."""
        self.parked = None
        if self.breaker.open_since is not None:
            self.breaker.open_since = now


def blocked_too_often(n: int) -> str:
    """Return the reason for a domain that blocks again and again."""
    return f"{PARKED}: blocked {n} times in a row"
