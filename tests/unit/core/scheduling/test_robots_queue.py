"""Whose robots.txt is fetched next: the highest priority first, and nobody looks at those that cannot be fetched yet."""

from __future__ import annotations

from tlray.core.scheduling.robots_queue import RobotsQueue


def wanted(**priorities: int | None) -> RobotsQueue:
    found = RobotsQueue(priorities.get)
    for name in priorities:
        found[name] = None
    return found


def test_higher_priorities_come_first_and_those_of_nobody_last() -> None:
    names = wanted(nobody=None, low=2, normal=1, first=0, other=1)
    assert list(names.in_order(0.0)) == ["first", "normal", "other", "low", "nobody"]
    assert sorted(names) == ["first", "low", "nobody", "normal", "other"]


def test_a_domain_that_is_wanted_again_moves_up_with_its_priority() -> None:
    priorities = {"a": 2, "b": 1}
    names = RobotsQueue(priorities.get)
    names["a"] = None
    names["b"] = None
    priorities["a"] = 0
    names["a"] = None
    assert list(names.in_order(0.0)) == ["a", "b"]
    assert len(names) == names.n_awake == 2


def test_what_is_put_off_comes_again_at_its_time_or_when_it_is_woken() -> None:
    names = wanted(a=1, b=1, c=1, d=1)
    for name, until in (("a", 5.0), ("b", 9.0), ("c", 7.0)):
        names.put_off(name, until)
    assert (len(names), names.n_awake, "a" in names, "z" in names) == (4, 1, True, False)
    assert repr(names) == "<RobotsWanted 1 now, 3 later>"
    assert list(names.in_order(4.9)) == ["d"]
    assert list(names.in_order(5.0)) == ["d", "a"]
    names.wake("b")
    names.wake("unknown")
    assert list(names.in_order(5.0)) == ["d", "a", "b"]
    names.put_off("b", 20.0)  # its first time to come again does not count any more
    names.pop("c")
    assert list(names.in_order(10.0)) == ["d", "a"]
    del names["d"]
    assert sorted(names) == ["a", "b"]


def test_whoever_goes_through_them_may_take_them_out() -> None:
    names = wanted(a=1, b=1, c=1)
    for name in names.in_order(0.0):
        names.pop(name)
    assert len(names) == 0
