"""A Ray of two nodes, one of them in a network namespace: its link to the head can be cut while it still reaches the site.

The head and the driver are in the namespace of the test, at the address of a bridge. The other node has two links: one to that
bridge, and one to the address of the site. It needs root, and ``ip`` of iproute2.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from conftest import wait_until
from process_trees import kill_all

CUT_IS_SEEN = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}
"""A node that does not answer is dead after some seconds, not after half a minute."""


def why_not() -> str | None:
    """Return why there can be no namespaces here, or None."""
    if sys.platform != "linux" or shutil.which("ip") is None:
        return "network namespaces need Linux and iproute2"
    probe = f"tlprobe{os.getpid()}"
    if _ip("netns", "add", probe).returncode:
        return "network namespaces need root with CAP_NET_ADMIN and CAP_SYS_ADMIN"
    _ip("netns", "del", probe)
    return None


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)


def _must(*arguments: str) -> None:
    done = _ip(*arguments)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


@dataclass(frozen=True)
class Links:
    """The namespace of the other node, and its two links."""

    name: str
    net: int

    @property
    def head(self) -> str:
        """The address of the head."""
        return f"10.78.{self.net}.1"

    @property
    def site(self) -> str:
        """The address of the site."""
        return f"10.79.{self.net}.1"

    @property
    def node(self) -> str:
        """The address of the other node, as the head sees it."""
        return f"10.78.{self.net}.2"

    @property
    def visitor(self) -> str:
        """The same, as the site sees it."""
        return f"10.79.{self.net}.2"

    def cut(self) -> None:
        """Drop in silence what goes between the head and the other node."""
        _must("link", "set", f"{self.name}v", "down")

    def mend(self) -> None:
        """Undo `cut`."""
        _must("link", "set", f"{self.name}v", "up")


@contextmanager
def links() -> Iterator[Links]:
    """Make the namespace, and remove it."""
    made = Links(f"tl{os.getpid() % 1_000_000}", os.getpid() % 250)
    name = made.name
    with ExitStack() as stack:
        _must("netns", "add", name)
        stack.callback(_ip, "netns", "del", name)
        _must("link", "add", f"{name}b", "type", "bridge")
        stack.callback(_ip, "link", "del", f"{name}b")
        _must("addr", "add", f"{made.head}/24", "dev", f"{name}b")
        for outside, inside, address in ((f"{name}v", "e0", made.node), (f"{name}w", "e1", made.visitor)):
            _must("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
            stack.callback(_ip, "link", "del", outside)
            _must("link", "set", outside, "up")
            _must("-n", name, "addr", "add", f"{address}/24", "dev", inside)
            _must("-n", name, "link", "set", inside, "up")
        _must("-n", name, "link", "set", "lo", "up")
        _must("link", "set", f"{name}v", "master", f"{name}b")
        _must("link", "set", f"{name}b", "up")
        _must("addr", "add", f"{made.site}/24", "dev", f"{name}w")
        yield made


@contextmanager
def two_nodes(env: dict[str, str], between: Links) -> Iterator[str]:
    """Start the head, with one CPU, and the other node, with one; yield the address."""
    ray = str(Path(sys.executable).parent / "ray")
    temporary = f"/tmp/tlray-cut-{os.getpid()}"  # noqa: S108 - Ray's sockets need a short path
    if not (Path(env["HOME"]) / ".ray" / "auth_token").exists():
        subprocess.run([ray, "get-auth-token", "--generate"], env=env, check=True, capture_output=True)
    with socket.create_server((between.head, 0)) as probe:
        port = probe.getsockname()[1]
    both = [ray, "start", "--block", "--num-cpus=1", "--object-store-memory=100000000", "--min-worker-port=0"]
    both += ["--max-worker-port=0", f"--temp-dir={temporary}"]
    head = [
        *both,
        "--head",
        f"--node-ip-address={between.head}",
        f"--port={port}",
        "--include-dashboard=false",
    ]
    node = [*both, f"--address={between.head}:{port}", f"--node-ip-address={between.node}"]
    started: list[subprocess.Popen[bytes]] = []

    def start(command: list[str]) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started.append(subprocess.Popen(command, env=env | CUT_IS_SEEN, start_new_session=True, **quiet))  # type: ignore[call-overload]
        process = psutil.Process(started[-1].pid)
        wait_until(lambda: _has_raylet(process), what="a node")

    try:
        start([*head, f"--ray-client-server-port={port + 1}"])
        start(["ip", "netns", "exec", between.name, *node])
        yield f"{between.head}:{port}"
    finally:
        found = [one for p in started for one in psutil.Process(p.pid).children(recursive=True)]
        found += [psutil.Process(int(pid)) for pid in _ip("netns", "pids", between.name).stdout.split()]
        kill_all([*found, *(psutil.Process(p.pid) for p in started)])
        for p in started:
            p.wait(timeout=30)
        shutil.rmtree(temporary, ignore_errors=True)


def _has_raylet(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return any(child.name() == "raylet" for child in process.children(recursive=True))
    return False
