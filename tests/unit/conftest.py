"""Settings of the unit tests: Hypothesis tries the same examples on every run, and files lie in memory where there is room."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from garbage import pytest_collection_finish
from hypothesis import HealthCheck, settings

__all__ = ["pytest_collection_finish"]

SLOW_MACHINE = [HealthCheck.too_slow]

# No deadline: how long an example takes says how busy the machine is.
settings.register_profile(
    "same",
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=SLOW_MACHINE,
)
settings.register_profile("thorough", max_examples=400, deadline=None, suppress_health_check=SLOW_MACHINE)
settings.load_profile("same")  # `make test SLOW=1` passes --hypothesis-profile=thorough

MEMORY_DISK, NEEDED_BYTES = Path("/dev/shm"), 1_000_000_000  # noqa: S108 - pytest makes a folder of its own there

# Some 300 journals are made, each with many fsyncs, which cost seconds on a busy disk and prove nothing here.
if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > NEEDED_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))
