"""Lists are read a page at a time: nothing twice, nothing left out, nobody else's."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import ItemState
from tlray.core.submission.lines import Entry
from tlray.io.journal import listing
from tlray.io.journal.batch_end import domains_of
from tlray.io.journal.listing import batches_page, dead_page, items_page, n_received
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.sqlite import SqliteJournal


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    """Three batches of ann and bob; of each tenth item the page is dead."""
    journal = SqliteJournal(tmp_path / "state.db")
    for batch_id, owner, n in (("B1", "ann", 30), ("B2", "bob", 20), ("B3", "ann", 40)):
        journal.create_batch(
            batch_id, name="", priority=Priority.NORMAL, options=BatchOptions(), request_key=batch_id,
            created_at=1.7e9, owner=owner,
        )  # fmt: skip
        entries = [
            Entry(i, f"http://a{i % 3}.org/{i}", f"a{i % 3}.org", f"{batch_id}{i}") for i in range(1, n + 1)
        ]
        journal.append(batch_id, entries, [])
        journal.commit_batch(batch_id)
    journal.run(
        lambda db: db.execute(
            "UPDATE items SET state = 'dead', reason = 'timeout ' || line WHERE line % 10 = 0"
        )
    )
    return journal


def all_items(journal: SqliteJournal, batch: int, state: ItemState | None, limit: int) -> list[int]:
    """The lines of all pages."""
    lines: list[int] = []
    after: int | None = 0
    while after is not None:
        page, after = journal.run(partial(items_page, batch=batch, state=state, after=after, limit=limit))
        assert len(page) <= limit
        lines += [item.line for item in page]
    return lines


@pytest.mark.parametrize("looked_at", [1, 7, 20_000])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_of_items_hold_each_of_them_once(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(listing, "MAX_LOOKED_AT", looked_at)
    assert all_items(journal, 2, None, limit) == list(range(1, 21))
    assert all_items(journal, 2, ItemState.DEAD, limit) == [10, 20]
    assert all_items(journal, 3, ItemState.QUEUED, limit) == [n for n in range(1, 41) if n % 10]
    assert all_items(journal, 3, ItemState.SUCCEEDED, limit) == []


def test_a_batch_that_is_being_received_has_no_items_yet(journal: SqliteJournal) -> None:
    journal.create_batch(
        "B4", name="", priority=Priority.NORMAL, options=BatchOptions(), request_key="B4", created_at=1.7e9
    )
    journal.append("B4", [Entry(1, "http://a.org/1", "a.org", "f")], [])
    assert all_items(journal, 4, None, 10) == []
    assert journal.run(partial(n_received, batch=4)) == 1


def test_batches_are_listed_the_newest_first_and_to_whoever_has_them(journal: SqliteJournal) -> None:
    def ids(
        owner: str | None, state: str | None = None, before: int | None = None, limit: int = 9
    ) -> list[str]:
        page = journal.run(partial(batches_page, owner=owner, state=state, before=before, limit=limit))
        return [row.batch_id for row in page]

    assert ids(None) == ["B3", "B2", "B1"]
    assert ids("ann") == ["B3", "B1"]
    assert ids(None, before=3, limit=1) == ["B2"]
    assert ids(None, "running") == ["B3", "B2", "B1"]
    assert ids(None, "paused") == []


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("looked_at", [1, 3, 20_000])
def test_dead_letters_of_all_batches_are_listed_once(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(listing, "MAX_LOOKED_AT", looked_at)

    def all_dead(
        owner: str | None = None, batch_id: str | None = None, reason: str | None = None
    ) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        before: tuple[int, int] | None = None
        for _ in range(100):
            page, before = journal.run(
                partial(dead_page, owner=owner, batch_id=batch_id, reason=reason, before=before, limit=limit)
            )
            found += [(letter.batch_id, letter.line) for letter in page]
            if before is None:
                return found
        raise AssertionError("it has no end")

    of_1, of_2, of_3 = (
        [("B1", n) for n in (10, 20, 30)],
        [("B2", n) for n in (10, 20)],
        [("B3", n) for n in (10, 20, 30, 40)],
    )
    assert all_dead() == of_3 + of_2 + of_1
    assert all_dead("ann") == of_3 + of_1
    assert all_dead(batch_id="B2") == of_2
    assert all_dead("ann", "B2") == []
    assert all_dead(reason="timeout 2") == [("B3", 20), ("B2", 20), ("B1", 20)]


# -- the domains of a batch ----------------------------------------------------------------------------


def steps_of(journal: SqliteJournal, batch: int) -> int:
    """So many steps SQLite takes to find them, in hundreds."""
    steps = []

    def look(db: sqlite3.Connection) -> None:
        db.set_progress_handler(lambda: steps.append(1), 100)
        domains_of(db, batch, limit=50)
        db.set_progress_handler(None, 0)

    journal.run(look)
    return len(steps)


def test_the_domains_of_a_batch_are_found_without_a_look_at_its_items(journal: SqliteJournal) -> None:
    assert journal.run(partial(domains_of, batch=2, limit=50)) == ["a1.org", "a2.org", "a0.org"]
    assert journal.run(partial(domains_of, batch=2, limit=2)) == ["a1.org", "a2.org"]
    assert journal.run(partial(domains_of, batch=9, limit=50)) == []
    before = steps_of(journal, 2)
    journal.create_batch(
        "B4", name="", priority=Priority.NORMAL, options=BatchOptions(), request_key="B4", created_at=1.7e9
    )
    entries = [Entry(i, f"http://a{i % 3}.org/{i}", f"a{i % 3}.org", f"B4{i}") for i in range(1, 5_001)]
    journal.append("B4", entries, [])
    assert steps_of(journal, 4) <= before + 1
