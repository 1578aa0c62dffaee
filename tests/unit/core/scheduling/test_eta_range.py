"""The range of an estimate: not before, likely by; rounded outwards, and steady."""

from __future__ import annotations

import math

import pytest

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.eta import NoEstimate, Outlook, outlook
from tlray.core.scheduling.eta_range import SHOWN_S, Between, EtaRange, rounded

WALL = 1_800_000_000.0  # 08:00:00 UTC
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


def of(**by_domain: int) -> Batch:
    n = {name.replace("_", "."): n for name, n in by_domain.items()}
    return Batch(
        1,
        "b1",
        "",
        Priority.NORMAL,
        BatchState.RUNNING,
        {ItemState.QUEUED: sum(n.values())},
        open_by_domain=n,
    )


@pytest.mark.parametrize(
    ("early_s", "late_s", "rounded_early_s", "rounded_late_s"),
    [
        (59, 61, 0, 2 * MINUTE),
        (5 * MINUTE, 9 * MINUTE + 1, 5 * MINUTE, 10 * MINUTE),
        (11 * MINUTE, 17 * MINUTE, 10 * MINUTE, 20 * MINUTE),
        (61 * MINUTE, 74 * MINUTE, HOUR, 75 * MINUTE),
        (6 * HOUR + 1, 7.5 * HOUR, 6 * HOUR, 8 * HOUR),
        (50 * HOUR, 60 * HOUR, 40 * HOUR, 64 * HOUR),  # midnights of UTC
        (-5, 0, -60, 0),
    ],
)
def test_a_range_is_rounded_outwards_and_coarser_the_further_off(
    early_s: float, late_s: float, rounded_early_s: float, rounded_late_s: float
) -> None:
    found = rounded(WALL + early_s, WALL + late_s, wall=WALL)
    assert found == (WALL + rounded_early_s, WALL + rounded_late_s)
    assert rounded(None, WALL + late_s, wall=WALL) == (None, WALL + rounded_late_s)


def update(eta: EtaRange, at: float, left_s: float | None, least_s: float | None = None) -> Between | None:
    return eta.update(left_s=left_s, least_s=least_s, now=at, wall=WALL + at)


def test_a_range_stays_until_a_new_one_leaves_it_or_is_half_as_wide() -> None:
    eta = EtaRange()
    first = update(eta, 0.0, 1_000.0, 600.0)
    assert first == (WALL + 600, WALL + 1_200)
    assert update(eta, 5.0, 1_010.0, 595.0) == first, "within 10 s"
    assert update(eta, 10.0, 990.0, 590.0) == first
    later = update(eta, 2 * SHOWN_S, 1_500.0, 580.0)
    assert later is not None
    assert later.likely_by > first.likely_by
    assert later.not_before == first.not_before
    eta = EtaRange()
    update(eta, 0.0, 1_000.0, 600.0)
    narrow = update(eta, 450.0, 200.0, 180.0)
    assert narrow == (WALL + 600, WALL + 720)


def test_what_wandered_is_widened_by_as_much() -> None:
    calm, restless = EtaRange(), EtaRange()
    for n in range(60):
        at = 5.0 * n
        update(calm, at, 3_000.0 - at)
        update(restless, at, 3_000.0 - at + (600.0 if n % 2 else -600.0))
    assert update(calm, 300.0, 2_700.0) == (None, WALL + 3_600)
    wide = update(restless, 300.0, 2_700.0)
    assert wide is not None
    assert wide.likely_by >= WALL + 3_000 + 600
    assert wide.likely_by > WALL + 3_600
    assert update(EtaRange(), 0.0, 2_700.0) == (None, WALL + 3_300)
    forgotten = update(restless, 1_000.0, 2_000.0)
    assert forgotten is not None
    assert len(restless._ends) == 1, "what was estimated earlier is forgotten"


def test_no_estimate_is_no_range() -> None:
    eta = EtaRange()
    assert update(eta, 0.0, None) is None
    assert update(eta, 1.0, 500.0, 100.0) is not None
    assert update(eta, 2.0, None) is None
    assert update(eta, 3.0, 60.0, 50.0) is not None, "at once again"


@pytest.mark.parametrize(
    ("one", "other", "holds"),
    [
        (Between(1.0, 4.0), Between(2.0, 3.0), True),
        (Between(1.0, 4.0), Between(0.0, 3.0), False),
        (Between(1.0, 4.0), Between(2.0, 5.0), False),
        (Between(1.0, 4.0), Between(None, 3.0), False),
        (Between(None, 4.0), Between(None, 3.0), True),
        (Between(None, 4.0), Between(1.0, 3.0), True),
    ],
)
def test_a_range_holds_another(one: Between, other: Between, holds: bool) -> None:
    assert one.holds(other) is holds
    assert (Between(None, 9.0).width(5.0), Between(3.0, 9.0).width(5.0)) == (4.0, 6.0)


def test_the_slowest_ceiling_says_before_when_it_cannot_end() -> None:
    slow, quick = (
        DomainState("a.test", DomainPolicy(0.125)),
        DomainState("b.test", DomainPolicy(10.0, 5.0, 4)),
    )
    found = outlook(of(a_test=69, b_test=100), {"a.test": slow, "b.test": quick}, now=0.0)
    n_ahead = 1 + slow.ceiling.concurrency + 3 * 0.125
    assert (found.domain, found.left_s, found.missing) == ("a.test", 552.0, None)
    assert found.least_s == pytest.approx((69 - n_ahead) / 0.125)
    slow.cool_down(300.0, "throttled: 429")
    rests = outlook(of(a_test=1, b_test=100), {"a.test": slow, "b.test": quick}, now=0.0)
    assert (rests.domain, rests.least_s) == ("a.test", 300.0)


def test_a_domain_without_a_ceiling_promises_nothing() -> None:
    free = DomainState("a.test", DomainPolicy(math.inf))
    found = outlook(of(a_test=10), {"a.test": free}, now=0.0)
    assert found == Outlook(None, None, None, NoEstimate.NO_PAGE_YET)
    assert outlook(of(a_test=10), {}, now=0.0).missing is NoEstimate.NO_PAGE_YET
    assert outlook(of(a_test=0), {}, now=0.0) == Outlook(0.0, 0.0)


def test_a_quick_domain_without_a_ceiling_does_not_decide_beside_a_slow_one() -> None:
    free, slow = DomainState("a.test", DomainPolicy(math.inf)), DomainState("b.test", DomainPolicy(0.125))
    for i in range(200):
        free.throughput.n_final += 1
        free.count([Outcome(i, OutcomeKind.FETCHED, latency_s=0.1)], now=i / 50)
    domains = {"a.test": free, "b.test": slow}
    found = outlook(of(a_test=10, b_test=100), domains, now=4.0)
    assert (found.domain, found.left_s) == ("b.test", 800.0)
    assert outlook(of(a_test=1_000_000, b_test=1), domains, now=4.0).domain == "a.test"


def test_why_there_is_no_estimate() -> None:
    matching = of(a_test=10)
    matching.is_matching = True
    assert outlook(matching, {}, now=0.0) == Outlook(None, missing=NoEstimate.MATCHING)
    paused = DomainState("a.test", DomainPolicy(1.0), DomainOverride(is_paused=True))
    found = outlook(of(a_test=10), {"a.test": paused}, now=0.0)
    assert found == Outlook(None, domain="a.test", missing=NoEstimate.PAUSED_DOMAIN)


def test_an_outlook_comes_nearer_as_time_passes() -> None:
    assert Outlook(10.0, 4.0, "a.test").after(6.0) == Outlook(4.0, 0.0, "a.test")
    assert Outlook(None).after(6.0) == Outlook(None)


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ([4, 5], True),
        ([4, 6, 9], True),
        ([4, 7], False),  # nobody saw the half go by
        ([5, 6], False),  # nor its first half
        ([], False),
    ],
)
def test_what_was_said_at_half_way_is_kept(seen: list[int], kept: bool) -> None:
    eta = EtaRange()
    said = eta.update(left_s=10 * MINUTE, least_s=5 * MINUTE, now=0.0, wall=WALL)
    for done in seen:
        eta.pass_half(done, 10)
    eta.update(left_s=HOUR, least_s=HOUR, now=60.0, wall=WALL)
    assert said is not None
    assert eta.at_half == (said if kept else None)
    assert eta.shown != said
