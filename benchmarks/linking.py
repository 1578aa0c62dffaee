"""How fast are sets of several sites linked, and how right? A generated world (`performed_world.py`), whose truth is known.

Pages come one by one, as they are published, into an empty catalogue: what is timed is the indexing and linking of each and the
commit of every thousand, in the transaction in which the catalogue reads them.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, islice
from pathlib import Path
from typing import Final

from benchmarks.figures import Answer, Figure
from benchmarks.performed_world import Page, World
from tlray.io.catalogue.block_index import settle
from tlray.io.catalogue.catch_up import WINDOW
from tlray.io.catalogue.content import Content
from tlray.io.catalogue.database import opened
from tlray.io.catalogue.linking import link
from tlray.io.catalogue.performances import all_groups
from tlray.io.disk.home import Home
from tlray.model import Tracklist

QUESTION = "One performance on several sites: linking sets as they are published"
_SET: Final = "INSERT INTO facets (id, owner, is_newest) VALUES (?, '', 1)"


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    n_performances = 3_000 if quick else 455_000
    home = Home(folder / "home").create()
    told = Answer(QUESTION, [])
    numbers = array("i", [-1])
    """Set → its performance."""
    speeds, written_kb, largest_mb = [], 0.0, 0.0
    with opened(home) as db:
        pages = World(1, n_performances=n_performances).pages()
        while some := list(islice(pages, WINDOW)):
            before_kb = _written_kb()
            speeds.append(len(some) / _entered(db, len(numbers), some))
            written_kb += _written_kb() - before_kb
            numbers.extend(page.number for page in some)
            largest_mb = max(largest_mb, _own_memory_mb())
        size = db.execute(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        ).fetchone()[0]
        begun = time.perf_counter()
        group_of = all_groups(db)
        grouping_s = time.perf_counter() - begun
    n_sets = len(numbers) - 1
    tenth = max(1, len(speeds) // 10)
    least = None if quick else 1_000
    slowdown = statistics.median(speeds[-tenth:]) / statistics.median(speeds[:tenth])
    told.figures = [
        Figure(f"{n_sets:,} sets, linked one by one", [n_sets / sum(WINDOW / s for s in speeds)], " sets/s", least=least),
        Figure("the last tenth ÷ the first tenth", [slowdown], " ×"),
        *_rightness(numbers, group_of),
        Figure("groups of all, as an export needs them", [grouping_s], " s"),
        Figure("memory, that of the generated world included", [largest_mb], " MB"),
        Figure("written for a set, the log and its copy to the tables", [written_kb / n_sets], " KB", most=20),
        Figure("what a set takes in the catalogue", [size / 1_000 / n_sets], " KB"),
    ]  # fmt: skip
    told.notes.append(
        f"{n_performances:,} performances on one to three sites each, 10–35 tracks, near misses among them."
    )
    return told


def _entered(db: sqlite3.Connection, first: int, pages: list[Page]) -> float:
    """Enter a window of pages; return its seconds."""
    contents = [_content(page.tracklist) for page in pages]
    begun = time.perf_counter()
    db.execute("BEGIN IMMEDIATE")
    for number, content in enumerate(contents, first):
        db.execute(_SET, (number,))
        link(db, number, "", content)
    settle(db)
    db.execute("COMMIT")
    return time.perf_counter() - begun


def _content(found: Tracklist) -> Content:
    tracks = found.tracks
    return [
        found.title, None if found.date is None else found.date.isoformat(), found.djs, found.sources, found.site,
        [track.artist for track in tracks], [track.title for track in tracks], [track.identity.value for track in tracks],
    ]  # fmt: skip


def _rightness(numbers: array[int], group_of: dict[int, list[int]]) -> Iterator[Figure]:
    groups = {id(group): group for group in group_of.values()}.values()
    pairs = [numbers[one] == numbers[other] for group in groups for one, other in combinations(group, 2)]
    n_true = sum(n * (n - 1) // 2 for n in Counter(numbers[1:]).values())
    yield Figure("pairs that are right", [100 * sum(pairs) / len(pairs)], " %", least=99)
    yield Figure("pairs of one performance that are found", [100 * sum(pairs) / n_true], " %", least=95)


def _written_kb() -> float:
    """Return what the process has written to files."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar")) / 1_000


def _own_memory_mb() -> float:
    """Return the process's memory without mapped files: the catalogue is one."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1_000
