"""A watch over the Ray that this process works with: a thread that notices when Ray has died, or does not answer any more.

Ray itself takes up to a minute to notice, then aborts the process or waits for ever, and no signal handler runs meanwhile. So
the watch runs in a thread, and the function that it calls may end the process from there.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

from tlray.cluster.driver.ray_processes import OwnRay

logger = logging.getLogger(__name__)
LOOK_EVERY_S = 0.25
ASK_EVERY_S = 3.0
LOST_AFTER_S = 20.0
"""A GCS that nobody reached for so long is lost; one with a store of its own may be started again before."""
Look = Callable[[], str | None]
"""Returns what has died, or None."""
OnLost = Callable[[str, Callable[[], None]], None]
"""Is given what has died, and a function that kills what is left of a Ray of our own; called in the watch's thread."""


class ProcessLook:
    """A process of this machine, found dead."""

    def __init__(self, name: str, pid: int) -> None:
        self._name, self._pid = name, pid
        self._process: psutil.Process | None = None
        with suppress(psutil.NoSuchProcess):
            self._process = psutil.Process(pid)

    def __call__(self) -> str | None:
        """Look once."""
        with suppress(psutil.NoSuchProcess):
            process = self._process
            if process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                return None
        return f"its {self._name} (process {self._pid}) has died"


class AddressLook:
    """An address that nobody answers at for a while."""

    def __init__(self, name: str, address: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._address, self._clock = name, address, clock
        self._answered_at = self._asked_at = clock()

    def __call__(self) -> str | None:
        """Look once; the address is asked every few seconds."""
        if (now := self._clock()) - self._asked_at < ASK_EVERY_S:
            return None
        self._asked_at = now
        if answers(self._address):
            self._answered_at = now
        silent_s = now - self._answered_at
        return (
            f"its {self._name} at {self._address} has not answered for {silent_s:.0f} s"
            if silent_s >= LOST_AFTER_S
            else None
        )


class RayWatch:
    """Looks again and again, until something has died."""

    def __init__(
        self,
        looks: Sequence[Look],
        on_lost: OnLost | None = None,
        *,
        kill_rest: Callable[[], None] = lambda: None,
    ) -> None:
        self._looks, self._on_lost, self._kill_rest = looks, on_lost or _only_kill, kill_rest
        self._stopping = threading.Event()
        self.lost: str | None = None
        """What has died; None while all is well."""
        threading.Thread(target=self._run, name="tlray-ray-watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            for look in self._looks:
                if (what := look()) is not None and not self._stopping.is_set():
                    self.lost = what
                    self._on_lost(what, self._kill_rest)
                    return


def _only_kill(what: str, kill_rest: Callable[[], None]) -> None:
    kill_rest()


def watch_own(own: OwnRay, on_lost: OnLost | None) -> RayWatch:
    """Watch a Ray that this process has started."""
    return RayWatch(
        [ProcessLook(name, pid) for name, pid in own.vital().items()], on_lost, kill_rest=own.kill
    )


def watch_joined(gcs_address: str, on_lost: OnLost | None) -> RayWatch:
    """Watch a Ray that others have started: its GCS, and the raylet of this machine. Nothing of it is killed."""
    looks: list[Look] = [AddressLook("GCS", gcs_address)]
    if (pid := _local_raylet()) is not None:
        looks.append(ProcessLook("raylet", pid))
    return RayWatch(looks, on_lost)


def _local_raylet() -> int | None:
    """Return the process that listens at the socket of this machine's raylet."""
    from ray._private import worker  # noqa: PLC0415

    path = str(getattr(worker._global_node, "raylet_socket_name", "") or "")
    with suppress(OSError, struct.error), socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(2)
        sock.connect(path.removeprefix("unix://"))
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid = int(struct.unpack("3i", credentials)[0])
        return pid if pid not in (0, os.getpid()) else None
    return None


def answers(address: str) -> bool:
    """True if something listens at ``HOST:PORT``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except (OSError, ValueError):
        return False
    return True
