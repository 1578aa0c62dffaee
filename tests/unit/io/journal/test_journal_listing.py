"""Lists are read a page at a time: nothing twice, nothing left out, nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from made_journal import Storage, change, commit, lease, new_batch, submit

from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.scheduling.changeset import Changeset
from tlray.core.submission.lines import Entry
from tlray.io.journal.rows import ItemFilter
from tlray.io.journal.sql import items as sql_items
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.journal.writer import Journal

DOMAINS = ("a0.org", "a1.org", "a2.org")


@pytest.fixture
def journal(storage: Storage) -> Iterator[Journal]:
    """Three batches of ann and bob; of each tenth item the page is dead."""
    with storage.open() as journal:
        for batch_id, owner, n in (("B1", "ann", 30), ("B2", "bob", 20), ("B3", "ann", 40)):
            batch = submit(journal, batch_id, lines_of(batch_id, n), owner=owner)
            items = [item for domain in DOMAINS for item in lease(journal, batch, domain=domain)]
            changeset = Changeset("L")
            for item in items:
                line = int(item.url.rpartition("/")[2])
                event = ItemEvent.GIVE_BACK if line % 10 else ItemEvent.EXHAUST
                changeset.changes.append(change(item, event, reason=None if line % 10 else f"timeout {line}"))
            commit(journal, changeset)
        yield journal


def lines_of(batch_id: str, n: int) -> list[Entry]:
    return [Entry(i, f"http://a{i % 3}.org/{i}", f"a{i % 3}.org", f"{batch_id}{i}") for i in range(1, n + 1)]


def all_items(journal: Journal, batch: int, state: ItemState | None, limit: int) -> list[int]:
    """The lines of all pages."""
    lines: list[int] = []
    after: int | None = 0
    while after is not None:
        page, after = journal.items_page(batch, ItemFilter(state), after=after, limit=limit)
        assert len(page) <= limit
        lines += [item.line for item in page]
    return lines


@pytest.mark.parametrize("looked_at", [1, 7, 20_000])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_of_items_hold_each_of_them_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(sql_items, "MAX_SCANNED", looked_at)
    assert all_items(journal, 2, None, limit) == list(range(1, 21))
    assert all_items(journal, 2, ItemState.DEAD, limit) == [10, 20]
    assert all_items(journal, 3, ItemState.QUEUED, limit) == [n for n in range(1, 41) if n % 10]
    assert all_items(journal, 3, ItemState.SUCCEEDED, limit) == []


def test_a_batch_that_is_being_received_has_no_items_yet(journal: Journal) -> None:
    journal.open_batch(new_batch("B4"))
    journal.add_lines("B4", [Entry(1, "http://a.org/1", "a.org", "f")], [])
    assert all_items(journal, 4, None, 10) == []
    assert journal.count_items(batch=4) == 1


def test_batches_are_listed_the_newest_first_and_to_whoever_has_them(journal: Journal) -> None:
    def ids(
        owner: str | None, state: str | None = None, before: int | None = None, limit: int = 9
    ) -> list[str]:
        page = journal.batches(owner=owner, state=state, before=before, limit=limit)
        return [row.batch_id for row in page]

    assert ids(None) == ["B3", "B2", "B1"]
    assert ids("ann") == ["B3", "B1"]
    assert ids(None, before=3, limit=1) == ["B2"]
    assert ids(None, "running") == ["B3", "B2", "B1"]
    assert ids(None, "paused") == []


def test_dead_letters_are_counted_up_to_a_limit(journal: Journal) -> None:
    assert [journal.count_dead(owner=owner, limit=100) for owner in (None, "ann", "bob", "eve")] == [
        9,
        7,
        2,
        0,
    ]
    assert journal.count_dead(limit=4) == 4


def test_batches_of_a_schedule_are_listed_and_no_others(journal: Journal) -> None:
    keys = {"R1": "ann\nschedule sch_1 5.000", "R2": "ann\nschedule sch_1 9.000", "R3": "ann\nschedule sch_11 9.000",
            "R4": "\nschedule sch_1 9.000", "R5": "once schedule sch_1 5.000"}  # fmt: skip
    for batch_id, key in keys.items():
        journal.open_batch(
            replace(new_batch(batch_id, owner=key.partition("\n")[0] * ("\n" in key)), request_key=key)
        )
    found = journal.batches(schedule_id="sch_1")
    assert [row.batch_id for row in found] == ["R4", "R2", "R1"]
    assert [row.batch_id for row in journal.batches(owner="ann", schedule_id="sch_1", limit=1)] == ["R2"]
    assert [row.batch_id for row in journal.batches(before=found[1].id, schedule_id="sch_1")] == ["R1"]
    assert journal.batches(schedule_id="sch%") == []


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("looked_at", [1, 3, 20_000])
def test_dead_letters_of_all_batches_are_listed_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(sql_items, "MAX_SCANNED", looked_at)

    def all_dead(
        owner: str | None = None, batch_id: str | None = None, reason: str | None = None
    ) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        before: tuple[int, int] | None = None
        for _ in range(100):
            page, before = journal.dead_letters(
                owner=owner, batch_id=batch_id, reason=reason, before=before, limit=limit
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


def test_the_domains_of_a_batch_are_found_in_the_order_of_their_numbers(journal: Journal) -> None:
    assert journal.batch_domains(batch=2, limit=50) == ["a1.org", "a2.org", "a0.org"]
    assert journal.batch_domains(batch=2, limit=2) == ["a1.org", "a2.org"]
    assert journal.batch_domains(batch=9, limit=50) == []


def steps_of(journal: SqliteJournal, batch: int) -> int:
    """So many steps SQLite takes to find them, in hundreds."""
    steps: list[int] = []
    journal._db.set_progress_handler(lambda: steps.append(1), 100)
    journal.batch_domains(batch, limit=50)
    journal._db.set_progress_handler(None, 0)
    return len(steps)


@pytest.mark.parametrize("storage", ["sqlite", "memory"], indirect=True)  # it counts SQLite's steps
def test_the_domains_of_a_batch_are_found_without_a_look_at_its_items(journal: Journal) -> None:
    assert isinstance(journal, SqliteJournal)
    before = steps_of(journal, 2)
    journal.open_batch(new_batch("B4"))
    journal.add_lines("B4", lines_of("B4", 5_000), [])
    assert steps_of(journal, 4) <= before + 1
