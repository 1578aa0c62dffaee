"""No world outlives its test, and the collector of garbage sees worlds alone."""

from garbage import pytest_collection_finish
from simulated.leftovers import no_world_is_left

__all__ = ["no_world_is_left", "pytest_collection_finish"]
