"""One live service for all tests here: a real Ray, a real Serve, a real coordinator, in processes of their own; and demo sites
on loopback, which it may fetch from because TLRAY_ALLOW_PRIVATE_HOSTS says so.

`clock` is the wall clock of that service: time passes there as a test says. A test that waits for something polls with
`wait_until`; one that needs a service with other settings starts it beside this one, on its Ray (`plain_service.py`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from demo_site import Site, StartSite, demo_sites
from injected_faults import Injected
from process_trees import kill_all, named, with_word
from receivers import Mailbox, open_mailbox

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 90.0
TLS = ssl.create_default_context()
"""For all clients of these tests, that poll: each would make one of its own, which costs 20 ms of a core."""
BODY_GAP_S = 5.0
"""Half of what it is by default: a test waits for it."""


@dataclass(frozen=True)
class Service:
    """A running ``tlray serve``."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    env: dict[str, str]

    def client(self, **more: Any) -> httpx.Client:
        headers = {"X-Tlray-Client": "tests"}
        return httpx.Client(base_url=self.url, timeout=60, headers=headers, verify=TLS, **more)

    def submit(self, urls: list[str], **more: Any) -> str:
        """Submit a list and return the batch's id."""
        with self.client() as http:
            answer = http.post("/api/v1/batch", json={"urls": urls, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["batch_id"])

    def status(self, batch_id: str) -> dict[str, Any]:
        with self.client() as http:
            answer = http.get(f"/api/v1/batch/{batch_id}/status")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wait_for(self, batch_id: str, state: str = "completed", *, timeout_s: float = 60) -> dict[str, Any]:
        """Wait until a batch has a state; return its status."""
        deadline = time.monotonic() + timeout_s
        while (told := self.status(batch_id))["state"] != state:
            assert time.monotonic() < deadline, f"not {state} within {timeout_s} s: {told}"
            time.sleep(0.1)
        return told

    def coordinator_pid(self) -> int:
        """The coordinator's process, for tests that kill it."""
        return int(json.loads((self.home / "coordinator.lock").read_text())["pid"])

    def ray_folder(self) -> Path:
        """The folder of the session of its Ray, with the logs and the ports."""
        words = [word for process in named("gcs_server", self.process.pid) for word in process.cmdline()]
        folder = re.search(r"--log_dir=(.*)/logs", "\n".join(words))
        assert folder is not None
        return Path(folder[1])

    def kill_replicas(self) -> int:
        """Kill who answers the requests; return how many processes that were."""
        found = with_word("ServeReplica", self.process.pid)
        kill_all(found)
        return len(found)


def wait_until(claim: Callable[[], bool], *, timeout_s: float = 60.0, what: str = "it") -> None:
    deadline = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout_s} s"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_service(home: Path, ray_home: Path, *arguments: str, **more_env: str) -> Service:
    """Start ``tlray serve`` and wait until it is ready."""
    port = free_port()
    hidden = ("RAY_ADDRESS", "TLRAY_CONTACT", "RAY_JOB_ID")
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    env |= {
        "HOME": str(ray_home),
        "TLRAY_HOME": str(home),
        "TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8",
        **more_env,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tlray", "serve", f"--port={port}", *arguments],
        stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env,
    )  # fmt: skip
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if "answers at" in line:
            return Service(f"http://127.0.0.1:{port}", home, process, env)
    raise AssertionError(f"ended with {process.wait()} before it answered: {''.join(said)}")


def stop_service(service: Service) -> int:
    """Ask it to end, and return its exit code."""
    service.process.send_signal(signal.SIGTERM)
    try:
        service.process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        service.process.kill()
        raise
    return service.process.returncode


@pytest.fixture(scope="session")
def ray_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A HOME of the session's own: Ray keeps its token there."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """A mail server on loopback, that the service hands its mail to."""
    with open_mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def injected(tmp_path_factory: pytest.TempPathFactory) -> Injected:
    return Injected(tmp_path_factory.mktemp("injected"))


@pytest.fixture(scope="session")
def service(
    tmp_path_factory: pytest.TempPathFactory, ray_home: Path, mailbox: Mailbox, injected: Injected
) -> Iterator[Service]:
    """The one service."""
    mail = {"TLRAY_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}", "TLRAY_SMTP_FROM": "sets@example.org"}
    more = {"TLRAY_BODY_GAP_S": str(BODY_GAP_S), **mail, **injected.env()}
    running = start_service(tmp_path_factory.mktemp("sets"), ray_home, **more)
    yield running
    stop_service(running)


@dataclass
class Clock:
    """The wall clock of the one service. It is set while the test goes on, and runs on from there."""

    injected: Injected
    ahead_s: float = 0.0

    @property
    def now(self) -> float:
        return self.injected.wall

    def forward(self, seconds: float) -> None:
        self.ahead_s += seconds
        self.injected.shift_clock(self.ahead_s)

    @property
    def until_the_next_minute(self) -> float:
        return 60.5 - self.now % 60

    def to_the_next_minute(self) -> None:
        """Let a minute begin, so that none begins by itself for as long as a test lasts."""
        self.forward(self.until_the_next_minute)


@pytest.fixture
def clock(injected: Injected, service: Service) -> Iterator[Clock]:
    yield Clock(injected)
    injected.shift_clock(0)


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@pytest.fixture(scope="session")
def start_site() -> Iterator[StartSite]:
    """Start demos: ``start_site("--sets=40", "--faults=0.1")``."""
    with demo_sites() as start:
        yield start


@pytest.fixture(scope="session")
def site(start_site: StartSite) -> Site:
    """A demo without faults, for all tests."""
    return start_site("--sites=2", "--sets=30")
