"""A window of a list of items begins at a line, and shows what a filter lets through: nothing twice, nothing left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from made_journal import Storage, change, commit, lease, new_batch

from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, DomainChange
from tlray.core.submission.lines import Entry, RefusedLine
from tlray.io.journal.rows import ItemFilter, RestRow
from tlray.io.journal.sql import commit as sql_commit
from tlray.io.journal.sql import items as sql_items
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.journal.writer import Journal

N = 60
DOMAINS = ("a0.org", "a1.org", "a2.org")


@pytest.fixture
def journal(storage: Storage) -> Iterator[Journal]:
    """Lines 2, 4, 6 … are items; another batch was received between them. Each tenth line's page is dead."""
    with storage.open() as journal:
        for batch_id in ("B1", "B2"):
            journal.open_batch(new_batch(batch_id))
        for first in range(1, N, 10):
            for batch_id in ("B1", "B2"):
                some = [line for line in range(first, first + 10) if line % 2 == 0]
                entries = [Entry(n, f"http://a{n % 3}.org/Set_{n}", f"a{n % 3}.org", f"f{n}") for n in some]
                journal.add_lines(batch_id, entries, [RefusedLine(first, "x", "no scheme")])
        journal.commit_batch("B1")
        journal.commit_batch("B2")
        changeset = Changeset("L")
        for domain in DOMAINS:
            for item in lease(journal, 1, domain=domain):
                line = int(item.url.rpartition("_")[2])
                event = ItemEvent.GIVE_BACK if line % 10 else ItemEvent.EXHAUST
                changeset.changes.append(
                    change(item, event, reason=None if line % 10 else f"timeout: 100% of {line}")
                )
        commit(journal, changeset)
        yield journal


def lines(journal: Journal, shown: ItemFilter, *, limit: int = 100, from_line: int = 0) -> list[int]:
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        page, after = journal.items_page(1, shown, after=after, from_line=from_line, limit=limit)
        assert len(page) <= limit
        found += [item.line for item in page]
        from_line = 0
    return found


@pytest.mark.parametrize("looked_at", [1, 7, 20_000])
@pytest.mark.parametrize("limit", [2, 100])
def test_a_filter_leaves_nothing_out_and_shows_nothing_twice(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(sql_items, "MAX_SCANNED", looked_at)
    dead = list(range(10, N + 1, 10))
    for shown, expected in (
        (ItemFilter(), list(range(2, N + 1, 2))),
        (ItemFilter(domain="a0.org"), list(range(6, N + 1, 6))),
        (ItemFilter(domain="elsewhere.org"), []),
        (ItemFilter(ItemState.DEAD), dead),
        (ItemFilter(ItemState.DEAD, "a1.org"), [10, 40]),
        (ItemFilter(ItemState.QUEUED, "a1.org"), [4, 16, 22, 28, 34, 46, 52, 58]),
        (ItemFilter(ItemState.SUCCEEDED, "a1.org"), []),
        (ItemFilter(reason="TIMEOUT"), dead),
        (ItemFilter(reason="100%"), dead),
        (ItemFilter(reason="1%0"), []),
        (ItemFilter(text="set_4"), [4, *range(40, 50, 2)]),
        (ItemFilter(text="of 40"), [40]),
        (ItemFilter(ItemState.DEAD, text="set_4"), [40]),
        (ItemFilter(text="set%"), []),
        (ItemFilter(text="Set\\"), []),
    ):
        assert lines(journal, shown, limit=limit) == expected, shown


@pytest.mark.parametrize(
    ("from_line", "first"), [(1, 2), (2, 2), (31, 32), (N, N), (N + 1, None), (2**53, None)]
)
def test_a_window_begins_at_a_line_or_at_the_next_that_is_an_item(
    journal: Journal, from_line: int, first: int | None
) -> None:
    found = lines(journal, ItemFilter(), from_line=from_line)
    assert found == ([] if first is None else list(range(first, N + 1, 2)))
    assert lines(journal, ItemFilter(ItemState.DEAD), from_line=from_line) == [
        n for n in range(10, N + 1, 10) if n >= from_line
    ]


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)  # it counts SQLite's steps
def test_a_window_in_a_long_list_is_found_without_a_look_at_its_beginning(journal: Journal) -> None:
    assert isinstance(journal, SqliteJournal)
    journal.open_batch(new_batch("B3"))
    journal.add_lines("B3", [Entry(n, f"http://a.org/{n}", "a.org", f"g{n}") for n in range(1, 20_001)], [])
    journal.commit_batch("B3")
    steps: list[int] = []
    journal._db.set_progress_handler(lambda: steps.append(1), 100)
    page, _ = journal.items_page(3, from_line=19_000, limit=10)
    journal._db.set_progress_handler(None, 0)
    assert [item.line for item in page] == list(range(19_000, 19_010))
    assert len(steps) < 20


def test_an_item_is_its_batchs_alone(journal: Journal) -> None:
    (page, _) = journal.items_page(1, limit=1)
    item_id = page[0].item_id
    found = journal.find_item(1, item_id)
    assert found == page[0]
    assert (found.line, found.fingerprint) == (2, "f2")
    assert journal.find_item(2, item_id) is None
    assert journal.find_item(1, 10**9) is None
    assert journal.batch_of_item(item_id) == "B1"
    assert journal.batch_of_item(10**9) is None


def test_the_items_of_each_domain_are_counted(journal: Journal) -> None:
    assert journal.count_by_domain(1) == {"a0.org": (10, 2), "a1.org": (10, 2), "a2.org": (10, 2)}
    assert journal.count_by_domain(2) == {"a0.org": (10, 0), "a1.org": (10, 0), "a2.org": (10, 0)}


# -- rests ---------------------------------------------------------------------------------------------


def rest(journal: Journal, at: float, until: float, reason: str) -> None:
    commit(journal, Changeset("", cool_downs=[DomainChange("a0.org", until - at, reason)]), wall=at)


def test_the_last_rests_of_a_domain_are_kept(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_commit, "RESTS_KEPT", 2)
    rest(journal, 100.0, 160.0, "throttled: 429")
    rest(journal, 150.0, 200.0, "blocked: wait")
    rest(journal, 190.0, 195.0, "throttled: 429")
    assert journal.rests("a0.org") == [RestRow(100.0, 200.0, "blocked: wait")]
    rest(journal, 300.0, 400.0, "x")
    rest(journal, 500.0, 600.0, "y")
    assert [row.reason for row in journal.rests("a0.org")] == ["y", "x"]
    journal.set_domain("a0.org", {}, lift_at=550.0)
    assert [row.until for row in journal.rests("a0.org")] == [550.0, 400.0]
    assert journal.rests("a1.org") == journal.rests("nowhere.org") == []


def test_every_attempt_is_recorded(journal: Journal) -> None:
    (item,) = lease(journal, 1, domain="a2.org", limit=1)
    for kind, event in ((OutcomeKind.TIMEOUT, ItemEvent.RETRY), (OutcomeKind.FETCHED, ItemEvent.FETCHED)):
        outcome = Outcome(item.id, kind, started_at=5.0, latency_s=0.5, status=200, raw=(7, 9))
        changes = [
            change(item, event, stem="p", outcome=outcome, due=0.0 if event is ItemEvent.RETRY else None)
        ]
        commit(journal, Changeset("L", changes), node="n1")
    assert [(a.kind, a.node, a.raw_offset) for a in journal.attempts([item.id])[item.id]] == [
        ("timeout", "n1", 7), ("fetched", "n1", 7),
    ]  # fmt: skip


def test_domains_are_found_by_name(journal: Journal) -> None:
    names = ["a1.org", "nowhere.org", *(f"n{n}.org" for n in range(2_000)), "a0.org"]
    assert {row.name for row in journal.domains_named(names)} == {"a0.org", "a1.org"}
    assert journal.domains_named([]) == []
