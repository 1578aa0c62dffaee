"""What every store of results promises, as a class of tests: a class of a test module inherits it and has a fixture `store`."""

from __future__ import annotations

import time

import pytest

from tlray.errors import CannotFinish
from tlray.io.results.store import (
    SWEEP_AGE_S,
    PartFile,
    PartMoved,
    ResultStore,
    recover,
    replace_parts,
    settle,
    sweep,
)

A, B = "b1", "b2"


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


def in_order(store: ResultStore, named: list[str]) -> None:
    """Put the files in order as the coordinator does: when a batch is opened, or when it ends."""
    recover(store, A, named)
    if store.publishes_late:
        settle(store, A, store.list(A), named, life=1, now=time.time())


class StoreContract:
    """The contract of `ResultStore`."""

    def test_a_part_is_read_from_the_moment_at_which_it_is_staged_and_seen_when_it_is_published(
        self, store: ResultStore
    ) -> None:
        put(store, "p1")
        assert (read(store, "p1"), listed(store)) == (b"rows", {("p1", False)})
        for _ in range(2):
            store.publish(A, "p1")
            assert (read(store, "p1"), listed(store)) == (b"rows", {("p1", True)})
        names = {file.name for file in store.list(A)}
        assert names == {store.place(A, "p1", kind) for kind in PartFile}
        assert {file.n_bytes for file in store.list(A)} == {4}

    def test_an_error_while_a_part_is_staged_leaves_nothing(self, store: ResultStore) -> None:
        def stage() -> None:
            with store.stage(A, "p1") as staging:
                staging.open(PartFile.TRACKS).write(b"half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stage()
        assert listed(store) == set()
        with pytest.raises(PartMoved):
            read(store, "p1")

    def test_a_file_that_is_open_is_read_to_its_end_although_it_is_deleted(self, store: ResultStore) -> None:
        put(store, "p1", b"x" * 100_000)
        store.publish(A, "p1")
        with store.open(A, "p1", PartFile.TRACKS) as file:
            assert file.read(10) == b"x" * 10
            store.delete(A, ["p1"])
            assert len(file.read()) == 99_990
        store.delete(A, ["p1", "never-there"])
        assert listed(store) == set()

    def test_batches_do_not_see_each_other(self, store: ResultStore) -> None:
        put(store, "p1", b"a")
        put(store, "p1", b"b", batch=B)
        store.publish(A, "p1")
        assert (read(store, "p1"), read(store, "p1", batch=B)) == (b"a", b"b")
        assert set(store.batches()) == {A, B}
        store.delete(A, ["p1"])
        assert listed(store, B) == {("p1", False)}

    def test_what_is_neither_staged_nor_published_is_lost(self, store: ResultStore) -> None:
        put(store, "there")
        with pytest.raises(CannotFinish, match="part gone of batch b1 is lost"):
            store.publish(A, "gone", "there")
        assert listed(store) == {("there", True)}

    def test_the_files_follow_the_manifest(self, store: ResultStore) -> None:
        for stem in ("kept", "kept-staged", "orphan", "orphan-staged"):
            put(store, stem)
        store.publish(A, "kept", "orphan")
        assert sweep(store, A, ["kept", "kept-staged"]) == ["orphan", "orphan-staged"]
        in_order(store, ["kept", "kept-staged"])
        assert listed(store) == {("kept", True), ("kept-staged", True)}
        put(store, "merged")
        replace_parts(store, A, ["kept", "kept-staged"], "merged")
        assert listed(store) == {("merged", not store.publishes_late)}
        in_order(store, ["merged"])
        assert listed(store) == {("merged", True)}
        put(store, "again")
        replace_parts(store, A, ["merged"], "again", has_ended=True)
        assert listed(store) == {("again", True)}, "nobody would publish it later"
        recover(store, "never-begun", ["p1"])  # a batch without files has nothing to recover

    def test_the_end_of_a_batch_deletes_no_upload_that_may_be_on_its_way(self, store: ResultStore) -> None:
        for stem in ("0003-000001-00001", "0003-000001-00002", "0002-000009-00001", "0003-000001-00003"):
            put(store, stem)
        merged_away, named, lost_with_its_life, uploading = (
            "0003-000001-00001", "0003-000001-00002", "0002-000009-00001", "0003-000001-00003",
        )  # fmt: skip
        store.publish(A, merged_away)
        settle(store, A, store.list(A), [named], life=3, now=time.time())
        assert listed(store) == {(named, True), (uploading, False)}
        assert lost_with_its_life not in {stem for stem, _ in listed(store)}
        settle(store, A, store.list(A), [named], life=3, now=time.time() + SWEEP_AGE_S + 60)
        assert listed(store) == {(named, True)}

    def test_a_part_is_uploaded_once_and_a_repeated_request_finds_its_own(self, store: ResultStore) -> None:
        put(store, "p1", b"rows")
        put(store, "p1", b"rows")
        assert read(store, "p1") == b"rows"

    def test_an_archive_is_read_from_anywhere(self, store: ResultStore) -> None:
        content = bytes(range(256)) * 10_000
        put(store, "p1", content)
        with store.open(A, "p1", PartFile.ARCHIVE) as file:
            file.seek(2_000_003)
            assert file.read(9) == content[2_000_003:2_000_012]
            file.seek(0)
            assert file.read() == content
            assert not file.read(1)
