"""A PostgreSQL server of the test session: on a free port, in a folder that goes with it."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.shared.real_parts import ServerProcess, missing

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
USER, PASSWORD = "tl", "p@ss/word-%"
"""With the characters that a URL must not have as they are."""
QUOTED = "p%40ss%2Fword-%25"


class PostgresServer:
    """One server; `kill` and `start` as often as a test likes."""

    def __init__(self, programs: Path, folder: Path, *, is_durable: bool = False) -> None:
        self._programs, self._folder, self._fsync = programs, folder, "on" if is_durable else "off"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: ServerProcess | None = None
        (folder / "pw").write_text(PASSWORD)
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            for path in (folder, folder / "pw"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        made = subprocess.run(
            [*self._as_owner(), str(programs / "initdb"), "-D", str(folder / "d"), "-A", "scram-sha-256", "-U", USER,
             "--pwfile", str(folder / "pw"), "-E", "UTF8", "-N"],
            env=self._env(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    def _as_owner(self) -> list[str]:
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        return as_postgres if os.getuid() == 0 else []

    def _env(self) -> dict[str, str]:
        return {"HOME": str(self._folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

    def url(self, schema: str | None = None, *, password: str = QUOTED, database: str = "postgres") -> str:
        query = f"?schema={schema}" if schema else ""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}{query}"

    def start(self) -> None:
        """Start it; one that was killed a moment ago may refuse at first."""
        deadline = time.monotonic() + 60
        while True:
            log = (self._folder / "log").open("ab")
            self._process = ServerProcess(
                [*self._as_owner(), str(self._programs / "postgres"), "-D", str(self._folder / "d"), "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}",
                 "-c", f"fsync={self._fsync}", "-c", "max_connections=40"],
                folder=self._folder, env=self._env(), stdout=log, stderr=log,
            )  # fmt: skip
            log.close()
            while self._process.poll() is None:
                if self._is_ready():
                    return
                assert time.monotonic() < deadline, (self._folder / "log").read_text()
                time.sleep(0.05)
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        where = ["-h", "127.0.0.1", "-p", str(self.port)]
        command = [str(self._programs / "pg_isready"), "-q", *where]
        return subprocess.run(command, env=self._env(), check=False).returncode == 0

    def kill(self) -> None:
        """Kill the server and all of its sessions at once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)  # its sessions end when they see that it has gone
        self._process.wait()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Halt the server and its sessions: connections stay open, and nothing answers."""
        assert self._process is not None
        own = psutil.Process(self._process.pid)
        halted = [own, *own.children()]  # the first one starts no more
        try:
            for process in halted:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            yield
        finally:
            for process in reversed(halted):
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def cpu_s(self) -> float:
        """Return the CPU seconds of the server and of its sessions that are open."""
        assert self._process is not None
        own = psutil.Process(self._process.pid)
        return sum(sum(process.cpu_times()[:2]) for process in (own, *own.children()))

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
        shutil.rmtree(self._folder, ignore_errors=True)


def programs() -> Path:
    """Return the folder of the server's programs; a skip, or a failure in CI, where it is missing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not (folders and (folders[-1] / "initdb").exists()):
        missing("PostgreSQL", "apt-get install postgresql")
    return folders[-1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server of the session."""
    where = programs()
    folder = Path(tempfile.mkdtemp(prefix="tlray-pg-", dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None))
    folder.chmod(0o755)
    server = PostgresServer(where, folder)
    try:
        server.start()
        yield server
    finally:
        server.close()


def fresh_schema() -> str:
    """Return the name of a schema that is not there yet."""
    return f"t{secrets.token_hex(6)}"
