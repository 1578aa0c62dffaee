"""`tlray reparse` is killed in front of any change of a file or of the journal, and the same command goes on to the same end.

The command's loop, the coordinator, the journal and the store are the real ones; only Ray's tasks run in this process.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from made_desk import Desk
from made_journal import change, commit, lease, states, submit
from made_parts import page

from tlray.cluster.driver import reparse as driver
from tlray.cluster.driver.client import Client
from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind, ReusableResult
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.errors import Interrupted
from tlray.io.audit.audit import audit_batch
from tlray.io.catalogue.catch_up import catch_up
from tlray.io.catalogue.change_list import changes
from tlray.io.catalogue.database import opened
from tlray.io.disk.home import Home
from tlray.io.journal import opening
from tlray.io.journal.sql.batches import BatchWrites
from tlray.io.journal.sql.revisions import RevisionWrites
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.reparse import part
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.reader import load, manifest_of
from tlray.io.results.rows import ItemKey
from tlray.io.results.warc import ArchiveWriter
from tlray.model import Tracklist
from tlray.sites.registry import parse_page

HOST = "127.0.0.1"
PLAN = Plan(1, 40, 1)
PAGES = sorted((page_of(make_set(1, i, PLAN.head(i))).encode() for i in range(40)), key=len)[:3]
TITLES = [parse_page(body, f"http://{HOST}/").tracklists[0].title for body in PAGES]
BATCHES = ["b1", "b2"]
N_ROWS = {"b1": 2, "b2": 1}
"""Sets before; one of the dead letters becomes the third of `b1`."""
K, E = OutcomeKind, ItemEvent


class Killed(BaseException):
    """Nothing of the process runs on."""


# -- the home ----------------------------------------------------------------------------------------


def entries() -> list[Entry]:
    return [Entry(n, f"http://{HOST}/tracklist/{n}/a.html", HOST, f"f{n}") for n in range(1, 5)]


def older(item: FrontierItem, body: bytes, at: float) -> Tracklist:
    """What an older parser has read."""
    found = parse_page(body, item.url).tracklists[0]
    found.url, found.fetched_at = item.url, datetime.fromtimestamp(at, UTC)
    found.title, found.parser = f"Older {found.title}", "1001tracklists/0"
    return found


def fetch(
    home: Home, journal: SqliteJournal, stem: str, pages: list[tuple[FrontierItem, bytes, bool]]
) -> None:
    """Fetch pages into a part; True: an older parser could read it."""
    archive, rows, changed = ArchiveWriter(), [], []
    for item, body, is_good in pages:
        at = 1_700_000_000.0 + item.id
        place = archive.add(replace(page(body, url=item.url), started_at=at))
        if is_good:
            rows.append((ItemKey("b1", item.id, item.fingerprint), older(item, body, at)))
        kind = K.FETCHED if is_good else K.UNREADABLE
        outcome = Outcome(item.id, kind, status=200, started_at=at, raw=place, n_sets=int(is_good))
        event, reason = (E.FETCHED, None) if is_good else (E.EXHAUST, "unreadable: no rows")
        changed.append(change(item, event, outcome=outcome, stem=stem, reason=reason))
    keep(home, journal, "b1", stem, rows, archive.take(), changed)


def keep(
    home: Home, journal: SqliteJournal, batch_id: str, stem: str, rows: Any, pages: bytes, changed: Any
) -> None:
    part = stage(LocalStore(home), batch_id, stem, rows, pages)
    record = PartRecord(batch_id, stem, part.n_sets, part.n_tracks, part.n_bytes, bool(rows), bool(pages))
    commit(journal, Changeset("L", changed, (record,)))
    LocalStore(home).publish(batch_id, stem)


def finish(journal: SqliteJournal, batch_id: str) -> None:
    counts = {state: n for state, n in states(journal, batch_id).items() if n}
    journal.finish_batch(
        journal.batch(batch_id).id,
        state=BatchState.COMPLETED,
        finished_at=9.0,
        elapsed_s=1.0,
        counts=counts,
        version=70,
    )


@pytest.fixture(scope="module")
def older_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of two parts whose pages an older parser has read, or not; and one that reuses a result of it."""
    home = Home(tmp_path_factory.mktemp("older")).create()
    journal = SqliteJournal(home.journal)
    journal.begin_incarnation(is_restart=False)
    one, two, three, four = lease(journal, submit(journal, "b1", entries()), domain=HOST)
    pages = [
        (one, PAGES[0], True),
        (two, PAGES[1], False),
        (three, b"<html>?", False),
        (four, PAGES[2], True),
    ]
    fetch(home, journal, "0001-000001-00001", pages)
    finish(journal, "b1")
    (again,) = lease(journal, submit(journal, "b2", entries()[:1]), domain=HOST)
    at = 1_700_000_000.0 + one.id
    answered = Outcome(again.id, K.ANSWERED, reused=ReusableResult("b1", "0001-000001-00001", one.id, at))
    row = (ItemKey("b2", again.id, again.fingerprint), older(again, PAGES[0], at))
    keep(
        home, journal, "b2", "0001-000002-00001", [row], b"",
        [change(again, E.ANSWERED, outcome=answered, stem="0001-000002-00001")],
    )  # fmt: skip
    finish(journal, "b2")
    journal.close()
    catch_up(home)
    return home.path


# -- the command without Ray -----------------------------------------------------------------------


@dataclass
class Later:
    """The task of a part; it runs when somebody waits for its answer."""

    task: Callable[..., Any]
    args: tuple[Any, ...] = ()

    def options(self, **_: Any) -> Later:
        return self

    def remote(self, *args: Any) -> Later:
        return Later(self.task, args)

    def answer(self) -> Any:
        return self.task(*(arg.answer() if isinstance(arg, Later) else arg for arg in self.args))

    __hash__ = object.__hash__


class DeskClient:
    """Calls to a coordinator in this process."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._loop = desk, asyncio.new_event_loop()

    def call(self, method: Callable[[Any], Any]) -> Any:
        asked = method(self._desk.coordinator)
        if isinstance(asked, Later):
            return asked.answer()
        return self._loop.run_until_complete(asked)

    def close(self) -> None:
        self._loop.close()
        self._desk.close()


class Points:
    """The points at which the process may be killed, counted."""

    def __init__(self) -> None:
        self.n = 0
        self.kill_at: int | None = None

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.n += 1
            if self.n == self.kill_at:
                raise Killed
            return call(*arguments, **options)

        return wrapped

    @contextmanager
    def killed_at(self, n: int | None) -> Iterator[None]:
        self.n, self.kill_at = 0, n
        try:
            yield
        finally:
            self.kill_at = None


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Points:
    made = Points()
    places: list[tuple[Any, str]] = [
        *((os, name) for name in ("replace", "unlink", "mkdir")),  # in front of an fsync is in front of what follows it
        (BatchWrites, "replace_parts"), (RevisionWrites, "revise"), (LocalStore, "delete"), (DeskClient, "call"),
        (driver._Progress, "add"), (driver._Progress, "clear"),
    ]  # fmt: skip
    for place, name in places:
        monkeypatch.setattr(place, name, made.wrap(getattr(place, name)))
    ray = SimpleNamespace(remote=Later, wait=lambda refs, **_: (refs[:1], refs[1:]))
    monkeypatch.setattr(driver, "ray", ray)
    monkeypatch.setattr(driver, "set_up", nullcontext)
    monkeypatch.setattr(
        opening, "_database", lambda *_: None
    )  # the settings are read once in a process, not at each question
    return made


def reparse(
    home: Home, stopping: threading.Event | None = None, on_change: Callable[[Batch], None] | None = None
) -> list[driver.PartDone]:
    desk = Desk(home.path)
    desk.state.on_change = on_change
    client = DeskClient(desk)
    told = []
    try:
        for done in driver.reparse(
            cast(Client, client),
            home,
            BATCHES,
            changed_only=False,
            max_tasks=2 if stopping is None else 1,
            stopping=stopping or threading.Event(),
        ):
            told.append(done)
            if stopping is not None:
                stopping.set()
    finally:
        client.close()
    return told


def seen(home: Home) -> dict[str, dict[int, tuple[str, int]]]:
    """Return what a reader of the manifest finds: item → title and number of rows; no item twice."""
    found = {}
    for batch_id in BATCHES:
        tracklists, tracks = load(LocalStore(home), batch_id, manifest_of(home, batch_id))
        assert not tracklists.duplicated(["item_id"]).any()
        assert not tracks.duplicated(["item_id", "index"]).any()
        sizes = tracks.groupby("item_id").size().to_dict()
        items = zip(tracklists["item_id"].to_list(), tracklists["title"].to_list(), strict=True)
        found[batch_id] = {item: (title, sizes[item]) for item, title in items}
    return found


def is_at_the_end(home: Home) -> None:
    found = seen(home)
    assert [found["b1"][item][0] for item in (1, 2, 4)] == TITLES
    assert [title for title, _ in found["b2"].values()] == TITLES[:1]
    with SqliteJournal(home.journal) as journal:
        assert states(journal, "b1") == {ItemState.SUCCEEDED: 3, ItemState.DEAD: 1}
        assert journal.batch("b1").counts == {ItemState.SUCCEEDED: 3, ItemState.DEAD: 1}
        (dead,) = journal.items("b1", ItemState.DEAD)
        assert dead.reason == "unreadable: no rows"
    for batch_id in BATCHES:
        audit = audit_batch(home, batch_id, reads_pages=True)
        assert audit.is_right, audit.findings
        assert audit.notes == ()
    assert not (home.path / "reparse.done").exists()


@pytest.fixture
def home(older_home: Path, tmp_path: Path) -> Home:
    return fresh(older_home, tmp_path / "home")


def fresh(older_home: Path, path: Path) -> Home:
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(older_home, path)
    return Home(path)


# -- the tests ---------------------------------------------------------------------------------------


def test_all_of_it_is_read_again(home: Home, points: Points) -> None:
    told = reparse(home)
    is_at_the_end(home)
    kinds = [kinds for done in told for _, kinds in done.result.changed]
    assert sorted(map(str, kinds)) == ["{'recovered': 1}", *["{'set_title': 1}"] * 3]
    assert sum(done.result.n_dead for done in told) == 1
    catch_up(home)
    with opened(home) as db:
        found = [(c["kind"], c["cause"]) for c in changes(db)]
    assert found == [("set_title", "parser")] * 2, "of the reused set there is one change"
    assert [done.result.part for done in reparse(home)] == [None] * 2, "the second time nothing is written"
    is_at_the_end(home)


def test_a_part_that_is_the_last_is_read_by_all_tasks_that_are_free(
    home: Home, points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "SETS_AT_ONCE", 1)
    monkeypatch.setitem(globals(), "BATCHES", ["b1"])
    indexes = []
    read = driver._read
    monkeypatch.setattr(driver, "_read", lambda *args: (indexes.append(args[3:]), read(*args))[1])
    (told,) = reparse(home)
    assert indexes == [(0, 2), (1, 2)]
    assert (told.result.n_pages, told.result.n_dead, len(told.result.changed)) == (4, 1, 3)
    monkeypatch.undo()
    assert {item: title for item, (title, _) in seen(home)["b1"].items()} == dict(
        zip((1, 2, 4), TITLES, strict=True)
    )
    assert audit_batch(home, "b1", reads_pages=True).is_right


def test_the_status_of_a_batch_has_what_was_recovered(home: Home, points: Points) -> None:
    told: list[Batch] = []
    reparse(home, on_change=told.append)
    assert [(book.batch_id, book.counts[ItemState.DEAD], book.version) for book in told] == [("b1", 1, 71)]
    desk = Desk(home.path)
    status = asyncio.run(desk.batches.status("b1"))
    desk.close()
    assert (status["state"], status["counts"]["succeeded"], status["counts"]["dead"]) == ("completed", 3, 1)
    assert status["version"] == 71


def test_a_kill_at_any_point_loses_nothing_and_the_same_command_goes_on(
    older_home: Path, tmp_path: Path, points: Points
) -> None:
    n_kills = 0
    for n in count(1):
        home = fresh(older_home, tmp_path / "home")
        try:
            with points.killed_at(n):
                reparse(home)
        except Killed:
            n_kills += 1
        else:
            break
        found = seen(home)
        assert {batch_id: len(items) for batch_id, items in found.items()} in (N_ROWS, {**N_ROWS, "b1": 3})
        reparse(home)
        is_at_the_end(home)
    assert n_kills > 40


def test_a_command_that_is_killed_again_and_again_comes_to_its_end(home: Home, points: Points) -> None:
    for n in count(5, 5):
        try:
            with points.killed_at(n):
                reparse(home)
        except Killed:
            seen(home)
        else:
            break
    is_at_the_end(home)


def test_a_command_that_is_stopped_ends_what_it_has_begun_and_goes_on_with_the_rest(
    home: Home, points: Points
) -> None:
    with pytest.raises(Interrupted, match="the same command goes on with the rest"):
        reparse(home, threading.Event())
    (left,) = reparse(home)
    assert left.part.batch_id == "b2", "what was done before is not read again"
    is_at_the_end(home)
