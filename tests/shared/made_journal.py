"""Journals for tests: every implementation that ships, and the steps that a batch takes in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from postgres_server import PostgresServer, fresh_schema

from tlray.core.model.discovery import Committed
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import ItemEvent, ItemState, advance
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.politeness.robots import RobotsAnswer
from tlray.core.scheduling.changeset import Changeset, DomainChange, ItemChange, LaneDeath
from tlray.core.submission.lines import Entry, RefusedLine
from tlray.io.disk.home import Home
from tlray.io.journal.clock import ClockReading, read_clock
from tlray.io.journal.opening import open_reader
from tlray.io.journal.postgres.database import Database
from tlray.io.journal.postgres.journal import PostgresJournal, PostgresReader
from tlray.io.journal.reader import JournalReader
from tlray.io.journal.rows import BatchOptions, NewBatch, totals
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.journal.writer import Journal
from tlray.testing import MemoryJournal

Clock = Callable[[], ClockReading]


class SqliteStorage:
    """A home with the journal that a coordinator has."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)

    def open(self, clock: Clock = read_clock) -> Journal:
        return SqliteJournal(self.home.journal, clock=clock)

    def reader(self) -> JournalReader:
        return open_reader(self.home.path)


class MemoryStorage:
    """A journal in memory, which stays as long as the first one is open."""

    def __init__(self, folder: Path) -> None:
        self._first = MemoryJournal()

    def open(self, clock: Clock = read_clock) -> Journal:
        return MemoryJournal(self._first.name, clock=clock)

    def reader(self) -> JournalReader:
        return self._first.reader()


class PostgresStorage:
    """A schema of its own in the session's PostgreSQL server."""

    def __init__(self, server: PostgresServer) -> None:
        self.database = Database.parse(server.url(fresh_schema()))

    def open(self, clock: Clock = read_clock) -> Journal:
        return PostgresJournal(self.database, "a home", clock=clock)

    def reader(self) -> JournalReader:
        return PostgresReader(self.database, "a home")


Storage = SqliteStorage | MemoryStorage | PostgresStorage
STORAGES: dict[str, Callable[[Path], Storage]] = {"sqlite": SqliteStorage, "memory": MemoryStorage}
"""The implementations of the journal that need no server; `storage` adds PostgreSQL's."""


def new_batch(batch_id: str = "b1", **more: Any) -> NewBatch:
    fields: dict[str, Any] = {
        "name": "", "priority": Priority.NORMAL, "options": BatchOptions(), "request_key": f"k{batch_id}", "created_at": 1.0,
    }  # fmt: skip
    return NewBatch(batch_id, **{**fields, **more})


def entries(n: int, *, first: int = 1, domain: str = "a.test", mark: str = "f") -> list[Entry]:
    return [Entry(i, f"http://{domain}/{i}", domain, f"{mark}{i}") for i in range(first, first + n)]


def submit(
    journal: Journal,
    batch_id: str = "b1",
    lines: Sequence[Entry] | int = 3,
    *,
    refused: Sequence[RefusedLine] = (),
    **more: Any,
) -> int:
    """Submit a batch; return its number."""
    journal.open_batch(new_batch(batch_id, **more))
    journal.add_lines(batch_id, entries(lines) if isinstance(lines, int) else lines, refused)
    journal.commit_batch(batch_id)
    return journal.batch(batch_id).id


def lease(journal: Journal, batch: int, *, domain: str = "a.test", limit: int = 100) -> list[FrontierItem]:
    items = journal.load_lane(batch, domain, after_id=0, limit=limit)
    journal.mark_leased([item.id for item in items])
    return items


def change(item: FrontierItem, event: ItemEvent, **values: Any) -> ItemChange:
    rest = {
        "attempt": item.attempt, "n_lost": item.n_lost, "n_hops": item.n_hops, "url": item.url, "domain": item.domain,
    }  # fmt: skip
    after = advance(ItemState.LEASED, event)
    return ItemChange(item=item, before=ItemState.LEASED, after=after, event=event, **{**rest, **values})


def succeed(journal: Journal, items: Sequence[FrontierItem], stem: str | None = "p", at: float = 1.0) -> None:
    changes = [
        change(i, ItemEvent.FETCHED, stem=stem, outcome=Outcome(i.id, OutcomeKind.FETCHED, started_at=at))
        for i in items
    ]
    commit(journal, Changeset("L", changes))


def commit(
    journal: Journal, changeset: Changeset, *, now: float = 0.0, wall: float = 0.0, node: str = ""
) -> Committed:
    return journal.commit(changeset, now=now, wall=wall, node=node)


def kill_lane(journal: Journal, death: LaneDeath) -> tuple[int, int]:
    return commit(journal, Changeset("", deaths=[death])).killed[0]


def apply_robots(
    journal: Journal, domain: str, text: str, crawl_delay_s: float | None, *, wall: float
) -> None:
    commit(journal, Changeset("", robots=(RobotsAnswer(domain, text, crawl_delay_s),)), wall=wall)


def cool_down(journal: Journal, domain: str, until: float, reason: str, n_blocks: int = 0) -> None:
    commit(journal, Changeset("", cool_downs=[DomainChange(domain, until, reason, n_blocks)]))


def states(journal: JournalReader, batch_id: str = "b1") -> dict[ItemState, int]:
    return totals(journal.counts(journal.batch(batch_id).id))


def connection_of(journal: JournalReader) -> Any:
    """Return the connection of a journal, to damage it or to make it an older one."""
    return journal._db  # type: ignore[attr-defined]
