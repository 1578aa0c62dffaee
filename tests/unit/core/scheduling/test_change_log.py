"""Who says which version it saw is told what changed since, or that this is not known any more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tlray.core.model.lifecycle import ItemState
from tlray.core.scheduling.change_log import ChangedItem, ChangeLog


def test_changes_since_a_version_come_in_the_order_made() -> None:
    changes: ChangeLog[str] = ChangeLog(known_since=10)
    for version, item in ((11, 1), (11, 2), (12, 3)):
        changes.add(item, f"item {item}", version=version)
    assert changes.take(10) == (["item 1", "item 2", "item 3"], True)
    assert changes.take(11) == (["item 3"], True)
    assert changes.take(12) == ([], True)


def test_an_item_that_changed_twice_is_told_once_as_it_stands() -> None:
    changes: ChangeLog[str] = ChangeLog(known_since=0)
    changes.add(1, "waiting", version=1)
    changes.add(2, "dead", version=2)
    changes.add(1, "succeeded", version=3)
    assert changes.take(0) == (["dead", "succeeded"], True)


def test_who_comes_from_before_the_beginning_is_told_that_something_may_be_missing() -> None:
    changes: ChangeLog[str] = ChangeLog(known_since=10)
    changes.add(1, "dead", version=11)
    assert changes.take(9) == (["dead"], False)


def test_what_is_pushed_out_is_missed_by_those_only_who_had_not_seen_it() -> None:
    changes: ChangeLog[int] = ChangeLog(known_since=0, max_kept=2)
    for version in (1, 2, 3):
        changes.add(version, version, version=version)
    assert len(changes) == 2
    assert changes.take(0) == ([2, 3], False)
    assert changes.take(1) == ([2, 3], True)


def test_many_changes_at_once_are_a_gap() -> None:
    changes: ChangeLog[str] = ChangeLog(known_since=0)
    changes.add(1, "dead", version=1)
    changes.reset(version=5)
    changes.add(1, "succeeded", version=6)
    assert changes.take(4) == (["succeeded"], False)
    assert changes.take(5) == (["succeeded"], True)


def test_a_change_is_told_with_the_moment_on_the_wall_clock() -> None:
    changed = ChangedItem(7, "http://a/", ItemState.DEAD, 2, "gone: 404", at=100.0)
    assert changed.as_json(now=102.5, wall=1_000.0) == {
        "item_id": "7",
        "url": "http://a/",
        "state": "dead",
        "attempt": 2,
        "reason": "gone: 404",
        "at": 997.5,
    }


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 2), st.booleans()), max_size=60),
    st.integers(0, 40),
    st.integers(1, 5),
)
def test_whoever_is_told_that_it_knows_all_does(
    story: list[tuple[int, int, bool]], since: int, max_kept: int
) -> None:
    changes: ChangeLog[tuple[int, int]] = ChangeLog(known_since=0, max_kept=max_kept)
    version = 0
    newest: dict[int, int] = {}
    gaps = [-1]
    for item, step, is_bulk in story:
        version += step + 1
        if is_bulk:
            changes.reset(version=version)
            gaps.append(version)
            newest.clear()
        else:
            changes.add(item, (item, version), version=version)
            newest[item] = version
    found, is_complete = changes.take(since)
    if is_complete:
        assert since >= gaps[-1]
        assert sorted(found) == sorted((item, v) for item, v in newest.items() if v > since)


def test_what_was_passed_on_may_be_dropped_and_then_counts_as_missing() -> None:
    changes: ChangeLog[str] = ChangeLog(known_since=0)
    for version in range(1, 7):
        changes.add(version, f"v{version}", version=version)
    changes.trim(0, until=2)
    assert changes.take(2) == (["v3", "v4", "v5", "v6"], True)
    assert changes.take(1) == (["v3", "v4", "v5", "v6"], False)
    changes.trim(3)
    assert changes.take(3) == (["v4", "v5", "v6"], True)
    changes.trim(3, until=9)
    assert len(changes) == 3


def test_the_newest_changes_are_those_of_the_last_versions() -> None:
    log: ChangeLog[str] = ChangeLog(known_since=0)
    for n in range(1, 6):
        log.add(n, f"change {n}", version=n)
    assert log.newest(2, 2) == (["change 4", "change 5"], 3, True)
    assert log.newest(2, 0) == ([], 3, True)
    assert log.newest(2) == (["change 3", "change 4", "change 5"], 3, True)
