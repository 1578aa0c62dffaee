"""A service's beginning and end, in processes of its own: what its clients are told, and what is left of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest
from conftest import ROOT, StartSite, free_port
from process_trees import kill_tree, named

pytestmark = pytest.mark.ray
SOON_S = 90.0
"""A bound for a machine that is busy."""


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not happen within {SOON_S} s"
        time.sleep(0.05)


@pytest.fixture
def services() -> Iterator[list[subprocess.Popen[str]]]:
    """The services of a test, which leave nothing behind where it fails."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            kill_tree(process.pid)
            process.communicate()


def start(
    services: list[subprocess.Popen[str]], home: Path, ray_home: Path, port: int
) -> subprocess.Popen[str]:
    """Start ``tlray serve`` in a process group of its own, and do not wait for it."""
    hidden = ("RAY_ADDRESS", "TLRAY_CONTACT", "RAY_JOB_ID")
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    env |= {"HOME": str(ray_home), "TLRAY_HOME": str(home), "TLRAY_ALLOW_PRIVATE_HOSTS": "127.0.0.0/8"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tlray", "serve", f"--port={port}"],
        stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env, process_group=0,
    )  # fmt: skip
    services.append(process)
    return process


NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
"""Each request has a connection of its own, as of another caller; one client, because a new one costs 30 ms of a core."""


@dataclass
class Caller:
    """Asks a service again and again, and notes each kind of answer in its order."""

    url: str
    answers: list[tuple[int, str, str | None]] = field(default_factory=list)
    """Status, media type and Retry-After, where they differ from those before; status 0: nobody answers."""
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30, limits=NONE_KEPT) as http:
            while not self._stopping.wait(0.05):
                try:
                    told = http.get("/api/v1/batch")
                    answer = told.status_code, told.headers["content-type"], told.headers.get("retry-after")
                except httpx.TransportError:
                    answer = 0, "", None
                if not self.answers or answer != self.answers[-1]:
                    self.answers.append(answer)

    def end(self) -> list[tuple[int, str, str | None]]:
        self._stopping.set()
        self._thread.join()
        return self.answers


NOT_THERE = (503, "application/problem+json", "5")
THERE = (200, "application/json", None)
NOBODY = (0, "", None)


def all_have_ended(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_a_service_says_that_it_begins_and_ends_and_survives_the_death_of_its_ray(
    services: list[subprocess.Popen[str]], tmp_path: Path, ray_home: Path, start_site: StartSite
) -> None:
    site = start_site("--sites=1", "--sets=300")  # at 1/s: longer than any start of a service
    slowly = {"fresh_for": 0, "rates": {site.bases[0].removeprefix("http://"): "1/s"}}
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start(services, tmp_path, ray_home, port)
    caller = Caller(url)
    until(lambda: THERE in caller.answers, "an answer")
    batch = httpx.post(f"{url}/api/v1/batch", json={"urls": site.urls(), "options": slowly}).json()[
        "batch_id"
    ]
    events: list[str] = []

    def follow() -> None:
        with httpx.stream("GET", f"{url}/api/v1/batch/{batch}/events", timeout=60) as answer:
            events.extend(answer.iter_lines())

    following = threading.Thread(target=follow)
    following.start()
    status = f"/api/v1/batch/{batch}/status"
    with httpx.Client(base_url=url, timeout=30) as http:
        until(lambda: http.get(status).json()["counts"]["succeeded"] > 0, "a set")
    tree = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=SOON_S)
    assert process.returncode == 0, err
    assert "***" not in err, "a stack of Ray's"
    assert "Traceback" not in err
    following.join()
    assert "event: leaving" in events
    assert json.loads(events[events.index("event: leaving") + 2].removeprefix("data: "))["version"] > 0
    until(lambda: all_have_ended(tree), "the end of its Ray")
    assert not listens(port)
    heard = caller.end()
    assert set(heard) == {NOBODY, NOT_THERE, THERE}, "no plain 404, no 500"
    assert heard.index(NOT_THERE) < heard.index(THERE), "it says that it begins"
    assert heard[heard.index(THERE) :].count(NOT_THERE) >= 1, "it says that it ends"

    # the next one goes on with the batch, and dies with its Ray
    process = start(services, tmp_path, ray_home, port)
    assert process.stderr is not None
    assert any("answers at" in line for line in process.stderr)
    with httpx.Client(base_url=url, timeout=30) as http:
        until(lambda: http.get(status).json()["state"] == "running", "the batch")
    tree = psutil.Process(process.pid).children(recursive=True)
    [raylet] = named("raylet", process.pid)
    raylet.kill()
    _, err = process.communicate(timeout=SOON_S)
    assert process.returncode == 4, err
    assert err.count("\n") == 1
    assert "Ray is gone: its raylet" in err
    assert "start `tlray serve` again" in err
    until(lambda: all_have_ended(tree), "the end of the rest of its Ray")
    until(
        lambda: not listens(port), "a free port: no orphan holds it"
    )  # what began just then is not in the tree
