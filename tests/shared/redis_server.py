"""A real Redis of a test session's own: a free port on loopback, and a user with the rights that docs/redis.md lists."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import redis

from tests.shared.real_parts import ServerProcess

ROOT = Path(__file__).parents[2]
ADMIN, PASSWORD = "adm1n-pass", "s3cr:et/p@ss"
START_S = 30.0


def is_there() -> bool:
    return shutil.which("redis-server") is not None


def rights() -> list[str]:
    """The rights of tlray's user, as docs/redis.md has them."""
    text = (ROOT / "docs" / "redis.md").read_text(encoding="utf-8")
    line = re.search(r"^ACL SETUSER tlray (.*)$", text, re.MULTILINE)
    assert line is not None
    return [word for word in line[1].split() if not word.startswith(">") and word != "on"]


class RedisServer:
    """One server; it can be killed and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        """``options`` are lines of its configuration."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._folder = folder
        self._options = options
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        """With tlray's user, whose password has characters that a URL writes as %XX."""
        return f"redis://tlray:{PASSWORD.replace('/', '%2F').replace('@', '%40').replace(':', '%3A')}@127.0.0.1:{self.port}/0"

    def admin(self) -> Any:
        """A client that may do everything."""
        return redis.Redis(
            port=self.port, password=ADMIN, decode_responses=True, socket_timeout=10, protocol=2
        )

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers."""
        if self._process is not None:
            self.stop_answering(for_good=False)
            return
        config = [
            "bind 127.0.0.1", f"port {self.port}", f"dir {self._folder}", f"requirepass {ADMIN}", 'save ""', "appendonly no",
            f"user tlray on >{PASSWORD} {' '.join(rights())}", *self._options,
        ]  # fmt: skip
        with (self._folder / "out").open("ab") as out:
            self._process = ServerProcess(
                ["redis-server", "-"], folder=self._folder, stdin=subprocess.PIPE, stdout=out, stderr=out
            )
        assert self._process.stdin is not None
        self._process.stdin.write("\n".join(config).encode())
        self._process.stdin.close()
        deadline = time.monotonic() + START_S
        while True:
            with suppress(redis.RedisError), self.admin() as client:
                client.ping()
                return
            assert self._process.poll() is None, (self._folder / "out").read_text()
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError("redis-server does not answer")
            time.sleep(0.05)

    def cpu_s(self) -> float:
        """The CPU time that it has used."""
        assert self._process is not None
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def kill(self) -> None:
        """End it at once; what it had in memory is gone."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop_answering(self, *, for_good: bool = True) -> None:
        """Halt it, or let it go on."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP if for_good else signal.SIGCONT)
