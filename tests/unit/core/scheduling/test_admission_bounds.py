"""What is journalled but unfinished is bounded, in all and for each owner, and who has no room hears when."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tlray.core.scheduling.backlog import ABANDONED_AFTER_S, Backlog, BatchLoad, Bounds, InMemory
from tlray.core.scheduling.open_items import OpenItems

BOUNDS = Bounds(in_all=100, per_owner=60)


def backlog(**owners: str) -> Backlog:
    """A backlog with lists that are received: batch → owner."""
    made = Backlog(BOUNDS)
    for batch_id, owner in owners.items():
        made.add(batch_id, owner, now=0.0)
    return made


def running(owner: str, n_open: int, left_s: float | None = None, *, is_running: bool = True) -> BatchLoad:
    return BatchLoad(owner, n_open, is_running, lambda: left_s)


def in_memory(*loads: BatchLoad) -> InMemory:
    open_items = OpenItems()
    for load in loads:
        open_items.add(load.owner, load.n_open)
    return InMemory(open_items, lambda: loads)


def test_a_list_with_room_is_taken_in() -> None:
    made = backlog(a="ann")
    assert made.reserve("a", 60, in_memory(), now=0.0) is None
    assert made.is_too_long("a") is None


def test_what_runs_sleeps_and_is_received_counts_alike() -> None:
    made = backlog(a="ann", b="bob")
    made.add("sleeps", "ann", n_open=20, is_receiving=False, now=0.0)
    live = [running("ann", 20)]
    assert made.reserve("a", 20, in_memory(*live), now=0.0) is None
    refusal = made.reserve("a", 1, in_memory(*live), now=0.0)
    assert refusal is not None
    assert (refusal.is_per_owner, refusal.bound, refusal.n_open) == (True, 60, 60)
    assert made.reserve("b", 40, in_memory(*live), now=0.0) is None, "another owner has room"
    refusal = made.reserve("b", 1, in_memory(*live), now=0.0)
    assert refusal is not None
    assert (refusal.is_per_owner, refusal.bound, refusal.n_open) == (False, 100, 100)


def test_what_is_refused_is_not_counted() -> None:
    made = backlog(a="ann")
    live = [running("ann", 50)]
    assert made.reserve("a", 11, in_memory(*live), now=0.0) is not None
    assert made.reserve("a", 10, in_memory(*live), now=0.0) is None


def test_duplicates_give_their_room_back() -> None:
    made = backlog(a="ann")
    assert made.reserve("a", 50, in_memory(running("ann", 10)), now=0.0) is None
    made.give_back("a", 30)
    assert made.reserve("a", 30, in_memory(running("ann", 10)), now=0.0) is None


def test_a_list_is_too_long_only_once_its_duplicates_are_known() -> None:
    made = backlog(a="ann")
    assert made.reserve("a", 50, in_memory(), now=0.0) is None
    assert made.reserve("a", 50, in_memory(), now=0.0) is None, (
        "they may be duplicates, and nothing else is open"
    )
    found = made.is_too_long("a")
    assert found is not None
    assert (found.is_per_owner, found.bound, found.can_wait) == (True, 60, False)
    made.give_back("a", 40)
    assert made.is_too_long("a") is None


def test_a_list_may_be_too_long_for_all_and_not_for_its_owner() -> None:
    made = Backlog(Bounds(in_all=10, per_owner=60))
    made.add("a", "ann", now=0.0)
    assert made.reserve("a", 11, in_memory(), now=0.0) is None
    found = made.is_too_long("a")
    assert found is not None
    assert (found.is_per_owner, found.bound) == (False, 10)


@pytest.mark.parametrize(
    ("live", "retry_after_s", "can_wait"),
    [
        ([running("ann", 60, 30.0)], 5.0, True),  # 60 in 30 s: ten are done in 5
        ([running("ann", 30, 30.0), running("ann", 30, 10.0)], 2.5, True),  # 1/s and 3/s
        ([running("ann", 60)], None, True),  # nobody knows yet, but it runs
        ([running("ann", 60, float("inf"))], None, True),
        ([running("ann", 60, 30.0, is_running=False)], None, False),  # paused: nothing moves
        ([running("ann", 55, 30.0, is_running=False), running("ann", 5, 5.0)], None, True),  # too few to say
        ([running("ann", 60, 30.0), running("bob", 1, 1.0)], 5.0, True),  # others' work makes no room for her
    ],
)
def test_who_is_refused_hears_when_to_come_back_where_that_is_known(
    live: list[BatchLoad], retry_after_s: float | None, can_wait: bool
) -> None:
    refusal = backlog(a="ann").reserve("a", 10, in_memory(*live), now=0.0)
    assert refusal is not None
    assert refusal.retry_after_s == retry_after_s
    assert refusal.can_wait is can_wait


def test_of_lists_that_wait_for_each_other_the_youngest_gives_up() -> None:
    made = backlog(a="ann", b="ann")
    assert made.reserve("a", 30, in_memory(), now=0.0) is None
    assert made.reserve("b", 30, in_memory(), now=0.0) is None
    first = made.reserve("a", 10, in_memory(), now=1.0)
    assert first is not None
    assert first.can_wait, "b may still be taken in whole"
    second = made.reserve("b", 10, in_memory(), now=2.0)
    assert second is not None
    assert not second.can_wait, "a is older"
    again = made.reserve("a", 10, in_memory(), now=3.0)
    assert again is not None
    assert again.can_wait, "b will give up"
    made.forget("b")
    assert made.reserve("a", 10, in_memory(), now=4.0) is None


def test_a_list_does_not_wait_for_lists_of_others_that_make_no_room() -> None:
    made = backlog(a="ann", b="bob")
    made.add("sleeps", "ann", n_open=60, is_receiving=False, now=0.0)
    assert made.reserve("b", 10, in_memory(), now=0.0) is None
    refusal = made.reserve("a", 1, in_memory(), now=0.0)
    assert refusal is not None
    assert not refusal.can_wait


def test_a_list_whose_sender_is_gone_may_make_room() -> None:
    made = backlog(a="ann", b="bob")
    made.add("sleeps", "ann", n_open=60, is_receiving=False, now=0.0)
    made.reserve("b", 10, in_memory(), now=ABANDONED_AFTER_S)
    assert made.abandoned(ABANDONED_AFTER_S) == []
    assert made.abandoned(ABANDONED_AFTER_S + 1) == ["a"]


def test_a_batch_in_memory_is_counted_by_its_books_alone() -> None:
    made = backlog(a="ann", b="ann")
    made.reserve("a", 60, in_memory(), now=0.0)
    made.forget("a")
    assert not made.is_receiving("a")
    assert made.is_receiving("b")
    refusal = made.reserve("b", 1, in_memory(running("ann", 60, 60.0)), now=0.0)
    assert refusal is not None
    assert made.reserve("b", 60, in_memory(), now=60.0) is None, "its books are closed"


def test_a_list_that_is_known_is_not_counted_anew() -> None:
    made = backlog(a="ann")
    made.reserve("a", 60, in_memory(), now=0.0)
    made.add("a", "ann", now=1.0)
    assert made.reserve("a", 1, in_memory(running("ann", 1)), now=1.0) is not None


class Crowd(RuleBasedStateMachine):
    """Lists of three owners come, trickle in, run and end: no bound is passed, and somebody can always go on."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog(BOUNDS)
        self.receiving: dict[str, tuple[str, int, int]] = {}
        """Batch → (owner, items to come, items there)."""
        self.live: dict[str, tuple[str, int]] = {}
        self.n = 0

    def standings(self) -> list[BatchLoad]:
        return [running(owner, n, 1.0) for owner, n in self.live.values()]

    @rule(owner=st.sampled_from("abc"), size=st.integers(1, 60))
    def submit(self, owner: str, size: int) -> None:
        self.n += 1
        batch_id = f"b{self.n}"
        self.backlog.add(batch_id, owner, now=0.0)
        self.receiving[batch_id] = (owner, size, 0)

    @rule(n=st.integers(1, 20))
    def trickle(self, n: int) -> None:
        for batch_id, (owner, to_come, there) in list(self.receiving.items()):
            piece = min(n, to_come)
            refusal = self.backlog.reserve(batch_id, piece, in_memory(*self.standings()), now=0.0)
            if refusal is None:
                self.receiving[batch_id] = (owner, to_come - piece, there + piece)
                if to_come == piece:
                    del self.receiving[batch_id]
                    self.backlog.forget(batch_id)
                    self.live[batch_id] = (owner, there + piece)
            elif not refusal.can_wait:
                del self.receiving[batch_id]
                self.backlog.forget(batch_id)

    @rule(n=st.integers(1, 50))
    def work(self, n: int) -> None:
        for batch_id, (owner, n_open) in list(self.live.items()):
            self.live[batch_id] = (owner, n_open - n)
            if n_open <= n:
                del self.live[batch_id]

    @invariant()
    def no_bound_is_passed(self) -> None:
        counted = [(o, there) for o, _, there in self.receiving.values()] + list(self.live.values())
        assert sum(n for _, n in counted) <= BOUNDS.in_all
        for owner in "abc":
            assert sum(n for o, n in counted if o == owner) <= BOUNDS.per_owner

    def teardown(self) -> None:
        for _ in range(100 + 2 * self.n):
            self.trickle(20)
            self.work(50)
        assert not self.receiving, "lists wait for ever"


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(stateful_step_count=30)


def test_what_is_given_back_of_a_list_that_is_not_known_any_more_counts_for_nothing() -> None:
    made = Backlog(BOUNDS)
    made.give_back("gone", 5)
    made.add("a", "ann", now=0.0)
    assert made.reserve("a", 10, in_memory(), now=0.0) is None


def test_it_says_whether_any_list_is_being_received() -> None:
    made = backlog(a="ann")
    made.add("sleeps", "ann", n_open=20, is_receiving=False, now=0.0)
    assert made.is_any_receiving
    made.forget("a")
    assert not made.is_any_receiving
