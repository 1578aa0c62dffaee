"""Every implementation of the journal, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_journal import STORAGES, PostgresStorage, Storage
from postgres_server import postgres

from tlray.io.journal.writer import Journal

__all__ = ["postgres"]


@pytest.fixture(params=[*STORAGES, "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "postgres":
        return PostgresStorage(request.getfixturevalue("postgres"))
    return STORAGES[request.param](tmp_path)


@pytest.fixture
def journal(storage: Storage) -> Iterator[Journal]:
    with storage.open() as journal:
        yield journal
