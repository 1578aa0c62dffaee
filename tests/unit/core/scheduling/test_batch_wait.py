"""What a whole batch waits for, and what its snapshot says of that."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.batch_wait import Wait, wait_of
from tlray.core.scheduling.snapshot import MAX_DOMAINS_SHOWN, shown, snapshot

NOW, WALL = 100.0, 1_800_000_000.0
PAUSED = DomainOverride(is_paused=True)


def book(open_by_domain: Mapping[str, int], n_leased: int = 0, *, is_matching: bool = False) -> Batch:
    n = sum(open_by_domain.values())
    counts = {ItemState.QUEUED: n - n_leased, ItemState.LEASED: n_leased}
    return Batch(
        1, "B1", "", Priority.NORMAL, BatchState.RUNNING, counts, open_by_domain=dict(open_by_domain),
        is_matching=is_matching,
    )  # fmt: skip


def domain(name: str, *, rests_s: float = 0.0, is_paused: bool = False) -> DomainState:
    state = DomainState(name, DomainPolicy(1.0), PAUSED if is_paused else DomainOverride())
    if rests_s:
        state.cool_down(NOW + rests_s, f"blocked: {name}")
    return state


def of(*states: DomainState) -> dict[str, DomainState]:
    return {state.name: state for state in states}


RESTS, RESTS_LONGER = domain("rests", rests_s=90), domain("rests-longer", rests_s=9e9)
FREE, BY_HAND = domain("free"), domain("by-hand", is_paused=True)
BOTH = domain("both", rests_s=5, is_paused=True)
FIRST = Wait("rests", "blocked: rests", NOW + 90)


@pytest.mark.parametrize(
    ("batch", "wait"),
    [
        (book({}), None),
        (book({"rests": 2}), FIRST),
        (book({"rests-longer": 1, "rests": 2}), FIRST),
        (book({"rests": 2, "rests-longer": 1}), FIRST),
        (book({"rests": 2, "free": 0}), FIRST),  # what is done is not at work
        (book({"rests": 2, "free": 1}), None),
        (book({"rests": 2}, n_leased=1), None),  # something is under way
        (book({"rests": 2}, is_matching=True), None),  # kept results may answer it
        (book({"free": 0}), None),
        (book({"nobody-knows": 1, "rests": 1}), None),
        (book({"by-hand": 9, "rests": 2}), FIRST),  # not free, and back later than what rests
        (book({"both": 9, "rests": 2}), FIRST),
        (book({"by-hand": 1, "free": 1}), None),
        (book({"by-hand": 1, "both": 1}), Wait("by-hand", "paused by hand", float("inf"))),
    ],
)
def test_a_batch_waits_for_the_first_of_its_domains_to_come_back(batch: Batch, wait: Wait | None) -> None:
    assert wait_of(batch, of(RESTS, RESTS_LONGER, FREE, BY_HAND, BOTH), now=NOW) == wait


def test_a_snapshot_counts_the_domains_that_it_does_not_show() -> None:
    many = {f"d{i}": 5 for i in range(MAX_DOMAINS_SHOWN)}
    resting = of(*(domain(name, rests_s=3_600 + i) for i, name in enumerate(many)))
    one_more = book({**many, "free": 1})
    assert "free" not in shown(one_more)
    told = snapshot(one_more, {**resting, "free": FREE}, now=NOW, wall=WALL)
    assert (told["waits_until"], told["waits_for"]) == (None, None)
    told = snapshot(book({**many, "rests": 1}), {**resting, "rests": RESTS}, now=NOW, wall=WALL)
    assert told["waits_until"] == WALL + 90
    assert told["waits_for"] == {"domain": "rests", "reason": "blocked: rests"}


def test_nobody_knows_when_a_person_lets_a_domain_go_on() -> None:
    told = snapshot(book({"by-hand": 1}), of(BY_HAND), now=NOW, wall=WALL)
    assert told["waits_until"] is None
    assert told["waits_for"] == {"domain": "by-hand", "reason": "paused by hand"}


def test_the_domains_with_the_most_open_items_are_shown_in_the_order_in_which_they_came() -> None:
    n_open = {f"d{i}": 1 + i % 7 for i in range(MAX_DOMAINS_SHOWN * 3)}
    by_open = sorted(n_open.items(), key=lambda kv: -kv[1])
    assert list(shown(book(n_open)).items()) == by_open[:MAX_DOMAINS_SHOWN]
