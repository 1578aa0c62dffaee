"""Folders that tlray writes into, tried by a file that is written and removed again: what is refused, and how to correct it."""

from __future__ import annotations

import errno
import os
import pwd
import secrets
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tlray.io.disk.durable import NO_ROOM
from tlray.io.doctor.report import Result, failed

PROBE_BYTES: Final = 64 * 1024
"""An empty file needs no room, and no quota of blocks."""
_GONE: Final = (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENXIO, errno.ETIMEDOUT)


def nearest(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there and can be seen; OSError if its name is impossible."""
    for one in (path, *path.parents):
        try:
            one.stat()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        return one
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def not_writable(path: Path, instead: str) -> Result | None:
    """Return why nothing can be written into a folder, or into the one in which it would be made, and how to correct it; None if
    it can. ``instead`` says how to name another folder."""
    try:
        there = nearest(path)
        if _is_link(path) and there != path:
            return failed(f"{path} is a link to what is not there", f"make its target, or {instead}")
        if not there.is_dir():
            return failed(f"{there} is a file, not a folder", instead)
        _write_probe(there)
    except OSError as error:
        return refusal(error, path, instead)
    return None


def _is_link(path: Path) -> bool:
    with suppress(OSError):
        return path.is_symlink()
    return False


def refusal(error: OSError, path: Path, instead: str) -> Result:
    """Return what a file system refuses at a path, and how to correct it."""
    with suppress(OSError):
        there = nearest(path)
        for numbers, explain in _REASONS:
            if error.errno in numbers:
                what, hint = explain(path, there, instead)
                return failed(what, hint)
    return failed(f"{path}: {error.strerror or type(error).__name__}", instead)


def user_name(uid: int) -> str:
    """Return the name of a user, or the number of one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def owned(place: Path) -> str:
    """Say whose a file or folder is, and who asks."""
    stat = place.stat()
    theirs, ours = user_name(stat.st_uid), user_name(os.geteuid())
    return f"{place} is {theirs}'s (mode {stat.st_mode & 0o7777:03o}), and this user is {ours}"


def mount_of(path: Path) -> Path:
    """Return where the file system of a path begins."""
    return next(one for one in (path, *path.parents) if os.path.ismount(one))


def _write_probe(folder: Path) -> None:
    probe = folder / f".doctor-{secrets.token_hex(8)}"
    number = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if os.write(number, bytes(PROBE_BYTES)) < PROBE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(probe))
        os.fsync(number)  # some file systems find out only now that there is no room
        os.close(number)
        number = -1
    finally:
        if number >= 0:
            os.close(number)
        probe.unlink()


def _denied(path: Path, there: Path, instead: str) -> tuple[str, str]:
    what, me = f"{owned(there)}, who may not write there", user_name(os.geteuid())
    quoted = shlex.quote(str(path))
    if os.geteuid() == 0:
        return (
            what,
            f"run tlray as its owner (`sudo -u {user_name(there.stat().st_uid)} tlray …`), or {instead}",
        )
    if there.stat().st_uid == os.geteuid():
        hint = f"chmod u+rwx {shlex.quote(str(there))}"
    elif there == path and _has_other_files(path):  # no hint may change what is in such a folder
        return what, instead
    elif there == path:
        hint = f"if it is yours, `sudo chown -R {me} {quoted}`"
    elif os.access(there, os.X_OK):
        hint = f"sudo install -d -m 700 -o {me} {quoted}"
    else:
        return what, instead
    return what, f"{hint}; or {instead}"


def _has_other_files(folder: Path) -> bool:
    """True for a folder with files that is no home and no storage of tlray, as far as this user may look."""
    return (
        os.access(folder, os.R_OK | os.X_OK) and any(folder.iterdir()) and not (folder / "home.id").exists()
    )


def _forbidden(path: Path, there: Path, instead: str) -> tuple[str, str]:
    quoted = shlex.quote(str(there))
    return (
        f"nothing may be made in {there}, whatever its mode",
        f"`lsattr -d {quoted}` shows an i or an a if it is immutable: `sudo chattr -i -a {quoted}`; or {instead}",
    )


def _read_only(path: Path, there: Path, instead: str) -> tuple[str, str]:
    mount = mount_of(there)
    again = f"`sudo mount -o remount,rw {shlex.quote(str(mount))}` (`sudo dmesg` says if errors of the disk made it so)"
    return (
        f"the file system at {mount} is read-only, and {path} is on it",
        f"{again}; in a container mount a volume at {path}; or {instead}",
    )


def _no_room(path: Path, there: Path, instead: str) -> tuple[str, str]:
    mount = mount_of(there)
    return (
        f"there is no room for {path}: the file system at {mount} is full",
        f"make room on {mount} (`df -h {mount}`, `du -xsh {mount}/*`), or {instead}",
    )


def _no_quota(path: Path, there: Path, instead: str) -> tuple[str, str]:
    mount = mount_of(there)
    return (
        f"there is no room for {path}: the quota of {user_name(os.geteuid())} at {mount} is used up",
        f"delete files of yours on {mount} (`quota -s`), ask its administrator for more, or {instead}",
    )


def _is_gone(path: Path, there: Path, instead: str) -> tuple[str, str]:
    mount = mount_of(there)
    return (
        f"the file system of {path} does not work",
        f"mount {mount} again (`sudo dmesg` says what is wrong with it), or {instead}",
    )


_REASONS: Final[tuple[tuple[tuple[int, ...], Callable[[Path, Path, str], tuple[str, str]]], ...]] = (
    ((errno.EROFS,), _read_only),
    ((errno.EDQUOT,), _no_quota),
    (NO_ROOM, _no_room),
    ((errno.EACCES,), _denied),
    ((errno.EPERM,), _forbidden),
    (_GONE, _is_gone),
)
"""Numbers of errors, and what they mean; the first that fits counts."""
