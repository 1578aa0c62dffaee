"""How long until the list of 43,228 URLs is durable, on a coordinator that runs?

The list's host is replaced by a closed port of this machine, so that nothing of it can be fetched; what
reading it with its real host costs is measured without a coordinator. The bare figure is SQLite alone:
the same lines, one table, one unique key, as durable.
"""

from __future__ import annotations

import gzip
import hashlib
import sqlite3
import time
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import pages
from benchmarks.figures import Answer, Figure
from benchmarks.weighed import tlray_in, write_list
from tlray.demo.plan import Plan
from tlray.io.intake.url_list import read_chunks

QUESTION = "Submitting a list of 43,228 lines"
N_LINES = 43_228
CLOSED = "http://127.0.0.1:9"
"""Nothing listens there: the discard port, on this machine."""


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    lines, is_real = list_lines()
    harmless = [CLOSED + (urlsplit(line).path or "/") for line in lines]
    path = write_list(folder / "list.txt", harmless)
    rounds = 2 if quick else 5
    told = Answer(QUESTION, [])
    reading, reading_real, bare, submitting = [], [], [], []
    with tlray_in(folder / "tlray") as tlray:
        tlray.tell("open", home=str(folder / "tlray" / "home"))
        for number in range(rounds):
            reading.append(_seconds_to_read(harmless))
            reading_real.append(_seconds_to_read(lines))
            bare.append(_seconds_of_sqlite(harmless, folder / f"bare-{number}.db"))
            submitted = tlray.tell("submit", path=str(path))
            submitting.append(submitted["seconds"])
            tlray.tell("cancel", batch_id=submitted["batch_id"])
            time.sleep(2.0)
            told.runs.append({
                "read_s": reading[-1], "read_real_s": reading_real[-1], "sqlite_s": bare[-1],
                "submit_s": submitting[-1], "total": submitted["total"],
                "duplicates": submitted["duplicates"],
            })  # fmt: skip
    told.figures = [
        Figure("to durable", submitting, " s", most=3.0),
        Figure("to durable ÷ bare SQLite", [a / b for a, b in zip(submitting, bare, strict=True)], " ×"),
        Figure("of which reading the lines, CPU", reading, " s"),
        Figure("the same with the site's own host (no coordinator), CPU", reading_real, " s"),
        Figure("bare SQLite", bare, " s"),
    ]
    told.notes.append(
        f"{len(lines):,} lines, {submitted['total']:,} items, {submitted['duplicates']:,} duplicates"
        + ("." if is_real else "; the real list is not here (`../shared/urls`): the demo's URLs, as many.")
    )
    return told


def list_lines() -> tuple[list[str], bool]:
    """Return the lines, and whether they are the real ones."""
    for path in sorted(pages.URLS.glob("*.txt.gz")):
        return gzip.decompress(path.read_bytes()).decode().split(), True
    return list(Plan(7, N_LINES).urls(["https://www.1001tracklists.com"])), False


def _seconds_to_read(lines: list[str]) -> float:
    begun = time.process_time()
    for _ in read_chunks(lines):
        pass
    return time.process_time() - begun


def _seconds_of_sqlite(lines: list[str], path: Path) -> float:
    """Return the wall seconds that the least durable keeping of the lines takes."""
    begun = time.perf_counter()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, url TEXT, host TEXT, key BLOB UNIQUE)")
        rows = (
            (line, urlsplit(line).netloc, hashlib.blake2b(line.encode(), digest_size=12).digest())
            for line in lines
        )
        db.executemany("INSERT OR IGNORE INTO item (url, host, key) VALUES (?, ?, ?)", rows)
    db.close()
    return time.perf_counter() - begun
