"""Who goes next: the rules of the frontier one by one. All of them at once: test_frontier_model.py."""

from __future__ import annotations

import pytest

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.scheduling.frontier import MOST_LOADED, SMALLEST_WINDOW, WINDOW, Frontier
from tlray.core.scheduling.lanes import Dropped

NORMAL, LOW, IMMEDIATE = Priority.NORMAL, Priority.LOW, Priority.IMMEDIATE


def item(i: int, batch: int = 1, domain: str = "a.test", n_lost: int = 0) -> FrontierItem:
    return FrontierItem(i, batch, domain, f"http://{domain}/{i}", f"f{i}", n_lost=n_lost)


def filled(*items: FrontierItem, priorities: dict[int, Priority] | None = None) -> Frontier:
    frontier = Frontier()
    for one in items:
        frontier.push(one, (priorities or {}).get(one.batch, NORMAL))
    return frontier


def ids(items: list[FrontierItem]) -> list[int]:
    return [one.id for one in items]


def plenty(_: str) -> int:
    return 9_999


def test_a_smaller_priority_goes_first_and_within_it_domains_take_turns() -> None:
    items = [
        item(1, 1, "a.test"),
        item(2, 1, "a.test"),
        item(3, 1, "b.test"),
        item(4, 2, "b.test"),
        item(5, 3),
    ]
    frontier = filled(*items, priorities={2: LOW, 3: IMMEDIATE})
    assert ids(frontier.take(3, plenty)) == [5, 1, 3]
    assert ids(frontier.take(9, plenty)) == [2, 4]


def test_what_is_asked_for_up_to_a_priority_leaves_the_rest() -> None:
    frontier = filled(item(1, 1), item(2, 2), priorities={2: LOW})
    assert ids(frontier.take(9, plenty, up_to=IMMEDIATE)) == []
    assert ids(frontier.take(9, plenty, up_to=NORMAL)) == [1]


def test_batches_on_one_domain_take_turns() -> None:
    frontier = filled(item(1, 1), item(2, 1), item(3, 2), item(4, 2))
    assert [ids(frontier.take(1, plenty)) for _ in range(4)] == [[1], [3], [2], [4]]


def test_a_turn_is_not_lost_by_parking() -> None:
    frontier = filled(item(1, 1), item(2, 1), item(3, 2), item(4, 2))
    order = []
    for _ in range(4):
        order += ids(frontier.take(9, lambda _: 1))  # one, and then the domain is parked
        frontier.resume_domain("a.test")
    assert order == [1, 3, 2, 4]


def test_a_domain_that_may_not_be_leased_is_empty_but_not_finished() -> None:
    frontier = filled(item(1), item(2, domain="b.test"))
    assert ids(frontier.take(9, lambda domain: int(domain == "b.test"))) == [2]
    assert frontier.takeable_domains() == []
    assert frontier.n_queued("a.test") == 1
    assert repr(frontier) == "<Frontier 2 lanes, 1 ready, 0 waiting, 1 parked>"
    frontier.resume_domain("a.test")
    assert ids(frontier.take(9, plenty)) == [1]


def test_what_comes_back_goes_first() -> None:
    frontier = filled(item(1), item(2))
    [first] = frontier.take(1, plenty)
    frontier.push(first, NORMAL, first=True)
    assert ids(frontier.take(9, plenty)) == [1, 2]


def test_an_item_whose_lease_was_lost_twice_is_leased_alone() -> None:
    frontier = filled(item(1, n_lost=2), item(2, n_lost=1), item(3, n_lost=2), item(4, 2, "b.test", n_lost=2))
    assert ids(frontier.take(9, plenty)) == [2]
    assert frontier.takeable_domains() == ["a.test", "b.test"]
    assert frontier.next_at("a.test") == item(1, n_lost=2)
    frontier.pause(2, is_paused=True)
    assert frontier.takeable_domains() == ["a.test"]
    assert frontier.take_alone(lambda _: 0) is None
    assert frontier.take_alone(plenty) == item(1, n_lost=2)
    assert frontier.take_alone(plenty) == item(3, n_lost=2)
    assert frontier.take_alone(plenty) is None


def test_the_most_urgent_goes_alone_first() -> None:
    frontier = filled(item(1, 1, n_lost=2), item(2, 2, n_lost=2), priorities={2: IMMEDIATE})
    assert frontier.take_alone(plenty) == item(2, 2, n_lost=2)


def test_a_lane_wants_a_window_before_it_runs_dry_and_once() -> None:
    frontier = Frontier()
    frontier.add_lane(1, "a.test", NORMAL, 10_000)
    [lane] = frontier.wanting()
    assert frontier.wanting() == []
    frontier.loaded(lane, [item(i) for i in range(1, WINDOW + 1)], last_id=WINDOW, is_last=False)
    assert (lane.cursor, lane.n_stored, lane.n_queued) == (WINDOW, 10_000 - WINDOW, 10_000)
    frontier.take(WINDOW // 2, plenty)
    assert frontier.wanting() == []
    frontier.take(1, plenty)
    assert frontier.wanting() == [lane]


@pytest.mark.parametrize(
    ("n_lanes", "window"), [(1, WINDOW), (512, WINDOW), (1_024, WINDOW // 2), (40_000, SMALLEST_WINDOW)]
)
def test_of_many_lanes_fewer_items_each_are_in_memory(n_lanes: int, window: int) -> None:
    frontier = Frontier()
    for n in range(n_lanes):
        frontier.add_lane(1, f"{n}.test", NORMAL, 10_000)
    assert frontier.window == window
    assert n_lanes * window <= MOST_LOADED or window == SMALLEST_WINDOW
    [lane] = frontier.wanting(1)
    frontier.loaded(lane, [item(i, domain=lane.domain) for i in range(window)], last_id=window, is_last=False)
    frontier.take(window // 2, plenty)
    assert not lane.is_loading
    frontier.take(1, plenty)
    assert lane in frontier.wanting(n_lanes)


def test_a_paused_lane_wants_nothing_until_it_goes_on() -> None:
    frontier = Frontier()
    frontier.add_lane(1, "a.test", NORMAL, 9, is_paused=True)
    assert frontier.wanting() == []
    assert frontier.n_queued("a.test") == 0
    frontier.pause(1, is_paused=False)
    assert [lane.n_stored for lane in frontier.wanting()] == [9]
    assert frontier.n_queued("a.test") == 9
    assert frontier.next_at("a.test") is None


def test_what_is_in_memory_already_is_not_taken_in_again() -> None:
    frontier = Frontier()
    frontier.push(item(1), NORMAL)
    frontier.wait(item(2), due=5.0)
    frontier.restock(1, "a.test", NORMAL, 1)
    [lane] = frontier.wanting()
    frontier.loaded(lane, [item(1), item(2), item(3)], last_id=3, is_last=True)
    assert ids(frontier.take(9, plenty)) == [1, 3]


def test_what_comes_into_the_journal_behind_a_window_under_way_is_read_from_the_beginning() -> None:
    frontier = Frontier()
    frontier.add_lane(1, "a.test", NORMAL, 2)
    [lane] = frontier.wanting()
    frontier.restock(1, "a.test", NORMAL, 1)  # item 3 of three, say, revived: the window does not hold it
    assert frontier.wanting() == []  # one window at a time
    frontier.loaded(lane, [item(5), item(6)], last_id=6, is_last=True)
    assert (lane.n_stored, lane.cursor) == (1, 0)
    assert frontier.wanting() == [lane]
    frontier.loaded(lane, [item(3), item(5), item(6)], last_id=6, is_last=True)
    assert ids(frontier.take(9, plenty)) == [5, 6, 3]


def test_a_window_for_a_lane_that_was_dropped_meanwhile_is_thrown_away() -> None:
    frontier = Frontier()
    frontier.add_lane(1, "a.test", NORMAL, 2)
    [lane] = frontier.wanting()
    assert frontier.drop(1) == Dropped(n_queued=2)
    frontier.push(item(9), NORMAL)  # the lane is there again, and is another one
    frontier.loaded(lane, [item(1), item(2)], last_id=2, is_last=True)
    assert ids(frontier.take(9, plenty)) == [9]


def test_a_lane_that_is_dropped_is_not_asked_for() -> None:
    frontier = Frontier()
    frontier.add_lane(1, "a.test", NORMAL, 2)
    frontier.drop(1)
    assert frontier.wanting() == []


def test_items_wait_until_they_are_due_in_order() -> None:
    frontier = Frontier()
    assert frontier.next_due() is None
    for i, due in ((1, 7.0), (2, 5.0), (3, 5.0), (4, 9.0)):
        frontier.wait(item(i, batch=1 + i % 2), due)
    assert (frontier.n_waiting(1), frontier.n_waiting(2), frontier.next_due()) == (2, 2, 5.0)
    assert ids(frontier.pop_due(4.9)) == []
    assert ids(frontier.pop_due(7.0)) == [2, 3, 1]


def test_dropping_a_lane_leaves_the_others() -> None:
    frontier = filled(item(1), item(2, domain="b.test"), item(3, 2), item(4, n_lost=2))
    for i, batch, domain in ((5, 1, "a.test"), (6, 1, "b.test"), (7, 2, "a.test")):
        frontier.wait(item(i, batch, domain), due=float(-i))
    assert frontier.drop(1, "a.test") == Dropped(n_queued=2, n_waiting=1)
    assert frontier.drop(1, "z.test") == Dropped()
    assert frontier.take_alone(plenty) is None
    assert ids(frontier.pop_due(0.0)) == [7, 6]
    assert sorted(ids(frontier.take(9, plenty))) == [2, 3]


def test_a_finished_item_may_come_again() -> None:
    frontier = filled(item(1))
    frontier.finish(frontier.take(1, plenty)[0])
    frontier.restock(1, "a.test", NORMAL, 1)
    [lane] = frontier.wanting()
    frontier.loaded(lane, [item(1)], last_id=1, is_last=True)
    assert ids(frontier.take(9, plenty)) == [1]


def test_a_batch_that_is_revived_while_it_is_paused_stays_so() -> None:
    frontier = filled(item(1))
    frontier.pause(1, is_paused=True)
    frontier.restock(1, "a.test", NORMAL, 1, is_paused=False)  # a lane that is known knows better
    frontier.restock(1, "b.test", NORMAL, 1, is_paused=True)
    frontier.push(item(2, 1, "c.test"), NORMAL, is_paused=True)
    assert frontier.take(9, plenty) == []
    assert frontier.wanting() == []
