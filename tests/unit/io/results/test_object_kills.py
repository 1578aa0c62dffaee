"""A batch whose parts are objects is killed at any request: nobody sees a row twice, none is lost, nothing is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from object_kills import KillContract
from obstore.store import MemoryStore

from tlray.io.disk.storage import Storage
from tlray.io.results.object_client import ObjectClient


def in_memory() -> ObjectClient:
    objects = MemoryStore()
    return ObjectClient(Storage("s3", "bucket", ""), 0.0, lambda _: objects)


class TestInMemory(KillContract):
    @pytest.fixture
    def fresh(self) -> Callable[[], ObjectClient]:
        return in_memory
