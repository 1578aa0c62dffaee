"""What does the journal cost, in CPU per item, from the submission to the last commit?

The journal's own calls, as a coordinator makes them, on a real file: append in chunks, commit the batch, read the lanes, write
down what is leased (looking for kept results each time), commit verdicts with a part each. Groups of 16 items are what a rate of
16/s reports once a second; of 128, a fast site. One item in ten fails once. Beside it the least that keeps as much: one row put
in, and twice changed, in transactions of the same size. CPU of the process; the kernel's part of writing and syncing counts.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.figures import Answer, Figure
from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, ItemChange
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry
from tlray.io.journal.rows import BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.journal.writer import Journal

QUESTION = "The journal's cost"
GROUPS = (16, 128)
MOST_MS = 0.3
N_DOMAINS = 20
CHUNK = 5_000
FAILS_EVERY = 10

T = TypeVar("T")


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    n_items, rounds = (5_000, 2) if quick else (50_000, 5)
    told = Answer(QUESTION, [])
    for group in GROUPS:
        ours, bare = [], []
        for number in range(rounds):
            with SqliteJournal(folder / f"{group}-{number}.db") as journal:
                ours.append(journal_ms(n_items, group, journal))
            bare.append(_bare_ms(n_items, group, folder / f"{group}-{number}-bare.db"))
            told.runs.append({"group": group, "journal_ms": ours[-1], "bare_ms": bare[-1]})
        told.figures += [
            Figure(f"groups of {group}: journal, CPU per item", ours, " ms", most=MOST_MS),
            Figure(f"groups of {group}: bare SQLite, CPU per item", bare, " ms"),
            Figure(
                f"groups of {group}: journal ÷ bare", [a / b for a, b in zip(ours, bare, strict=True)], " ×"
            ),
        ]
    told.notes.append(f"{n_items:,} items of {N_DOMAINS} domains; one in {FAILS_EVERY} is committed twice.")
    return told


def journal_ms(n_items: int, group: int, journal: Journal) -> float:
    """Return the milliseconds of CPU per item that the journal takes for a whole batch."""
    entries = [
        Entry(
            k,
            f"http://site-{k % N_DOMAINS}.test/tracklist/{k}/a-name",
            f"site-{k % N_DOMAINS}.test",
            f"x:{k}",
        )
        for k in range(n_items)
    ]
    journal.begin_incarnation(is_restart=False)
    begun = time.process_time()
    journal.open_batch(
        NewBatch(
            "b",
            name="",
            priority=Priority.NORMAL,
            options=BatchOptions(),
            request_key="k",
            created_at=time.time(),
        )
    )
    for chunk in _groups(entries, CHUNK):
        journal.add_lines("b", chunk, [])
    journal.commit_batch("b")
    n_commits = 0
    for domain in range(N_DOMAINS):
        after_id = 0
        while items := journal.load_lane(1, f"site-{domain}.test", after_id=after_id, limit=512):
            after_id = items[-1].id
            for some in _groups(items, group):
                journal.mark_leased([item.id for item in some], [(item.id, 0.0) for item in some])
                n_commits += 1
                journal.commit(_verdict(some, n_commits), now=0.0, wall=time.time(), node="node")
                again = [item for item in some if item.id % FAILS_EVERY == 0]
                if again:
                    journal.mark_leased([item.id for item in again], [(item.id, 0.0) for item in again])
                    journal.commit(_verdict(again, -n_commits), now=0.0, wall=time.time(), node="node")
    return 1_000 * (time.process_time() - begun) / n_items


def _verdict(items: Sequence[FrontierItem], number: int) -> Changeset:
    """Succeed all items, but for each tenth on its first attempt (``number`` above 0)."""
    stem = f"0001-000001-{abs(number):07d}{'' if number > 0 else '-1'}"
    changes = []
    for item in items:
        fails = number > 0 and item.id % FAILS_EVERY == 0
        kind = OutcomeKind.TIMEOUT if fails else OutcomeKind.FETCHED
        outcome = Outcome(item.id, kind, reason="timeout" if fails else None, started_at=1.7e9, latency_s=0.2)
        changes.append(
            ItemChange(
                item=item,
                before=ItemState.LEASED,
                after=ItemState.WAITING if fails else ItemState.SUCCEEDED,
                event=ItemEvent.RETRY if fails else ItemEvent.FETCHED,
                attempt=1 + (number < 0 or fails),
                n_lost=0,
                n_hops=0,
                url=item.url,
                domain=item.domain,
                due=2.0 if fails else None,
                reason="timeout" if fails else None,
                outcome=outcome,
                stem=None if fails else stem,
            )
        )
    note = PartRecord("b", stem, len(items), 40 * len(items), 100_000, has_rows=True, has_pages=True)
    return Changeset("L", changes, (note,))


def _bare_ms(n_items: int, group: int, path: Path) -> float:
    """Return the milliseconds of CPU per item of one row put in and changed twice."""
    begun = time.process_time()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, url TEXT, key TEXT UNIQUE, state TEXT)")
    for some in _groups(range(n_items), CHUNK):
        rows = [
            (k, f"http://site-{k % N_DOMAINS}.test/tracklist/{k}/a-name", f"x:{k}", "queued") for k in some
        ]
        _in_one(db, "INSERT INTO items VALUES (?, ?, ?, ?)", rows)
    for some in _groups(range(n_items), group):
        for state in ("leased", "succeeded"):
            _in_one(db, "UPDATE items SET state = ? WHERE id = ?", [(state, k) for k in some])
    db.close()
    return 1_000 * (time.process_time() - begun) / n_items


def _in_one(db: sqlite3.Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany(sql, rows)
    db.execute("COMMIT")


def _groups(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for begin in range(0, len(values), size):
        yield values[begin : begin + size]
