"""What does a journal in PostgreSQL cost beside one in SQLite?

The calls of `benchmarks.journal_cost` on both, on one machine, as durable: the CPU of our own process, and that of the server
beside it. And the time until the list of 43,228 lines is durable, without a coordinator. The server listens on loopback and has
its default settings.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figures import Answer, Figure
from benchmarks.journal_cost import GROUPS, journal_ms
from benchmarks.submit_list import CLOSED, list_lines
from tests.shared.postgres_server import PostgresServer, fresh_schema, programs
from tlray.core.model.item import Priority
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.postgres.database import Database
from tlray.io.journal.postgres.journal import PostgresJournal
from tlray.io.journal.rows import BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal

QUESTION = "A journal in PostgreSQL"


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    n_items, rounds = (5_000, 2) if quick else (20_000, 5)
    told = Answer(QUESTION, [])
    place = Path(tempfile.mkdtemp(prefix="tlray-pg-", dir=folder.parent.parent))
    place.chmod(0o755)
    server = PostgresServer(programs(), place, is_durable=True)
    try:
        server.start()
        told.figures.append(
            Figure("the list to durable", [_list_s(server) for _ in range(rounds)], " s", most=5.0)
        )
        for group in GROUPS:
            ours, theirs, sqlite = [], [], []
            for number in range(rounds):
                with SqliteJournal(folder / f"{group}-{number}.db") as file:
                    sqlite.append(journal_ms(n_items, group, file))
                with _journal(server) as journal:
                    before_s = server.cpu_s()
                    ours.append(journal_ms(n_items, group, journal))
                    theirs.append(1_000 * (server.cpu_s() - before_s) / n_items)
                told.runs.append(
                    {
                        "group": group,
                        "postgres_ms": ours[-1],
                        "server_ms": theirs[-1],
                        "sqlite_ms": sqlite[-1],
                    }
                )
            ratios = [a / b for a, b in zip(ours, sqlite, strict=True)]
            told.figures += [
                Figure(f"groups of {group}: our CPU per item ÷ SQLite's", ratios, " ×", most=2.0),
                Figure(f"groups of {group}: our CPU per item", ours, " ms"),
                Figure(f"groups of {group}: the server's CPU per item", theirs, " ms"),
                Figure(f"groups of {group}: SQLite, CPU per item", sqlite, " ms"),
            ]
    finally:
        server.close()
    told.notes.append(f"{n_items:,} items, as for the journal's cost.")
    return told


def _journal(server: PostgresServer) -> PostgresJournal:
    return PostgresJournal(Database.parse(server.url(fresh_schema())), "a home", is_held=True)


def _list_s(server: PostgresServer) -> float:
    """Return the wall seconds from the first line to the commit of the batch."""
    lines = [CLOSED + (urlsplit(line).path or "/") for line in list_lines()[0]]
    options = BatchOptions()
    with _journal(server) as journal:
        begun = time.perf_counter()
        journal.open_batch(NewBatch("b", "", Priority.NORMAL, options, "k", created_at=time.time()))
        for chunk in read_chunks(lines):
            journal.add_lines("b", chunk.entries, chunk.refused)
        journal.commit_batch("b")
        return time.perf_counter() - begun
