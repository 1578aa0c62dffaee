"""Where does everything lie? The home: its paths, its creation, and who holds it.

One coordinator at a time holds a home, by an exclusive ``flock`` on ``coordinator.lock`` that the kernel
drops when the process dies, however it dies. Beside the lock lies a note of who that is, so that others can
join its cluster.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tlray.errors import HomeInUse, HomeUnusable, StorageFull

HOLD_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a home."""

    pid: int
    node: str
    ray_address: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds the journal, the results, the archive and the exports."""

    path: Path

    @property
    def journal(self) -> Path:
        """The SQLite journal."""
        return self.path / "state.db"

    @property
    def lock(self) -> Path:
        """The file whose lock means that a coordinator is alive."""
        return self.path / "coordinator.lock"

    def results(self, batch_id: str) -> Path:
        """A batch's results."""
        return self.path / "results" / batch_id

    def archive(self, batch_id: str) -> Path:
        """A batch's pages as they came."""
        return self.path / "archive" / batch_id

    def exports(self, batch_id: str) -> Path:
        """What was exported of a batch."""
        return self.path / "exports" / batch_id

    @property
    def id(self) -> str:
        """The random word by which a task sees that it looks at the same storage; "" where there is none."""
        try:
            return (self.path / "home.id").read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def create(self) -> Home:
        """Make the home where it is not, readable by its owner only, and see that it can be written to."""
        try:
            if not self.path.is_dir():
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.path / f".writable-{os.getpid()}"
            probe.write_text(os.urandom(8).hex() + "\n", encoding="ascii")
            if not self.id:  # none yet, or one that a crash left empty
                probe.replace(self.path / "home.id")
            probe.unlink(missing_ok=True)
        except FileExistsError:
            if not self.path.is_dir():
                raise HomeUnusable(str(self.path), "there is a file of that name") from None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull(str(self.path)) from error
            raise HomeUnusable(str(self.path), error.strerror or str(error)) from error
        return self

    def exists(self) -> bool:
        """Whether a journal is there."""
        return self.journal.exists()

    # -- who holds it ----------------------------------------------------------------------------

    def hold(self, holder: Holder) -> IO[str]:
        """Take the home for this process until it ends; `HomeInUse` if another has it. Keep what is
        returned."""
        file = self.lock.open("a+", encoding="utf-8")
        for attempt in range(1, HOLD_ATTEMPTS + 1):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if attempt < HOLD_ATTEMPTS:
                    time.sleep(0.02)  # it may only be somebody asking `is_held`
        else:
            file.close()
            other = self.holder()
            name = f"process {other.pid} on {other.node}" if other else "another process"
            raise HomeInUse(str(self.path), name)
        file.seek(0)
        file.truncate()
        json.dump(asdict(holder), file)
        file.flush()
        return file

    def is_held(self) -> bool:
        """Whether a coordinator is alive in this home."""
        try:
            with self.lock.open("r+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return False

    def holder(self) -> Holder | None:
        """Return who holds the home, or held it last."""
        try:
            return Holder(**json.loads(self.lock.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def release(hold: IO[str]) -> None:
    """Let go of a home in order: without a note, so that nobody looks for a holder that has ended. Again it does nothing."""
    if hold.closed:
        return
    with contextlib.suppress(OSError):  # a full disk; the note is only older than it should be
        hold.truncate(0)
    hold.close()
