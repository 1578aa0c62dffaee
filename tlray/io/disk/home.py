"""The home: its paths, its creation, and its holder.

One coordinator at a time holds a home, by a lock on ``coordinator.lock`` that the kernel drops when the process
dies, however it dies (`tlray.io.disk.home_lock`). In the file stands a note of who that is, so that others can join its cluster.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tlray.errors import HomeInUse, HomeUnusable, UsageError
from tlray.io.disk.durable import disk_errors
from tlray.io.disk.home_lock import has_open, is_taken, take
from tlray.io.disk.private_files import make_private, open_to_others, private
from tlray.io.disk.storage import Storage, parse_storage

logger = logging.getLogger(__name__)

BRIEF_S = 10.0
"""Seconds for which a holder waits for a command that holds the home briefly."""
KILLED_S = 10.0
"""Seconds that a killed process may take to end."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a home."""

    pid: int
    node: str
    ray_address: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds the journal, the results, the archive and the exports."""

    path: Path
    storage: Storage | None = None
    """The place of results, pages and exports; None: they are in this folder."""

    @classmethod
    def of(cls, path: Path, storage: str | None) -> Home:
        """Return a home with the storage that is given as a URI, or else with the one that it was made with."""
        try:
            recorded = (path / "storage").read_text(encoding="utf-8").strip()
        except OSError:
            recorded = ""
        found = parse_storage(storage or recorded) if storage or recorded else None
        if recorded and found is not None and parse_storage(recorded) != found:
            raise UsageError(
                f"home {path} has its results in {recorded}, and TLRAY_STORAGE is {found.uri}; leave it out, use another --home,"
                f" or move the results there and write its URI into {path / 'storage'}"
            )
        home = cls(path, found)
        if not recorded:
            home._require_no_results()
        return home

    @property
    def has_objects(self) -> bool:
        """True if its results are objects of a storage, which every node reaches without this folder."""
        return self.storage is not None and self.storage.folder is None

    @property
    def journal(self) -> Path:
        """The journal, where it is a file of the home (`tlray.io.journal.opening`)."""
        return self.path / "state.db"

    @property
    def catalogue(self) -> Path:
        """The catalogue of all sets, made from the journal and the results."""
        return self.path / "catalogue.db"

    @property
    def lock(self) -> Path:
        """The lock file of a living coordinator."""
        return self.path / "coordinator.lock"

    def results(self, batch_id: str) -> Path:
        """The folder of a batch's results."""
        return self.path / "results" / batch_id

    def archive(self, batch_id: str) -> Path:
        """The folder of a batch's archived pages."""
        return self.path / "archive" / batch_id

    def exports(self, batch_id: str) -> Path:
        """The folder of a batch's exports."""
        folder = self.storage.folder if self.storage is not None else None
        return (folder or self.path) / "exports" / batch_id

    def uploads(self, batch_id: str = "") -> Path:
        """The folder of a batch's uploaded files, until they are read."""
        return self.path / "uploads" / batch_id

    @property
    def id(self) -> str:
        """The random id by which a task checks that it sees the same storage; "" if there is none."""
        try:
            return (self.path / "home.id").read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def create(self) -> Home:
        """Create the home if it is missing, readable by its owner only, and check that it can be written to.

        An existing home keeps its mode, with a warning if others can read it. They cannot read tlray's files in it.
        """
        with disk_errors(self.path), private():
            if self.path.exists() and not self.path.is_dir():
                raise HomeUnusable(str(self.path), "there is a file of that name")
            self._make()
            make_private(self.path)
        if (is_open := open_to_others(self.path)) is not None:
            logger.warning("%s", is_open)
        return self

    def _make(self) -> None:
        if not self.path.is_dir():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        word = os.urandom(8).hex()
        # not by its process's number: two machines may share the home
        probe = self.path / f".writable-{word}"
        probe.write_text(word + "\n", encoding="ascii")
        if not self.id:
            _name(probe, self.path / "home.id")
        probe.unlink(missing_ok=True)

    def _require_no_results(self) -> None:
        """Raise UsageError where results are in this folder already, and would be in two places."""
        if self.storage is not None and any(
            folder.is_dir() and any(folder.iterdir())
            for folder in (self.path / "results", self.path / "archive")
        ):
            raise UsageError(
                f"home {self.path} has results on its own disk, and TLRAY_STORAGE is {self.storage.uri}; use another --home, or"
                f" move results/ and archive/ there and write its URI into {self.path / 'storage'}"
            )

    def record_storage(self) -> None:
        """Write down where the results are, so that every later command finds them."""
        place = self.path / "storage"
        if self.storage is not None and not place.exists():
            with disk_errors(self.path):
                new = self.path / f".storage-{os.urandom(8).hex()}"
                new.write_text(f"{self.storage.uri}\n", encoding="utf-8")
                new.replace(place)

    # -- who holds it ----------------------------------------------------------------------------

    def hold(self, holder: Holder) -> IO[str]:
        """Lock the home for this process for as long as the returned file stays open; `HomeInUse` if another holds it."""
        with private():
            file = self.lock.open("a+", encoding="utf-8")
        deadline = time.monotonic() + BRIEF_S
        try:
            while not (is_ours := take(file, json.dumps(asdict(holder)))):
                if not self.is_held_briefly() or time.monotonic() >= deadline:
                    break
        except OSError as error:
            file.close()
            raise HomeUnusable(
                str(self.path), f"{self.lock.name} cannot be locked: {error.strerror}"
            ) from error
        if not is_ours:
            file.close()
            other = self.holder()
            name = f"process {other.pid} on {other.node}" if other else "another process"
            raise HomeInUse(str(self.path), name)
        return file

    def is_held(self) -> bool:
        """Return True if a process holds this home; looking takes the lock from nobody."""
        return is_taken(self.lock)

    def is_held_briefly(self) -> bool:
        """Return True if the holder is a command that writes to the journal and ends, not a coordinator."""
        holder = self.holder()
        return holder is not None and not holder.ray_address

    def holder(self) -> Holder | None:
        """Return the holder of the home, or the last one."""
        try:
            return Holder(**json.loads(self.lock.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def kill_holder(self) -> bool:
        """Kill the holder and wait for its end; return False if it does not run on this machine."""
        holder = self.holder()
        if holder is None or not has_open(holder.pid, self.lock):
            return False
        os.kill(holder.pid, signal.SIGKILL)
        deadline = time.monotonic() + KILLED_S
        while self.is_held() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.is_held()


def _name(probe: Path, target: Path) -> None:
    """Give a file its name unless another process was first; replace one that a crash left empty."""
    try:
        os.link(probe, target)
    except FileExistsError:
        if not target.read_text(encoding="ascii").strip():
            probe.replace(target)
    except OSError:  # a file system without hard links
        probe.replace(target)


def release(hold: IO[str]) -> None:
    """Release a home and erase the holder's note; repeated, it does nothing."""
    if hold.closed:
        return
    with contextlib.suppress(OSError):  # a full disk; the note is only older than it should be
        hold.truncate(0)
    hold.close()
