"""A batch whose parts are objects, from the first part to its end, killed at any request, as a class of tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq
from made_parts import a_set, page

from tlray.io.results.compaction import merge
from tlray.io.results.object_client import ObjectClient
from tlray.io.results.object_store import ObjectStore
from tlray.io.results.part_writer import stage
from tlray.io.results.reader import iter_tracklists
from tlray.io.results.store import PartFile, replace_parts, settle
from tlray.io.results.warc import ArchiveWriter

BATCH = "b1"
REQUESTS = ("create", "copy", "delete", "list")


class Killed(BaseException):
    """Nothing of the process runs on."""


@dataclass(frozen=True, slots=True)
class Killing(ObjectClient):
    """A client whose process dies in front of a request."""

    left: list[int] = field(default_factory=list)
    """How many requests are sent before."""

    def _request(self, name: str, *args: Any) -> Any:
        if self.left:
            self.left[0] -= 1
            if self.left[0] < 0:
                raise Killed
        return getattr(ObjectClient, name)(self, *args)

    def create(self, key: str, content: memoryview) -> None:
        self._request("create", key, content)

    def copy(self, source: str, target: str) -> None:
        self._request("copy", source, target)

    def delete(self, keys: Any) -> None:
        self._request("delete", keys)

    def list(self, prefix: str) -> Any:
        return self._request("list", prefix)


@dataclass
class Journal:
    """What is committed: the manifest, and which items a plain reader may find."""

    named: list[str] = field(default_factory=list)
    items: set[int] = field(default_factory=set)
    n_merges: int = 0


def run(store: ObjectStore, journal: Journal, life: int) -> None:
    """Work a batch of three items to its end, as the coordinator and its tasks do; go on where an earlier life ended."""
    for item in range(1, 4):
        if item not in journal.items:
            pages = ArchiveWriter()
            pages.add(page(b"<html>", url=f"https://example.org/{item}"))
            part = stage(store, BATCH, f"{life:04d}-000001-{item:05d}", [a_set(item)], pages.take())
            journal.named.append(part.stem)
            journal.items.add(item)
    if len(journal.named) > 1:
        journal.n_merges += 1
        old = list(journal.named)
        merged = merge(store, BATCH, old, f"{old[0]}-m{life:04d}-{journal.n_merges}")
        journal.named = [merged.part.stem]
        replace_parts(store, BATCH, old, merged.part.stem)
    files = store.list(BATCH)
    settle(store, BATCH, files, journal.named, life=life, now=0.0)


def plain_items(store: ObjectStore) -> list[int]:
    """Return the items that a reader of the published objects finds."""
    found = []
    for file in store.client.list(f"results/{BATCH}/tracklists"):
        with store.open(
            BATCH, file.key.rpartition("/")[2].removesuffix(".parquet"), PartFile.TRACKLISTS
        ) as source:
            found += pq.read_table(source).column("item_id").to_pylist()
    return found


def sees_right(store: ObjectStore, journal: Journal) -> None:
    """See that a reader of the manifest finds each item once, and a plain one none twice and none that does not count."""
    read = [int(found.source_id or 0) for found in iter_tracklists(store, BATCH, lambda: journal.named)]
    assert sorted(read) == sorted(journal.items)
    plain = plain_items(store)
    assert len(plain) == len(set(plain))
    assert set(plain) <= journal.items


class KillContract:
    """What holds after a kill at any request; a test module inherits it and has a fixture `fresh`."""

    def test_a_batch_that_is_killed_at_any_request_goes_on_to_the_same_end(
        self, fresh: Callable[[], ObjectClient]
    ) -> None:
        n_kills = 0
        while True:
            client = fresh()
            store, journal = ObjectStore(client), Journal()
            killing = ObjectStore(Killing(client.storage, 0.0, client.connect, [n_kills]))
            try:
                run(killing, journal, life=1)
            except Killed:
                n_kills += 1
            else:
                break
            sees_right(store, journal)
            run(store, journal, life=2)
            sees_right(store, journal)
            assert sorted(plain_items(store)) == [1, 2, 3]
            assert {(file.stem, file.is_published) for file in store.list(BATCH)} == {
                (journal.named[0], True)
            }
        assert n_kills > 20

    def test_a_life_that_is_killed_again_and_again_ends_well(self, fresh: Callable[[], ObjectClient]) -> None:
        client = fresh()
        store, journal, life = ObjectStore(client), Journal(), 0
        while True:
            life += 1
            try:
                run(ObjectStore(Killing(client.storage, 0.0, client.connect, [life])), journal, life=life)
            except Killed:
                sees_right(store, journal)
            else:
                break
        assert life > 5
        sees_right(store, journal)
        assert sorted(plain_items(store)) == [1, 2, 3]
        assert len(store.list(BATCH)) == 3
