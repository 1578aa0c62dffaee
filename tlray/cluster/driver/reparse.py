"""The archive, read again: a Ray task for each part, and a commit of each part that has changed.

A part is replaced as a whole: in the journal, then on disk. What is done stands in a file of the home until all is done, so that
the same command goes on where it was interrupted.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from tlray.cluster.driver.client import Client
from tlray.cluster.workers.task_setup import set_up
from tlray.core.scheduling.task_names import TaskNames
from tlray.errors import Conflict, Interrupted
from tlray.io.disk.home import Home
from tlray.io.disk.home_lock import take
from tlray.io.disk.private_files import private
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import PartRow
from tlray.io.reparse.part import (
    PartWork,
    Portion,
    Reparsed,
    n_portions,
    read_portion,
    reparse_part,
    stage_portions,
)
from tlray.io.reparse.reread import current_parsers
from tlray.io.results.open_store import open_store
from tlray.io.results.store import PartMoved

LOOK_S = 1.0
MAX_MOVED = 5
"""How often a part is begun anew because a page of another batch is elsewhere by now."""


def cpus() -> int:
    """Return how many tasks Ray can run at once."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


class ReparseInterrupted(Interrupted):
    """The user stopped it."""

    def __str__(self) -> str:
        return "interrupted; what was read again stays, and the same command goes on with the rest"


@dataclass(frozen=True, slots=True)
class PartDone:
    """One part that was read again, or why not."""

    part: PartRow
    result: Reparsed


def reparse(
    client: Client,
    home: Home,
    batch_ids: Sequence[str],
    *,
    changed_only: bool,
    max_tasks: int,
    stopping: threading.Event,
) -> Iterator[PartDone]:
    """Read the pages of finished batches again, and yield each part when its rows are replaced."""
    tasks = _Tasks(home, changed_only=changed_only)
    with _progress(home, changed_only=changed_only) as progress:
        ahead = _works(client, home, batch_ids, progress)
        running: dict[Any, PartRow] = {}
        n_moved: Counter[str] = Counter()
        work = next(ahead, None)
        while True:
            while not stopping.is_set() and len(running) < max_tasks and work is not None:
                following = next(ahead, None)
                n_free = 1 if following is not None else max_tasks - len(running)
                running[tasks.begin(work, n_portions(work, n_free))] = work.part
                work = following
            if not running:
                break
            ended, _ = ray.wait([*running], num_returns=1, timeout=LOOK_S)
            for ref in ended:
                part = running.pop(ref)
                try:
                    result = client.call(lambda _, ref=ref: ref)  # type: ignore[misc]
                except PartMoved:  # a page of another batch, whose part was replaced meanwhile
                    n_moved[part.stem] += 1
                    if n_moved[part.stem] == MAX_MOVED:
                        raise
                    running[tasks.begin(work_of(home, part), 1)] = part
                    continue
                _commit(client, part, result)
                yield PartDone(part, result)
                progress.add(result.part.stem if result.part else part.stem)
        if stopping.is_set():
            raise ReparseInterrupted("")
        progress.clear()


def _works(client: Client, home: Home, batch_ids: Sequence[str], progress: _Progress) -> Iterator[PartWork]:
    for batch_id in batch_ids:
        for part in client.call(lambda c, batch_id=batch_id: c.recover_parts(batch_id)):  # type: ignore[misc]
            if part.stem not in progress.done and (work := work_of(home, part)).has_pages:
                yield work


def work_of(home: Home, part: PartRow) -> PartWork:
    """Return a part with the pages that are to be read with it, as the journal knows them now."""
    with open_reader(home.path) as journal, journal.snapshot():
        row = journal.batch(part.batch_id)
        stores_sets = row.options.terms is None or not row.options.terms.is_only_finding
        return PartWork(
            part,
            journal.dead_pages(row.id, part.stem) if part.has_pages and stores_sets else (),
            journal.reused_pages(row.id, part.stem) if part.has_rows and row.n_answered else (),
        )


def _commit(client: Client, part: PartRow, result: Reparsed) -> None:
    new = result.part
    if new is not None:
        row = PartRow(
            new.stem, part.batch_id, new.n_sets, new.n_tracks, new.n_bytes, new.n_sets > 0, part.has_pages
        )
        client.call(lambda c: c.replace_part(part.stem, row, result.revised))


class _Tasks:
    """The Ray tasks that read parts."""

    def __init__(self, home: Home, *, changed_only: bool) -> None:
        self._home, self._changed_only, self._names = home, changed_only, TaskNames()
        self._tasks = tuple(ray.remote(task) for task in (_reparse, _read, _stage))

    def begin(self, work: PartWork, n: int) -> Any:
        """Read a part in one task, or in as many as there are portions, which another one joins; return what to wait for."""
        name = self._names.bounded("reparse", work.part.batch_id)
        whole, portion, join = (t.options(name=name, num_cpus=1, max_retries=1) for t in self._tasks)
        if n == 1:
            return whole.remote(self._home, work, self._changed_only)
        portions = [portion.remote(self._home, work, self._changed_only, index, n) for index in range(n)]
        return join.remote(self._home, work.part, *portions)


def _reparse(home: Home, work: PartWork, changed_only: bool) -> Reparsed:
    """Stage the successor of one part."""
    with set_up():
        return reparse_part(open_store(home), work, changed_only=changed_only)


def _read(home: Home, work: PartWork, changed_only: bool, index: int, of: int) -> Portion:
    """Read a portion of a part."""
    with set_up():
        return read_portion(open_store(home), work, changed_only=changed_only, index=index, of=of)


def _stage(home: Home, part: PartRow, *portions: Portion) -> Reparsed:
    """Stage the successor of a part that was read in portions."""
    with set_up():
        return stage_portions(open_store(home), part, portions)


class _Progress:
    """The parts that an interrupted command has done."""

    def __init__(self, path: Path, what: str) -> None:
        self._path, self._what = path, what
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.done = set(lines[1:]) if lines[:1] == [what] else set()
        if not self.done:
            path.write_text(f"{what}\n", encoding="utf-8")

    def add(self, stem: str) -> None:
        """Note that a part is done, by the name that it has now."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{stem}\n")

    def clear(self) -> None:
        """Forget it all."""
        self._path.unlink()


@contextmanager
def _progress(home: Home, *, changed_only: bool) -> Iterator[_Progress]:
    """Hold the home's one place for this work; `Conflict` if another process holds it."""
    with private(), (home.path / "reparse.lock").open("a+", encoding="utf-8") as lock:
        if not take(lock, ""):
            raise Conflict(f"another `tlray reparse` works in {home.path}")
        yield _Progress(home.path / "reparse.done", json.dumps([changed_only, *sorted(current_parsers())]))
