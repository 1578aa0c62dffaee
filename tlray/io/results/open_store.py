"""The choice of a store: a home's own folder, or the storage that ``TLRAY_STORAGE`` names."""

from __future__ import annotations

from typing import Final

from tlray.errors import HomeUnusable, StorageUnusable
from tlray.io.disk.home import Home
from tlray.io.results.local_store import LocalStore
from tlray.io.results.store import ResultStore

PATIENCE_S: Final = 15.0
"""How long a storage that does not answer is asked again."""
TASK_PATIENCE_S: Final = 60.0
"""The same for a scrape task: it holds pages that were fetched, and says meanwhile that it lives."""


def open_store(home: Home, *, patience_s: float = PATIENCE_S) -> ResultStore:
    """Return the store of a home's results."""
    storage = home.storage or Home.of(home.path, None).storage
    if storage is None:
        return LocalStore(home)
    if (folder := storage.folder) is not None:
        return LocalStore(Home(folder), is_storage=True)
    from tlray.io.results.object_client import ObjectClient  # noqa: PLC0415 - the library is loaded where it is used
    from tlray.io.results.object_store import ObjectStore  # noqa: PLC0415

    return ObjectStore(ObjectClient.of(storage, patience_s=patience_s))


def check_storage(home: Home) -> None:
    """Write, read, list and delete where a home's results go; `StorageUnusable` or `StorageUnavailable` says what is wrong."""
    storage = home.storage
    if storage is None:
        return
    if (folder := storage.folder) is not None:
        try:
            Home(folder).create()
        except HomeUnusable as error:
            raise StorageUnusable(storage.uri, str(error.args[1])) from None
        return
    from tlray.io.results.object_client import ObjectClient  # noqa: PLC0415

    ObjectClient.of(storage, patience_s=0.0).probe()
