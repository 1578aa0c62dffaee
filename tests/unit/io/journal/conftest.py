"""Every implementation of the journal, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_journal import STORAGES, Storage

from tlray.io.journal.writer import Journal


@pytest.fixture(params=STORAGES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return STORAGES[request.param](tmp_path)


@pytest.fixture
def journal(storage: Storage) -> Iterator[Journal]:
    with storage.open() as journal:
        yield journal
