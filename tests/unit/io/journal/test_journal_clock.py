"""A wall clock that jumps moves no rest and no retry: what was to wait a minute waits a minute."""

from __future__ import annotations

import pytest
from made_journal import Storage, change, commit, lease, submit

from tlray.core.model.lifecycle import ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, DomainChange
from tlray.io.journal.clock import ClockReading, jump_s, read_clock

HOUR_S = 3_600.0


class Clock:
    """A wall clock that can be set, beside one that only runs."""

    def __init__(self) -> None:
        self.reading = ClockReading(1_000_000.0, 50.0, "boot-1")

    def __call__(self) -> ClockReading:
        return self.reading

    def pass_by(self, seconds: float, *, jump: float = 0.0, boot: str = "boot-1") -> None:
        now = self.reading
        self.reading = ClockReading(now.wall + seconds + jump, now.since_boot + seconds, boot)


@pytest.mark.parametrize(
    ("before", "now", "jump"),
    [
        (("a", 100.0, 10.0), ("a", 160.0, 70.0), 0.0),  # a minute passed
        (("a", 100.0, 10.0), ("a", 161.5, 70.0), 0.0),  # and the clock was adjusted a little
        (("a", 100.0, 10.0), ("a", 160.0 - HOUR_S, 70.0), -HOUR_S),
        (("a", 100.0, 10.0), ("a", 160.0 + HOUR_S, 70.0), HOUR_S),
        (("a", 100.0, 10.0), ("b", 9_000.0, 5.0), 0.0),  # another boot, some hours later
        (("a", 100.0, 10.0), ("b", 40.0, 5.0), -60.0),  # at least
        (("", 100.0, 10.0), ("", 9_000.0, 5.0), 0.0),  # a system that does not tell its boots apart
    ],
)
def test_a_jump_is_told_from_time_that_passed(
    before: tuple[str, float, float], now: tuple[str, float, float], jump: float
) -> None:
    boot, wall, since = before
    then = ClockReading(wall, since, boot)
    boot, wall, since = now
    assert jump_s(then, ClockReading(wall, since, boot)) == pytest.approx(jump)


def test_the_clocks_of_this_machine_run_together() -> None:
    assert jump_s(read_clock(), read_clock()) == 0.0


def resting(storage: Storage, clock: Clock) -> int:
    """Make a journal with one item that waits a minute, and its domain that rests for two; return its batch."""
    with storage.open(clock) as journal:
        journal.begin_incarnation(is_restart=False)
        batch = submit(journal, lines=1)
        [item] = lease(journal, batch)
        blocked = Outcome(item.id, OutcomeKind.BLOCKED, started_at=clock.reading.wall)
        snooze = change(item, ItemEvent.SNOOZE, due=60.0, snoozed_since=0.0, outcome=blocked)
        rest = DomainChange("a.test", 120.0, "blocked", 1)
        commit(journal, Changeset("L", [snooze], cool_downs=[rest]), wall=clock.reading.wall)
    return batch


@pytest.mark.parametrize("jump", [0.0, -HOUR_S, HOUR_S])
def test_whatever_the_clock_did_a_rest_goes_on_for_as_long_as_was_meant(
    storage: Storage, jump: float
) -> None:
    clock = Clock()
    batch = resting(storage, clock)
    clock.pass_by(20.0, jump=jump)
    journal = storage.open(clock)
    journal.begin_incarnation(is_restart=True)
    [(_, due_at, since_at)] = journal.load_waiting(batch)
    domain = journal.domain("a.test")
    journal.close()
    assert domain is not None
    assert domain.cool_until is not None
    assert domain.last_fetch_at is not None
    assert since_at is not None
    wall = clock.reading.wall
    assert due_at - wall == pytest.approx(40.0)
    assert wall - since_at == pytest.approx(20.0)
    assert domain.cool_until - wall == pytest.approx(100.0)
    assert wall - domain.last_fetch_at == pytest.approx(20.0)


def test_a_jump_while_the_journal_is_open_is_followed_with_the_next_commit(storage: Storage) -> None:
    clock = Clock()
    batch = resting(storage, clock)
    journal = storage.open(clock)
    journal.begin_incarnation(is_restart=True)
    clock.pass_by(20.0, jump=-HOUR_S)
    commit(journal, Changeset("L"), wall=clock.reading.wall)
    clock.pass_by(10.0)
    commit(journal, Changeset("L"), wall=clock.reading.wall)
    [(_, due_at, _)] = journal.load_waiting(batch)
    journal.close()
    assert due_at - clock.reading.wall == pytest.approx(30.0), "moved along once, not with every commit"
