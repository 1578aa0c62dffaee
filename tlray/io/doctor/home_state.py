"""Checks of a home: its rights, its holder, its journal, and the storage of its results. Nothing is created in it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from tlray.errors import TlrayError
from tlray.io.disk.home import Home
from tlray.io.disk.private_files import open_to_others
from tlray.io.doctor.machine import existing
from tlray.io.doctor.report import Result, failed, ok, warning
from tlray.io.journal.opening import inspect_journal
from tlray.io.results.open_store import check_storage
from tlray.settings import Settings

MAX_DRIFT_S: Final = 30.0
SYNC: Final = "switch on NTP on both (`timedatectl set-ntp true`): leases and schedules use the wall clock"


def home(path: Path) -> Result:
    """Check that the home can be read and written, by its owner only."""
    there = existing(path)
    mine = "give it to the user that runs tlray (chown), or use another --home"
    if not there.is_dir() or (path.is_symlink() and there != path):
        what = (
            f"{path} is a link to what is not there" if there.is_dir() else f"{there} is a file, not a folder"
        )
        return failed(what, "use another --home")
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return failed(f"{there} cannot be read and written by this user", mine)
    if there != path:
        return ok(f"{path} is not there yet; the first batch makes it")
    try:
        probe = path / f".doctor-{secrets.token_hex(8)}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:  # a read-only file system, a quota
        return failed(f"nothing can be written in {path}: {error.strerror}", mine)
    if (is_open := open_to_others(path)) is not None:
        what, _, command = is_open.rpartition(": ")
        return warning(what, command)
    return ok(f"{path}, readable and writable by its owner only")


def holder(path: Path) -> Result:
    """Say which coordinator holds the home."""
    where = Home(path)
    if not where.is_held():
        return ok("no coordinator works in the home")
    one = where.holder()
    if one is None:
        return warning(
            "a process holds the home and does not say which", "`fuser` on its coordinator.lock names it"
        )
    if not one.ray_address:
        return ok(f"a command writes into the home just now: process {one.pid} on {one.node}")
    return ok(f"a coordinator works in it: process {one.pid} on {one.node}, on the Ray at {one.ray_address}")


def journal(path: Path) -> Result:
    """Check the journal: a file for damage, a database for its rights and its clock."""
    health = inspect_journal(Home(path))
    if health.missing_rights:
        return failed(
            f"{health.name}: the user lacks {', '.join(health.missing_rights)}",
            "GRANT them, or let it own the database",
        )
    if health.damage:
        return failed(
            f"{health.name} is damaged: {health.damage[0]}",
            "stop tlray, copy the home, restore a backup; `tlray audit` says more",
        )
    if abs(health.drift_s) > MAX_DRIFT_S:
        return warning(f"{health.name}: its clock and ours differ by {abs(health.drift_s):,.0f} s", SYNC)
    if not health.is_there:
        return ok(f"{health.name} has no journal yet; the first batch makes it")
    if health.is_older:
        return ok(
            f"{health.name} is of an older tlray (version {health.version}); the first command that writes migrates it"
        )
    return ok(f"{health.name} is whole, version {health.version}")


def storage(settings: Settings) -> Result:
    """Write, read, list and delete one object where results go."""
    where = Home.of(settings.home, settings.storage)
    if where.storage is None:
        return ok("results are in the home")
    name, folder = where.storage.uri, where.storage.folder
    if folder is not None:
        there = os.access(existing(folder), os.W_OK | os.X_OK)
        return (
            ok(f"{name} can be written")
            if there
            else failed(f"{name} cannot be written", "correct its rights (chown)")
        )
    try:
        check_storage(where)
    except TlrayError as error:
        return failed(str(error), "docs/storage.md lists the rights and variables")
    return ok(f"{name}: an object was created, read, listed and deleted")
