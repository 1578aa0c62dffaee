"""Slow domains are shared out by what they come to, and none is left over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.scheduling.fair_share import SLACK, FairShare
from tlray.core.scheduling.frontier import Frontier


def test_a_task_takes_domains_on_until_it_has_its_part() -> None:
    share = FairShare({}, part=10.0)
    assert share.may_take("a", 6.0)
    assert share.may_take("b", 6.0), "a little more than its part is better than a domain left over"
    assert not share.may_take("c", 1.0)
    assert share.may_take("a", 6.0), "what it has taken on it may go on with"


def test_what_a_task_holds_beyond_its_part_it_gives_up() -> None:
    share = FairShare({"a": 6.0, "b": 7.0, "c": 6.0}, part=10.0)
    assert share.may_take("a", 6.0)
    assert share.may_take("b", 7.0)
    assert not share.may_take("c", 6.0)


def test_a_change_of_rates_alone_moves_nothing() -> None:
    held = {"a": 10.0, "b": 1.0}
    assert FairShare(held, part=10.0 / SLACK + 0.1).may_take("b", 1.0)


@given(flows=st.lists(st.floats(0.01, 50.0), min_size=1, max_size=30), n_tasks=st.integers(1, 10))
def test_no_domain_is_left_over(flows: list[float], n_tasks: int) -> None:
    part = sum(flows) / n_tasks + 1e-6
    free = {f"d{i}": pages_per_s for i, pages_per_s in enumerate(flows)}
    for _ in range(n_tasks):
        share = FairShare({}, part)
        for domain in [d for d, pages_per_s in free.items() if share.may_take(d, pages_per_s)]:
            del free[domain]
    assert not free


def test_a_domain_that_is_left_for_others_is_not_parked() -> None:
    frontier = Frontier()
    for n, domain in enumerate(("a", "b", "c")):
        frontier.push(FrontierItem(n, 1, domain, "u", f"f{n}"), Priority.NORMAL)
    mine = {"a": -1, "b": 5, "c": -1}
    assert [item.domain for item in frontier.take(9, mine.__getitem__)] == ["b"]
    assert {item.domain for item in frontier.take(9, lambda _: 5)} == {"a", "c"}
