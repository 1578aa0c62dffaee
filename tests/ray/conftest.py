"""A real Ray on this machine, one a session, and demo sites in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo_site import StartSite, demo_sites

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start_site() -> Iterator[StartSite]:
    """Start demos: ``start_site("--sets=40", "--faults=0.1")``."""
    with demo_sites() as start:
        yield start


@pytest.fixture(scope="session")
def ray_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A HOME of the session's own: Ray keeps its token there."""
    home = tmp_path_factory.mktemp("home")
    os.environ["HOME"] = str(home)
    return home


@pytest.fixture(scope="session")
def ray_here(ray_home: Path) -> Iterator[None]:
    """One Ray for all tests of this process."""
    import ray  # noqa: PLC0415

    import tlray.cluster  # noqa: F401, PLC0415 - sets what Ray reads at its import

    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=200_000_000,
    )
    yield
    ray.shutdown()


@pytest.fixture
def kill_coordinators(ray_here: None) -> Iterator[None]:
    """Leave no coordinator and no limiter behind: each is a process."""
    import ray  # noqa: PLC0415

    yield
    for named in ray.util.list_named_actors(all_namespaces=True):
        if named["name"].startswith("tlray-"):
            ray.kill(ray.get_actor(named["name"], namespace=named["namespace"]))


@dataclass
class Tlray:
    """The command line, in a process of its own, with a home of its own."""

    home: Path

    def start(self, *arguments: str, **more_env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tlray", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=self.env(**more_env),
        )  # fmt: skip

    def run(
        self, *arguments: str, timeout_s: float = 120, **more_env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tlray", *arguments],
            capture_output=True, text=True, cwd=ROOT, env=self.env(**more_env), timeout=timeout_s, check=False,
        )  # fmt: skip

    def status(self, batch_id: str) -> dict[str, Any]:
        return dict(json.loads(self.run("status", batch_id, "--json").stdout))

    def env(self, **more: str) -> dict[str, str]:
        hidden = ("RAY_ADDRESS", "TLRAY_CONTACT", "RAY_JOB_ID")
        env = {key: value for key, value in os.environ.items() if key not in hidden}
        return {**env, "TLRAY_HOME": str(self.home), **more}


@pytest.fixture
def tlray(tmp_path: Path, ray_home: Path) -> Tlray:
    return Tlray(tmp_path / "sets")


def batch_id_of(process: subprocess.Popen[str]) -> str:
    """Read a running command's stderr up to its batch id."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("batch "):
            return line.split()[1].rstrip(":")
    raise AssertionError(f"ended with {process.wait()} before it named a batch")


def wait_until(claim: Callable[[], bool], *, timeout_s: float = 60.0, what: str = "it") -> None:
    deadline = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout_s} s"
        time.sleep(0.1)
