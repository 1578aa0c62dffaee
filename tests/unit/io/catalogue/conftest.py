from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_catalogue import MadeHome


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeHome]:
    made = MadeHome(tmp_path / "home")
    yield made
    made.close()
