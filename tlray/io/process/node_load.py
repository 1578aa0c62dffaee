"""The load of the node of this process: busy cores and free memory.

Memory is the lower of what the machine has left and what a container's cgroup (version 2 or 1) leaves of its limit; as the
kernel does, file pages that were not used lately count as free.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

from tlray.core.scheduling.autoscaling import NodeLoad

READ_EVERY_S = 5.0
"""A shorter look says little of a load."""
CGROUP = Path("/sys/fs/cgroup")
_FILES = (("memory.max", "memory.current", "inactive_file"),
          ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"))  # fmt: skip
"""Of version 2 and 1: the limit, what is in use, and what of that is idle file pages."""


class NodeGauge:
    """Looks at the node once in a while. ``now`` is in monotonic seconds."""

    def __init__(self, node: str, *, now: float) -> None:
        self.node = node
        self._n_cores = psutil.cpu_count() or 1
        self._read_at = now
        psutil.cpu_percent()  # it tells of the time since the last call

    def read(self, now: float) -> NodeLoad | None:
        """Return how the node stands, or None where it was looked at less than `READ_EVERY_S` ago."""
        if now - self._read_at < READ_EVERY_S:
            return None
        self._read_at = now
        busy = psutil.cpu_percent() / 100 * self._n_cores
        return NodeLoad(self.node, self._n_cores, busy, memory_free())


def memory_free(cgroup: Path = CGROUP) -> float:
    """Return the share of the memory that can still be had, 0 to 1."""
    machine = psutil.virtual_memory()
    free = float(machine.available / machine.total)
    for limit_name, used_name, idle_name in _FILES:
        with contextlib.suppress(OSError, ValueError):  # no such cgroup, or "max": no limit
            limit = int((cgroup / limit_name).read_text())
            if 0 < limit < machine.total:
                stat = dict(
                    line.split()
                    for line in (cgroup / used_name).with_name("memory.stat").read_text().splitlines()
                )
                used = int((cgroup / used_name).read_text()) - int(stat.get(idle_name, 0))
                free = min(free, max(0.0, 1 - used / limit))
    return free
