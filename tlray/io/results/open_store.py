"""The choice of a store: a home's results are local files."""

from __future__ import annotations

from tlray.io.disk.home import Home
from tlray.io.results.local_store import LocalStore
from tlray.io.results.store import ResultStore


def open_store(home: Home) -> ResultStore:
    """Return the store of a home's results."""
    return LocalStore(home)
