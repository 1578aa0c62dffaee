"""Real programs that tests ask: what happens where one is missing, and how they end."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest


def missing(what: str, cure: str) -> NoReturn:
    """Skip, saying what is missing and how to get it; fail where ``TLRAY_REQUIRE_PARTS=1`` says that all parts must be there."""
    reason = f"{what} is not there: {cure}"
    if os.environ.get("TLRAY_REQUIRE_PARTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class ServerProcess(subprocess.Popen[bytes]):
    """A server in a process group of its own, which does not outlive this process however it ends: then the kernel closes our
    end of a pipe, and a shell at its other end kills the group and removes its folder. A death signal would come when the thread
    ends that started the server."""

    def __init__(self, command: list[str], *, folder: Path, **options: Any) -> None:
        super().__init__(command, start_new_session=True, **options)
        script = 'cat >/dev/null; kill -s KILL -- "-$1"; rm -rf -- "$2"'
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", script, "guard", str(self.pid), str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        code = super().wait(timeout)
        self._guard.kill()
        self._guard.communicate()
        return code
