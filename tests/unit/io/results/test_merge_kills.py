"""Parts are merged, and the coordinator is killed at any call that changes a file: nobody sees a row twice, and none is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_batch import MadeBatch
from made_parts import BATCH

import tlray
from tlray.io.audit.audit import audit_batch
from tlray.io.disk.home import Home
from tlray.io.journal.rows import PartRow
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.results.compaction import Merged, merge
from tlray.io.results.local_store import LocalStore
from tlray.io.results.store import recover, replace_parts

N_SETS = 2
N_TRACKS = 1 + 2
CHANGES = ("replace", "unlink", "mkdir", "fsync")
SEEN = ("replace", "unlink")
"""Those after which a folder looks different."""


class Killed(BaseException):
    """Nothing of the process runs on."""


class Calls:
    """The calls that change files: counted, and each looked at; the process may be killed in front of one."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look
        self.n = 0
        self.kill_at: int | None = None
        self.looks = True

    @contextmanager
    def killed_at(self, n: int | None, *, looks: bool = True) -> Iterator[None]:
        self.n, self.kill_at, self.looks = 0, n, looks
        try:
            yield
        finally:
            self.n, self.kill_at, self.looks = 0, None, False

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.n += 1
            if self.n == self.kill_at:
                raise Killed
            result = call(*arguments, **options)
            if self.looks and call.__name__ in SEEN:
                self.looks = False
                self.look()
                self.looks = True
            return result

        return wrapped


@pytest.fixture(scope="module")
def merging(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Merged]:
    """A home whose parts have just been merged into one, which is staged; nothing is committed."""
    home = Home(tmp_path_factory.mktemp("merging")).create()
    made = MadeBatch.submitted(home, N_SETS)
    stems = [made.fetch(1) for _ in range(N_SETS)]
    merged = merge(LocalStore(home), BATCH, stems, f"{stems[0]}m")
    made.journal.close()
    return home.path, merged


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def calls(home: Home, monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls = Calls(lambda: sees_right(home))
    calls.looks = False
    for name in CHANGES:
        monkeypatch.setattr(os, name, calls.wrap(getattr(os, name)))
    return calls


def sees_right(home: Home) -> None:
    """See that pandas finds no row twice, and that tlray finds every row once."""
    sees_nothing_twice(home)
    tracklists, tracks = tlray.load(BATCH, home=home.path)
    assert sorted(tracklists["item_id"]) == list(range(1, N_SETS + 1))
    assert len(tracks) == len(tracks.drop_duplicates(["item_id", "index"])) == N_TRACKS


def sees_nothing_twice(home: Home) -> None:
    for name, keys in (("tracklists", ["item_id"]), ("tracks", ["item_id", "index"])):
        folder = home.results(BATCH) / name
        if any(folder.iterdir()):
            assert not pd.read_parquet(folder).duplicated(keys).any(), f"{name}: {sorted(folder.iterdir())}"


def replace(home: Home, merged: Merged) -> None:
    """What the coordinator does with a merged part."""
    part = merged.part
    row = PartRow(part.stem, BATCH, part.n_sets, part.n_tracks, part.n_bytes, has_rows=True, has_pages=True)
    journal = SqliteJournal(home.journal)
    try:
        journal.replace_parts(BATCH, merged.warc_offsets, row)
    finally:
        journal.close()
    replace_parts(LocalStore(home), BATCH, list(merged.warc_offsets), part.stem)


def restart(home: Home) -> None:
    """What a coordinator does with a batch that it opens."""
    journal = SqliteJournal(home.journal)
    try:
        named = [part.stem for part in journal.parts(BATCH)]
    finally:
        journal.close()
    recover(LocalStore(home), BATCH, named)


def copied(merging: tuple[Path, Merged], home: Home) -> Merged:
    shutil.rmtree(home.path, ignore_errors=True)
    shutil.copytree(merging[0], home.path)
    return merging[1]


def all_is_there(home: Home) -> bool:
    """Whether pandas, too, finds every row, and every file is whole and where it should be."""
    n_rows = [len(pd.read_parquet(home.results(BATCH) / name)) for name in ("tracklists", "tracks")]
    audit = audit_batch(home, BATCH, reads_pages=True)
    return n_rows == [N_SETS, N_TRACKS] and audit.is_right and audit.n_pages == N_SETS


def kills(calls: Calls, action: Callable[[], None]) -> Iterator[bool]:
    """Yield once for each call at which the process is killed, and at last, False, when it was not."""
    for n in count(1):
        try:
            with calls.killed_at(n, looks=n == 1_000):
                action()
        except Killed:
            yield True
        else:
            assert n > 1
            yield False
            return


def test_nobody_sees_a_row_twice_while_parts_are_merged(
    merging: tuple[Path, Merged], home: Home, calls: Calls
) -> None:
    merged = copied(merging, home)
    sees_right(home)
    with calls.killed_at(None):
        replace(home, merged)
    assert all_is_there(home)


def test_nobody_sees_a_row_twice_when_a_merge_was_broken_off(
    merging: tuple[Path, Merged], home: Home, calls: Calls
) -> None:
    n_kills = 0
    calls.look = lambda: sees_nothing_twice(home)
    for n in count(1):
        merged = copied(merging, home)
        try:
            with calls.killed_at(n, looks=False):
                replace(home, merged)
        except Killed:
            n_kills += 1
        else:
            break
        sees_right(home)
        with calls.killed_at(None):
            restart(home)
        assert all_is_there(home), f"killed at call {n}"
    assert n_kills > 12


def test_a_start_that_is_killed_again_and_again_ends_well(
    merging: tuple[Path, Merged], home: Home, calls: Calls
) -> None:
    for n in (1, 4, 9, 16):
        merged = copied(merging, home)
        with pytest.raises(Killed), calls.killed_at(n, looks=False):
            replace(home, merged)
        for _ in kills(calls, lambda: restart(home)):
            sees_right(home)
        assert all_is_there(home)


def test_a_merge_that_was_not_committed_leaves_all_as_it_was(
    merging: tuple[Path, Merged], home: Home, calls: Calls
) -> None:
    copied(merging, home)
    with calls.killed_at(None):
        restart(home)
    assert all_is_there(home)
    assert not list((home.results(BATCH) / "_staging").iterdir())
