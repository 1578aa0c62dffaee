"""A real RabbitMQ of a test session's own: free ports, its own HOME and cookie, its own epmd, everything on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.shared.real_parts import ServerProcess, missing

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
START_S = 60.0
USER, PASSWORD = "guest", "guest"


def is_there() -> bool:
    return (PROGRAMS / "rabbitmq-server").exists() and shutil.which("epmd") is not None


def free_ports(n: int) -> list[int]:
    probes = [socket.socket() for _ in range(n)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Broker:
    """One broker; it can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.port, self._dist, self._epmd_port = free_ports(3)
        self._folder = folder
        (folder / "enabled_plugins").write_text("[].\n")
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "RABBITMQ_NODENAME": f"tlray{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
        }
        epmd = shutil.which("epmd")
        assert epmd is not None
        # before the broker starts one, which would outlive it
        self._epmd = ServerProcess(
            [epmd, "-port", str(self._epmd_port), "-address", "127.0.0.1"], folder=folder, env=self._env
        )
        self._server: ServerProcess | None = None

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "out").open("ab") as out:
            self._server = ServerProcess(
                [str(PROGRAMS / "rabbitmq-server")],
                folder=self._folder,
                env=self._env,
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self._server.poll() is None, (self._folder / "out").read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, "RabbitMQ does not start"
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill -9 all of it but epmd."""
        assert self._server is not None
        with suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()

    def ctl(self, *arguments: str) -> str:
        """Run ``rabbitmqctl``."""
        done = subprocess.run(
            [str(PROGRAMS / "rabbitmqctl"), *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    def close(self) -> None:
        self.kill()
        self._epmd.terminate()
        self._epmd.wait()

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
            probe.sendall(b"AMQP\x00\x00\x09\x01")
            return probe.recv(1) != b""
        return False


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The one RabbitMQ; a test takes a queue of its own."""
    if not is_there():
        missing("RabbitMQ", "apt-get install rabbitmq-server")
    made = Broker(tmp_path_factory.mktemp("rabbitmq"))
    try:
        made.start()
        yield made
    finally:
        made.close()
