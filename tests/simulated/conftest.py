"""No world outlives its test."""

from simulated.leftovers import no_world_is_left

__all__ = ["no_world_is_left"]
