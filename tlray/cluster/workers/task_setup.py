"""How a worker is set up for a task that reads pages or parts. Ray gives the process to other tasks afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tlray.io.disk.private_files import keep_private
from tlray.io.process.arrow import without_pandas
from tlray.io.process.garbage import collected_seldom
from tlray.io.process.malloc import keep_freed_memory


@contextmanager
def set_up() -> Iterator[None]:
    """Set the worker up for the block: private files, freed memory is kept, cycles are looked for seldom, no pandas."""
    keep_private()
    keep_freed_memory()
    without_pandas()
    with collected_seldom():
        yield
