"""The lock of a home: one process holds it until it ends, and others look at it without taking it.

The holder has two exclusive locks on one open file. The kernel drops both when the process dies, however it dies.

* An ``flock``: holders exclude each other by it.
* An open file description lock (``F_OFD_SETLK`` of fcntl(2)): others look at it with ``F_OFD_GETLK``, which takes nothing.
  So no number of lookers can keep a holder from its lock.

The file holds a note of who the holder is. A note that ends with a line break is of a holder with both locks. Others have the
first one only: on macOS, on some file systems, and those of an older tlray. To look at them takes a shared ``flock`` for some
microseconds; a holder that meets it tries again for `PATIENCE_S`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time
from pathlib import Path
from typing import IO, Final

PATIENCE_S: Final = 3.0
"""How long a holder tries where another process may only be looking …"""
ENDING_S: Final = 0.1
"""… and where another one holds the lock for certain, but may just be ending."""
RETRY_S: Final = 0.01

_HAS_OFD: Final = hasattr(fcntl, "F_OFD_GETLK")
_FLOCK: Final = "hhqqi0q"
"""``struct flock`` of 64-bit file offsets: type, whence, start, length (0: to the end), process (0 in a request)."""


def take(file: IO[str], note: str) -> bool:
    """Lock an open file for as long as it stays open, and write the note; False where another holder has it, OSError where it
    cannot be locked."""
    begun = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            patience_s = ENDING_S if _is_shown(file.fileno()) else PATIENCE_S
            if time.monotonic() - begun >= patience_s:
                return False
            time.sleep(RETRY_S)
    is_shown = _show(file.fileno())
    file.seek(0)
    file.truncate()
    file.write(note + ("\n" if is_shown else ""))
    file.flush()
    return True


def is_taken(path: Path) -> bool:
    """True if a process holds the lock. A file that may not be opened counts as taken."""
    try:
        file = path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    with file:
        if _is_shown(file.fileno()):
            return True
        return not (_HAS_OFD and file.read().endswith(b"\n")) and not _can_share(file.fileno())


def has_open(pid: int, path: Path) -> bool:
    """Return True if a process of this machine has the file open; False on systems other than Linux."""
    with contextlib.suppress(OSError):
        wanted = path.stat()
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.path.samestat(wanted, file.stat()):
                    return True
    return False


def _show(fd: int) -> bool:
    """Take the lock that others can look at; False where there is none."""
    if not _HAS_OFD:
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError:
        return False
    return True


def _is_shown(fd: int) -> bool:
    """True if another open file has the lock that can be looked at."""
    if not _HAS_OFD:
        return False
    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, wanted)
    except OSError:
        return False
    return bool(struct.unpack(_FLOCK, found)[0] != fcntl.F_UNLCK)


def _can_share(fd: int) -> bool:
    """True if nobody has an exclusive ``flock``; takes a shared one, which the caller drops by closing the file."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
