"""One domain of a batch as a page shows it."""

from __future__ import annotations

import math

import pytest

from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.snapshot import batch_domain


def domain(**given: object) -> DomainState:
    state = DomainState("a.test", DomainPolicy(2.0))
    for name, value in given.items():
        setattr(state, name, value)
    return state


@pytest.mark.parametrize(
    ("state", "left", "name", "reason"),
    [
        (domain(), 0, "finished", None),
        (domain(), 3, "waiting", None),
        (domain(leased_at=[0, 1, 0]), 3, "fetching", None),
        (domain(rest_until=30.0, rest_reason="throttled: 429"), 3, "resting", "throttled: 429"),
        (domain(override=DomainOverride(is_paused=True)), 3, "paused", None),
        (domain(parked="parked: blocked 4 times in a row"), 3, "parked", "parked: blocked 4 times in a row"),
        (domain(crawl_delay_s=120.0), 3, "waiting", "robots.txt asks for one fetch every 2 min"),
    ],
)
def test_the_state_of_a_domain_says_what_it_waits_for(
    state: DomainState, left: int, name: str, reason: str | None
) -> None:
    found = batch_domain(state, total=5, dead=1, left=left, now=0.0, wall=1_000.0)
    assert (found["state"], found["done"], found["left"], found["dead"]) == (name, 5 - left, left, 1)
    assert found["cooling_until"] == (1_030.0 if name == "resting" else None)
    if state.crawl_delay_s is None:
        assert found["reason"] == reason
        assert (found["rate"], found["max_rate"]) == (2.0, 2.0)
    else:
        assert str(found["reason"]).startswith("robots.txt asks for")


def test_no_ceiling_is_null() -> None:
    found = batch_domain(domain(policy=DomainPolicy(math.inf)), total=5, dead=0, left=5, now=0.0, wall=0.0)
    assert (found["rate"], found["max_rate"]) == (None, None)


@pytest.mark.parametrize(
    ("state", "delay_s"),
    [
        (domain(), None),
        (domain(crawl_delay_s=8.0), 8.0),
        (domain(crawl_delay_s=0.1), None),  # its own ceiling is slower
        (domain(crawl_delay_s=8.0, policy=DomainPolicy(2.0, crawl_delay_ignored=True)), None),
    ],
)
def test_a_crawl_delay_is_told_where_it_makes_the_ceiling(state: DomainState, delay_s: float | None) -> None:
    found = batch_domain(state, total=5, dead=0, left=5, now=0.0, wall=0.0)
    assert found["robots_delay_s"] == delay_s


def test_what_was_cancelled_is_not_done() -> None:
    found = batch_domain(domain(), total=5, dead=1, left=0, done=2, now=0.0, wall=0.0)
    assert (found["total"], found["done"], found["left"]) == (5, 2, 0)
