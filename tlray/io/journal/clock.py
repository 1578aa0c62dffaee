"""Readings of both clocks, and jumps of the wall clock between two of them.

The core counts in monotonic seconds, which survive no restart; so moments to come (a retry, the end of a cool-down) stand in the
journal by the wall clock. With every commit the journal also stores both clocks, and moves its moments along after a jump.
Within one boot of the machine the time that truly passed is known, and a jump in either direction is found; over a boot only a
jump back shows, as the clock standing before the last commit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

NOTICED_S = 2.0
"""A smaller difference is a clock that is being adjusted, or a slow commit."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks at one moment."""

    wall: float
    """Epoch seconds."""
    since_boot: float
    """Seconds, those that the machine slept through included where the system says so."""
    boot: str
    """An id of the machine's boot; "" where the system has none."""


def read_clock() -> ClockReading:
    """Read both clocks."""
    since_boot = (
        time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    )
    return ClockReading(time.time(), since_boot, _boot_id())


def jump_s(before: ClockReading, now: ClockReading) -> float:
    """Return the jump of the wall clock between two readings, forward or (negative) back; 0 if there was none."""
    jump = now.wall - before.wall
    if now.boot and now.boot == before.boot:
        jump -= now.since_boot - before.since_boot
    else:
        jump = min(0.0, jump)
    return jump if abs(jump) > NOTICED_S else 0.0


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
