"""A wall clock that jumps moves no rest and no retry: what was to wait a minute waits a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, DomainChange, ItemChange
from tlray.io.journal.clock import ClockReading, jump_s, read_clock
from tlray.io.journal.rows import BatchOptions, Entry, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal

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


def resting(path: Path, clock: Clock) -> int:
    """Make a journal with one item that waits a minute, and its domain that rests for two; return its batch."""
    journal = SqliteJournal(path, clock=clock)
    journal.begin_incarnation(is_restart=False)
    journal.open_batch(
        NewBatch(
            "b1", name="", priority=Priority.NORMAL, options=BatchOptions(), request_key="k", created_at=1.0
        )
    )
    journal.add_lines("b1", [Entry(1, "http://a.test/", "a.test", "f1")], [])
    journal.commit_batch("b1")
    batch = journal.batch("b1").id
    [item] = journal.load_lane(batch, "a.test", after_id=0, limit=9)
    change = ItemChange(
        item=item, before=ItemState.LEASED, after=ItemState.WAITING, event=ItemEvent.SNOOZE, attempt=1, n_lost=0,
        n_hops=0, url=item.url, domain=item.domain, due=60.0, snoozed_since=0.0,
        outcome=Outcome(item.id, OutcomeKind.BLOCKED, started_at=clock.reading.wall),
    )  # fmt: skip
    changeset = Changeset("L", [change], cool_downs=[DomainChange("a.test", 120.0, "blocked", 1)])
    journal.commit(changeset, now=0.0, wall=clock.reading.wall, node="n")
    journal.close()
    return batch


@pytest.mark.parametrize("jump", [0.0, -HOUR_S, HOUR_S])
def test_whatever_the_clock_did_a_rest_goes_on_for_as_long_as_was_meant(tmp_path: Path, jump: float) -> None:
    clock = Clock()
    batch = resting(tmp_path / "state.db", clock)
    clock.pass_by(20.0, jump=jump)
    journal = SqliteJournal(tmp_path / "state.db", clock=clock)
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


def test_a_jump_while_the_journal_is_open_is_followed_with_the_next_commit(tmp_path: Path) -> None:
    clock = Clock()
    batch = resting(tmp_path / "state.db", clock)
    journal = SqliteJournal(tmp_path / "state.db", clock=clock)
    journal.begin_incarnation(is_restart=True)
    clock.pass_by(20.0, jump=-HOUR_S)
    journal.commit(Changeset("L"), now=0.0, wall=clock.reading.wall, node="n")
    clock.pass_by(10.0)
    journal.commit(Changeset("L"), now=0.0, wall=clock.reading.wall, node="n")
    [(_, due_at, _)] = journal.load_waiting(batch)
    journal.close()
    assert due_at - clock.reading.wall == pytest.approx(30.0), "moved along once, not with every commit"
