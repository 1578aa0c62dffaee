"""What tests in virtual time leave behind is taken away: a conftest imports the fixture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .world import World


@pytest.fixture(autouse=True)
def no_world_is_left() -> Iterator[None]:
    yield
    World.end_all()
