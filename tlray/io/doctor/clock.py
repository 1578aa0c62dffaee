"""Checks of the clock and of time zones."""

from __future__ import annotations

import ctypes
import os
import sys
import time
import zoneinfo
from typing import Final

from tlray.io.doctor.report import Result, failed, ok, warning

EARLIEST_S: Final = 1_735_689_600.0
"""2025: an earlier clock is wrong."""
JUMP_S: Final = 1.0
MAX_DRIFT_S: Final = 30.0
"""By so much the clocks of two machines may differ."""
SYNC: Final = "switch on NTP on both (`timedatectl set-ntp true`): leases and schedules use the wall clock"
SYNC_HERE: Final = (
    "`sudo timedatectl set-ntp true`, or run chronyd; in a container or a guest do it on the host"
)
_LOOK_S: Final = 0.5
_STA_UNSYNC: Final = 0x0040


class _Timex(ctypes.Structure):
    """The first fields of ``struct timex`` of adjtimex(2); no call asks for more."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_char * 256),
    )  # fmt: skip


def clock() -> Result:
    """Check that the wall clock is plausible, runs with the monotonic clock, and is kept right by some time service."""
    began = time.time() - time.monotonic()
    if time.time() < EARLIEST_S:
        return failed(f"the clock says {time.strftime('%Y-%m-%d', time.gmtime())}", SYNC_HERE)
    time.sleep(_LOOK_S)
    jump = time.time() - time.monotonic() - began
    if abs(jump) > JUMP_S:
        return warning(f"the clock was set by {jump:+.1f} s while it was looked at", SYNC_HERE)
    moment = time.strftime("it is %Y-%m-%dT%H:%M:%SZ", time.gmtime())
    synchronised = is_synchronised()
    if synchronised is False:
        return warning(
            f"{moment}, and no time service keeps the clock right (adjtimex: unsynchronised)", SYNC_HERE
        )
    return ok(
        f"{moment}, and "
        + ("a time service keeps the clock right" if synchronised else "the clock runs steadily")
    )


def is_synchronised() -> bool | None:
    """Ask the kernel if a time service keeps the clock right; None where it does not say."""
    if not sys.platform.startswith("linux"):
        return None
    timex = _Timex()  # modes 0: it is read only
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else not timex.status & _STA_UNSYNC


def time_zones() -> Result:
    """Check that schedules find their time zones."""
    hint = "pip install --force-reinstall tzdata"
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError):
        return failed("the time zone Europe/Berlin cannot be read", hint)
    n = len(zoneinfo.available_timezones())
    if n <= 100:
        return warning(f"only {n} time zones", hint)
    name = os.environ.get("TZ", "").lstrip(":")
    if name and "/" in name and name not in zoneinfo.available_timezones() and not name.startswith("/"):
        return warning(
            f"TZ={name} is no time zone, so local time is UTC", "correct TZ, such as TZ=Europe/Berlin"
        )
    return ok(f"{n} time zones, local time is {time.strftime('%Z (%z)')}")
