"""The processes of a Ray that this process has started, each in a session of its own.

A signal to this process's group (``timeout``, a service manager, Ctrl-C) then reaches this process alone, which drains while
its Ray still works. The sessions also name what belongs to this Ray after its raylet has died: its workers have process groups
of their own and their parent is gone, but they stay in the raylet's session. `ray.init` has no option for sessions, so private
names of Ray (2.54 to 2.60) are replaced while it runs; where Ray has them no more it starts as it always did.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import psutil

from tlray.io.disk.private_files import private

VITAL = {"gcs_server": "GCS", "raylet": "raylet"}
"""Processes without which a Ray does nothing more, by Ray's name; and by the name in messages."""
KILL_S = 5.0
PROXY_CALLBACK = {"RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "tlray.service.http.unavailable:middlewares"}
"""Setting of a Ray Serve on this Ray: what its proxy answers for a service that is not there."""


@contextmanager
def starting(*, on_loopback: bool) -> Iterator[None]:
    """Let `ray.init` start its processes in sessions of their own, and keep this process's handler of SIGTERM.

    Ray would put its own in its place, and another of its C++ before both, which prints a stack and aborts the process three
    seconds later. Where this process has none, Ray's own stays, which ends Ray in order.

    ``on_loopback``: Ray listens there alone. It takes another address in the place of 127.0.0.1 unless it makes no cluster with
    other machines, as on macOS and Windows. Its files, the token's too, are the user's alone.
    """
    from ray._private import ray_constants, services, utils  # noqa: PLC0415 - Ray is loaded where it is used

    before: list[tuple[Any, str, Any]] = []

    def replace(module: Any, name: str, by: Any) -> None:
        if hasattr(module, name):
            before.append((module, name, getattr(module, name)))
            setattr(module, name, by)

    popen = getattr(services, "ConsolePopen", None)
    replace(services, "ConsolePopen", partial(_start_apart, popen))
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler):
        replace(utils, "set_sigterm_handler", lambda handler: None)
        replace(ray_constants, "RAY_DISABLE_FAILURE_SIGNAL_HANDLER", True)  # in this process; not in workers
    if on_loopback:
        replace(ray_constants, "ENABLE_RAY_CLUSTER", False)
    try:
        with private():
            yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        if callable(handler) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # where Ray has no such names, at least from now on


def _start_apart(popen: Any, *args: Any, env: dict[str, str] | None = None, **more: Any) -> Any:
    """Start one of Ray's processes; its workers, which it starts, get its environment."""
    given = dict(os.environ if env is None else env)
    return popen(*args, env={**PROXY_CALLBACK, **given}, start_new_session=True, **more)


@dataclass(frozen=True, slots=True)
class OwnRay:
    """The processes that `ray.init` has started: Ray's name of each → its process id."""

    pids: dict[str, int]

    @classmethod
    def of_this_process(cls) -> OwnRay:
        """Return the Ray that was started by this process."""
        from ray._private import worker  # noqa: PLC0415

        started = getattr(worker._global_node, "all_processes", {})
        return cls({kind: infos[0].process.pid for kind, infos in started.items() if infos})

    def vital(self) -> dict[str, int]:
        """Return the processes without which this Ray does nothing more: name → process id."""
        return {name: self.pids[kind] for kind, name in VITAL.items() if kind in self.pids}

    def members(self) -> list[psutil.Process]:
        """Return all living processes of this Ray, its workers too."""
        sessions = {pid for pid in self.pids.values() if pid != os.getsid(0)}
        found = []
        for process in psutil.process_iter():
            with suppress(ProcessLookupError, PermissionError, psutil.Error):
                if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def kill(self, *, within_s: float = KILL_S) -> None:
        """Kill all of them, and those that they start meanwhile; return when none is left, or after ``within_s``."""
        deadline = time.monotonic() + within_s
        while (members := self.members()) and time.monotonic() < deadline:
            for process in members:
                with suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(members, timeout=0.2)
