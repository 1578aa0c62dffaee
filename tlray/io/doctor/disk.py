"""Check of the room where files are written: the home, temporary files, and those of Ray."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tlray.io.doctor.folders import nearest, not_writable
from tlray.io.doctor.report import Grade, Result, failed, ok, warning

MB: Final = 1024 * 1024
FULL_BYTES, LOW_BYTES, LOW_SHARE = 200 * MB, 2_000 * MB, 0.05
"""Ray stops writing on a disk that is 95 % full."""
LOW_INODES: Final = 10_000
_ROOM: Final = "make room: delete old exports, archives or catalogue/, which is a copy; or take another disk"
_ROOM_FOR_FILES: Final = (
    "make room: delete old files there, such as ray/session_* of a Ray that has ended; or export TMPDIR"
)
_OTHER_FOLDER: Final = "name another folder: `export {name}=/some/folder`"


def disks(places: Sequence[Path], environ: Mapping[str, str] | None = None) -> Result:
    """Check room and inodes of each file system once, and that temporary files can be written; the worst decides."""
    environ = os.environ if environ is None else environ
    results = [_temporary(environ)]
    seen: set[int] = set()
    wanted = [(place, _ROOM) for place in places] + [
        (place, _ROOM_FOR_FILES) for place in temporary_folders(environ)
    ]
    for place, hint in wanted:
        try:
            there = nearest(place)
            device = there.stat().st_dev
            if device not in seen:
                seen.add(device)
                results.append(_disk(there, hint))
        except OSError as error:  # a network mount that is gone
            results.append(
                failed(f"{place}: {error.strerror}", "mount its file system again, or use another folder")
            )
    found = [result for result in results if result is not None]
    worst = next((r for grade in (Grade.FAILED, Grade.WARNING) for r in found if r.grade is grade), None)
    return worst or ok("; ".join(result.what for result in found))


def temporary_folders(environ: Mapping[str, str]) -> list[Path]:
    """Return the folders for temporary files of tlray and of Ray, wanted ones first."""
    wanted = environ.get("TMPDIR") or "/tmp"  # noqa: S108 - what Python and Ray take
    return [Path(folder).absolute() for folder in dict.fromkeys((wanted, ray_temporary_folder(environ)))]


def ray_temporary_folder(environ: Mapping[str, str]) -> str:
    """Return the folder in which Ray makes its own, ``ray``."""
    return environ.get("RAY_TMPDIR") or environ.get("TMPDIR") or "/tmp"  # noqa: S108


def _temporary(environ: Mapping[str, str]) -> Result | None:
    """Return why temporary files cannot be written where they are to be; None if they can."""
    for folder in temporary_folders(environ):
        name = "RAY_TMPDIR" if str(folder) == environ.get("RAY_TMPDIR") else "TMPDIR"
        if (result := not_writable(folder, _OTHER_FOLDER.format(name=name))) is not None:
            return failed(f"temporary files: {result.what}", result.hint)
    named = environ.get("TMPDIR", "")
    if named and not Path(named).is_dir():
        return warning(
            f"TMPDIR={named} is not there: temporary files go into /tmp", f"mkdir -p {shlex.quote(named)}"
        )
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return failed(
            "there is no folder for temporary files that this user can write into",
            _OTHER_FOLDER.format(name="TMPDIR"),
        )
    return None


def _disk(place: Path, hint: str) -> Result:
    usage, stat = shutil.disk_usage(place), os.statvfs(place)
    if not usage.total:
        return ok(f"{place} is no file system with a size")
    what = f"{usage.free / MB:,.0f} MB free at {place} ({usage.free / max(1, usage.total):.0%})"
    if usage.free < FULL_BYTES:
        return failed(what, hint)
    if stat.f_files and stat.f_favail < LOW_INODES:
        return warning(
            f"{stat.f_favail:,} inodes left at {place}", "delete small files, or use another file system"
        )
    if usage.free < LOW_BYTES or usage.free < LOW_SHARE * usage.total:
        return warning(
            what, "make room soon: a batch that meets a full disk ends with exit 4; Ray stops at 95 %"
        )
    return ok(what)
