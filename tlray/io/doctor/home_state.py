"""Checks of a home: its rights, its holder, and the storage of its results. Of what is tried in it nothing stays."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tlray.errors import StorageUnavailable, StorageUnusable, UsageError
from tlray.io.disk.home import Home
from tlray.io.disk.private_files import FILES, FOLDERS, open_to_others
from tlray.io.disk.storage import Storage
from tlray.io.doctor.folders import nearest, not_writable, owned, refusal, user_name
from tlray.io.doctor.hints import STORAGE, hint_for
from tlray.io.doctor.reach import unreachable
from tlray.io.doctor.report import Result, failed, ok, warning
from tlray.io.results.open_store import check_storage
from tlray.settings import Settings

MAX_NAMED: Final = 5
MAX_FILES: Final = 2_000
"""Files of a home whose rights are looked at."""
OTHER_HOME: Final = "use another home (--home DIR or TLRAY_HOME)"


def home(path: Path) -> Result:  # noqa: PLR0911 - a list of rules
    """Check that the home and what is in it can be read and written, by its owner only."""
    if (result := not_writable(path, OTHER_HOME)) is not None:
        return result
    if nearest(path) != path:
        return ok(f"{path} is not there yet; the first batch makes it")
    try:
        if not is_home(path):  # no hint may change what is in such a folder
            return warning(
                f"{path} has files, and none of them is of tlray",
                "use a folder of its own (--home DIR or TLRAY_HOME)",
            )
        wrong = [one for one in islice(_content(path), MAX_FILES) if not _may_write(one)]
        what = owned(wrong[0]) if wrong else ""
        is_ours = bool(wrong) and wrong[0].stat().st_uid == os.geteuid()
    except OSError as error:
        return refusal(error, path, OTHER_HOME)
    if wrong:
        change = "chmod -R u+rwX" if is_ours else f"sudo chown -R {user_name(os.geteuid())}"
        places = " ".join(shlex.quote(str(one)) for one in wrong[:MAX_NAMED])
        return failed(f"{what}, who may not write it", f"{change} {places}; or {OTHER_HOME}")
    if (is_open := open_to_others(path)) is not None:
        what, _, command = is_open.rpartition(": ")
        return warning(what, command)
    return ok(f"{path}, readable and writable by its owner only")


def is_home(path: Path) -> bool:
    """True for a folder that tlray has used, or that is empty."""
    names = {entry.name for entry in os.scandir(path)}
    return not names or not names.isdisjoint((*FILES, "domains.toml", "storage"))


def _content(path: Path) -> Iterator[Path]:
    """Yield the files and folders of tlray in a home, and what is right below the folders."""
    for name in (*FILES, *FOLDERS):
        yield path / name
        if (path / name).is_dir() and os.access(path / name, os.R_OK | os.X_OK):
            yield from sorted(Path(below.path) for below in os.scandir(path / name))


def _may_write(path: Path) -> bool:
    wanted = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
    return path.is_symlink() or not path.exists() or os.access(path, wanted)


def holder(path: Path) -> Result:  # noqa: PLR0911 - a list of rules
    """Say which coordinator holds the home."""
    where = Home(path)
    try:
        where.lock.open("rb").close()
    except PermissionError:
        return ok("not known: this user may not look into the home (see the check home)")
    except OSError:
        return ok("no coordinator works in the home")
    if not where.is_held():
        return ok("no coordinator works in the home")
    one = where.holder()
    if one is None:
        return warning(
            "a process holds the home and does not say which",
            f"`fuser {shlex.quote(str(where.lock))}` names it",
        )
    if not one.ray_address:
        return ok(f"a command writes into the home just now: process {one.pid} on {one.node}")
    at = os.environ.get("RAY_ADDRESS", "")
    # one cluster has many names, but one port
    if at not in ("", "auto") and at.rpartition(":")[2] != one.ray_address.rpartition(":")[2]:
        return failed(
            f"a coordinator works in it on the Ray at {one.ray_address}, and RAY_ADDRESS={at} is another",
            f"export RAY_ADDRESS={one.ray_address}, or end it: `tlray stop --drain --home {shlex.quote(str(path))}`",
        )
    return ok(f"a coordinator works in it: process {one.pid} on {one.node}, on the Ray at {one.ray_address}")


def domains_file(settings: Settings) -> Result:
    """Read the file with the policies of single domains, as each batch does."""
    from tlray.io.intake.domains_toml import NAME, read_domains_file  # noqa: PLC0415 - loads the parsers of all sites

    where = settings.domains_file or settings.home / NAME
    try:
        read_domains_file(settings.domains_file, settings.home)
    except UsageError as error:
        return failed(
            str(error), f"correct {where} (docs/politeness.md), or move it away: no batch begins meanwhile"
        )
    return ok(
        f"{where} is good" if os.access(where, os.R_OK) else f"there is none at {where}, and none is needed"
    )


def storage(settings: Settings) -> Result:
    """Write, read, list and delete one object where results go."""
    where = Home.of(settings.home, settings.storage)
    if where.storage is None:
        return ok("results are in the home")
    name, folder = where.storage.uri, where.storage.folder
    if folder is not None:
        result = not_writable(folder, "name another folder in TLRAY_STORAGE")
        return result or ok(f"{name} can be written")
    if (result := _unreachable(where.storage)) is not None:
        return result
    try:
        check_storage(where)
    except (StorageUnusable, StorageUnavailable) as error:
        reason, _, hint = str(error.args[1]).partition("; ")
        return failed(f"{name}: {reason}", hint or hint_for(STORAGE, reason))
    return ok(f"{name}: an object was created, read, listed and deleted")


def _unreachable(storage: Storage) -> Result | None:
    """Return why nothing answers at the server that the environment names; None if something does, or it names none."""
    if storage.endpoint is None:
        return None
    parts = urlsplit(storage.endpoint)
    setting = next(name for name, value in storage.options if value == storage.endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place = f"{storage.uri} at {storage.endpoint}"
    return unreachable(
        place, parts.hostname or "", port, setting=setting, program="the server of the storage"
    )
