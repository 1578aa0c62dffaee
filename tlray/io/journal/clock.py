"""What if the wall clock jumps? The journal's moments are moved along, so that who rests rests for as long as was meant.

The core counts in monotonic seconds, which survive no restart; so moments to come (a retry, the end of a cool-down) stand in the
journal by the wall clock. With every commit the journal also notes both clocks. Within one boot of the machine the time that
truly passed is known, and a jump in either direction is found; over a boot only a jump back shows, as the clock standing
before the last commit.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import asdict, dataclass
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
    """Which boot of the machine; "" where the system does not say."""


def read_clock() -> ClockReading:
    """Read both clocks."""
    since_boot = (
        time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
    )
    return ClockReading(time.time(), since_boot, _boot_id())


def jump_s(before: ClockReading, now: ClockReading) -> float:
    """Return by how much the wall clock has jumped between two readings, forward or (negative) back; 0 where it has not."""
    jump = now.wall - before.wall
    if now.boot and now.boot == before.boot:
        jump -= now.since_boot - before.since_boot
    else:
        jump = min(0.0, jump)
    return jump if abs(jump) > NOTICED_S else 0.0


def last_reading(db: sqlite3.Connection) -> ClockReading | None:
    """Return the reading of the last commit."""
    row = db.execute("SELECT value FROM meta WHERE key = 'clock'").fetchone()
    return None if row is None else ClockReading(**json.loads(row[0]))


def note(db: sqlite3.Connection, before: ClockReading | None, now: ClockReading) -> None:
    """Note a reading, and move the journal's moments along where the clock has jumped since ``before``."""
    if before is not None and (jump := jump_s(before, now)):
        db.execute(
            "UPDATE items SET due_at = due_at + ?, snoozed_since = snoozed_since + ? WHERE state = 'waiting'",
            (jump, jump),
        )
        db.execute(
            "UPDATE domains SET cool_until = cool_until + ?, last_fetch_at = last_fetch_at + ?, robots_at = robots_at + ?",
            (jump, jump, jump),
        )
        db.execute("UPDATE notices SET due_at = due_at + ? WHERE due_at IS NOT NULL", (jump,))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('clock', ?)", (json.dumps(asdict(now)),))


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
