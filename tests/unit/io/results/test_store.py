"""The stores of results that need no server hold their contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from obstore.store import MemoryStore
from store_contract import A, StoreContract, put

from tlray.errors import StorageUnavailable
from tlray.io.disk.home import Home
from tlray.io.disk.storage import Storage
from tlray.io.results.local_store import LocalStore
from tlray.io.results.object_client import ObjectClient
from tlray.io.results.object_store import ObjectStore
from tlray.io.results.store import ResultStore


def in_memory(_: Path) -> ObjectStore:
    """Make a store of objects whose server is the library's own, in memory."""
    objects = MemoryStore()
    return ObjectStore(ObjectClient(Storage("s3", "bucket", ""), 0.0, lambda _: objects))


STORES: dict[str, Callable[[Path], ResultStore]] = {
    "local": lambda path: LocalStore(Home(path).create()),
    "folder": lambda path: LocalStore(Home(path).create(), is_storage=True),
    "objects": in_memory,
}


class TestStores(StoreContract):
    @pytest.fixture(params=STORES)
    def store(self, request: pytest.FixtureRequest, tmp_path: Path) -> ResultStore:
        return STORES[request.param](tmp_path / "home")


def test_a_folder_that_is_not_mounted_is_no_storage(tmp_path: Path) -> None:
    store = LocalStore(Home(tmp_path), is_storage=True)
    with pytest.raises(StorageUnavailable, match=r"file://.* it is not mounted here"):
        put(store, "p1")
    assert not list(tmp_path.iterdir())
    with pytest.raises(StorageUnavailable):
        store.list(A)
