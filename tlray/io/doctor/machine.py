"""Checks of the machine: Python and its packages, memory, open files, disks, clock, time zones."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import tempfile
import time
import zoneinfo
from importlib import metadata
from pathlib import Path
from typing import Final

import psutil
from packaging.requirements import Requirement

from tlray.io.doctor.report import Result, failed, ok, warning
from tlray.io.process.node_load import memory_free
from tlray.version import __version__

MB: Final = 1024 * 1024
MIN_MEMORY: Final = 0.10
"""Below this share of free memory no scrape task is added (`tlray.core.scheduling.autoscaling`)."""
RAY_BYTES: Final = 1_024 * MB
"""What a Ray of our own takes with a few workers."""
MIN_FILES: Final = 1_024
"""A scrape task has up to 512 connections, and Ray its own files."""
FULL_BYTES, LOW_BYTES, LOW_SHARE = 200 * MB, 2_000 * MB, 0.05
"""Ray stops writing on a disk that is 95 % full."""
LOW_INODES: Final = 10_000
EARLIEST_S: Final = 1_735_689_600.0
"""2025: an earlier clock is wrong."""
JUMP_S: Final = 1.0
_LOOK_S: Final = 0.5


def python() -> Result:
    """Say which Python runs which tlray."""
    return ok(
        f"tlray {__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )


def packages() -> Result:
    """Compare the installed packages with what tlray requires."""
    again = "install tlray again into this environment: `make setup`, or `pip install -e .`"
    try:
        requires = metadata.requires("tlray") or []
    except metadata.PackageNotFoundError:
        return warning("tlray runs from its source and is not installed, so no version was checked", again)
    wrong, n = [], 0
    for requirement in map(Requirement, requires):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        n += 1
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
        else:
            if not requirement.specifier.contains(version, prereleases=True):
                wrong.append(f"{requirement.name} is {version}, needed is {requirement.specifier}")
    return (
        failed("; ".join(wrong), again) if wrong else ok(f"{n} packages, each of a version that tlray takes")
    )


def memory() -> Result:
    """Check that a Ray has room."""
    share, available = memory_free(), psutil.virtual_memory().available
    what = f"{available / MB:,.0f} MB are available, {share:.0%} of what this process may have are free"
    if share < MIN_MEMORY or available < RAY_BYTES:
        return warning(
            what, "a Ray with its workers takes 1 GB; end other programs, or raise the container's limit"
        )
    return ok(what)


def open_files() -> Result:
    """Check the limit on open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = [("no limit" if n == resource.RLIM_INFINITY else f"{n:,}") for n in (soft, hard)]
    what = f"open files: {limits[0]}, can be raised to {limits[1]}"
    if soft != resource.RLIM_INFINITY and soft < MIN_FILES:
        return warning(what, f"`ulimit -n {MIN_FILES * 4}` in the shell, LimitNOFILE= in a systemd unit")
    return ok(what)


def disks(places: list[Path]) -> Result:
    """Check room and inodes where files are written: each file system once, the worst decides."""
    seen: dict[int, Result] = {}
    for place in [*places, Path(tempfile.gettempdir())]:
        there = existing(place)
        device = there.stat().st_dev
        if device not in seen:
            seen[device] = _disk(there)
    results = list(seen.values())
    worst = next((r for grade in ("failed", "warning") for r in results if r.grade == grade), None)
    return worst or ok("; ".join(result.what for result in results))


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())


def _disk(place: Path) -> Result:
    usage, stat = shutil.disk_usage(place), os.statvfs(place)
    if not usage.total:
        return ok(f"{place} is no file system with a size")
    what = f"{usage.free / MB:,.0f} MB free at {place} ({usage.free / max(1, usage.total):.0%})"
    if usage.free < FULL_BYTES:
        return failed(
            what,
            "make room: delete old exports, archives or catalogue/, which is a copy; or take another disk",
        )
    if stat.f_files and stat.f_favail < LOW_INODES:
        return warning(
            f"{stat.f_favail:,} inodes left at {place}", "delete small files, or use another file system"
        )
    if usage.free < LOW_BYTES or usage.free < LOW_SHARE * usage.total:
        return warning(
            what, "make room soon: a batch that meets a full disk ends with exit 4; Ray stops at 95 %"
        )
    return ok(what)


def clock() -> Result:
    """Check that the wall clock is plausible and runs with the monotonic clock."""
    sync = "switch on NTP (`timedatectl set-ntp true`); a guest may have to take the time from its host"
    began = time.time() - time.monotonic()
    if time.time() < EARLIEST_S:
        return failed(f"the clock says {time.strftime('%Y-%m-%d', time.gmtime())}", sync)
    time.sleep(_LOOK_S)
    jump = time.time() - time.monotonic() - began
    if abs(jump) > JUMP_S:
        return warning(f"the clock was set by {jump:+.1f} s while it was looked at", sync)
    return ok(time.strftime("it is %Y-%m-%dT%H:%M:%SZ, and the clock runs steadily", time.gmtime()))


def time_zones() -> Result:
    """Check that schedules find their time zones."""
    hint = "install the package tzdata"
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError):
        return failed("the time zone Europe/Berlin cannot be read", hint)
    n = len(zoneinfo.available_timezones())
    return (
        ok(f"{n} time zones, local time is {time.strftime('%Z (%z)')}")
        if n > 100
        else warning(f"only {n} time zones", hint)
    )
