"""How often a process that reads pages looks for cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

COLLECT_AFTER: Final = 50_000
"""New objects that are still alive when the youngest are looked through; Python's own number is 700. Some 10,000 tracks are alive
at a time, none of them in a cycle, and each look goes through them."""


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Look for cycles seldom during the block."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
