"""What every store of results promises; a further one is a row of `STORES`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tlray.errors import CannotFinish
from tlray.io.disk.home import Home
from tlray.io.results.local_store import LocalStore
from tlray.io.results.store import PartFile, PartMoved, ResultStore, recover, replace_parts, sweep

A, B = "b1", "b2"
STORES: dict[str, Callable[[Path], ResultStore]] = {"local": lambda path: LocalStore(Home(path).create())}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
    return STORES[request.param](tmp_path / "home")


def put(store: ResultStore, stem: str, content: bytes = b"rows", *, batch: str = A) -> None:
    with store.stage(batch, stem) as staging:
        for kind in PartFile:
            staging.open(kind).write(content)
    assert staging.sizes == dict.fromkeys(PartFile, len(content))


def read(store: ResultStore, stem: str, kind: PartFile = PartFile.TRACKS, *, batch: str = A) -> bytes:
    with store.open(batch, stem, kind) as file:
        return bytes(file.read())


def listed(store: ResultStore, batch: str = A) -> set[tuple[str | None, bool]]:
    return {(file.stem, file.is_published) for file in store.list(batch)}


def test_a_part_is_read_from_the_moment_at_which_it_is_staged_and_seen_when_it_is_published(
    store: ResultStore,
) -> None:
    put(store, "p1")
    assert (read(store, "p1"), listed(store)) == (b"rows", {("p1", False)})
    for _ in range(2):
        store.publish(A, "p1")
        assert (read(store, "p1"), listed(store)) == (b"rows", {("p1", True)})
    names = {file.name for file in store.list(A)}
    assert names == {store.place(A, "p1", kind) for kind in PartFile}
    assert {file.n_bytes for file in store.list(A)} == {4}


def test_an_error_while_a_part_is_staged_leaves_nothing(store: ResultStore) -> None:
    def stage() -> None:
        with store.stage(A, "p1") as staging:
            staging.open(PartFile.TRACKS).write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage()
    assert listed(store) == set()
    with pytest.raises(PartMoved):
        read(store, "p1")


def test_a_file_that_is_open_is_read_to_its_end_although_it_is_deleted(store: ResultStore) -> None:
    put(store, "p1", b"x" * 100_000)
    store.publish(A, "p1")
    with store.open(A, "p1", PartFile.TRACKS) as file:
        assert file.read(10) == b"x" * 10
        store.delete(A, ["p1"])
        assert len(file.read()) == 99_990
    store.delete(A, ["p1", "never-there"])
    assert listed(store) == set()


def test_batches_do_not_see_each_other(store: ResultStore) -> None:
    put(store, "p1", b"a")
    put(store, "p1", b"b", batch=B)
    store.publish(A, "p1")
    assert (read(store, "p1"), read(store, "p1", batch=B)) == (b"a", b"b")
    assert set(store.batches()) == {A, B}
    store.delete(A, ["p1"])
    assert listed(store, B) == {("p1", False)}


def test_what_is_neither_staged_nor_published_is_lost(store: ResultStore) -> None:
    put(store, "there")
    with pytest.raises(CannotFinish, match="part gone of batch b1 is lost"):
        store.publish(A, "gone", "there")
    assert listed(store) == {("there", True)}


def test_the_files_follow_the_manifest(store: ResultStore) -> None:
    for stem in ("kept", "kept-staged", "orphan", "orphan-staged"):
        put(store, stem)
    store.publish(A, "kept", "orphan")
    assert sweep(store, A, ["kept", "kept-staged"]) == ["orphan", "orphan-staged"]
    recover(store, A, ["kept", "kept-staged"])
    assert listed(store) == {("kept", True), ("kept-staged", True)}
    put(store, "merged")
    replace_parts(store, A, ["kept", "kept-staged"], "merged")
    assert listed(store) == {("merged", True)}
    recover(store, "never-begun", ["p1"])  # a batch without files has nothing to recover
