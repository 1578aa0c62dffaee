"""Checks of the machine: Python and its packages, memory, open files."""

from __future__ import annotations

import platform
import resource
from importlib import metadata
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
        wanted = MIN_FILES * 4
        can_raise = hard == resource.RLIM_INFINITY or hard >= MIN_FILES
        shell = f"`ulimit -n {wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)}` in the shell"
        more = f"`* hard nofile {wanted}` in /etc/security/limits.conf, and a new login"
        unit = f"LimitNOFILE={wanted} in a systemd unit, --ulimit nofile={wanted} for a container"
        return warning(what, f"{shell if can_raise else more}; {unit}")
    return ok(what)
