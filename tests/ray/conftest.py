"""One Ray for all tests of a session, and demo sites in processes of their own.

A test that needs a Ray takes `ray_here` (or `kill_coordinators`, which ends its coordinators afterwards, too) and calls
`tlray.scrape`, or takes `joined`: the command line on that Ray. Each test has a home of its own below ``tmp_path``, and so its
own coordinator and limiter, which cost three seconds of a core; where the batches alone matter, the tests of a file share
`file_home`. `tlray` is the command line without a Ray: every ``scrape`` starts its own, which takes ten seconds of
a core. Use it only where that start, or the death of a whole Ray, is what the test is about.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from demo_site import StartSite, demo_sites
from injected_faults import Injected

from tlray.cli import run as run_command
from tlray.core.model.lifecycle import ItemState
from tlray.io.journal.opening import open_reader

ROOT = Path(__file__).parents[2]
HIDDEN = ("RAY_ADDRESS", "TLRAY_CONTACT", "RAY_JOB_ID", "TLRAY_HOME")


@pytest.fixture(scope="module")
def start_site() -> Iterator[StartSite]:
    """Start demos: ``start_site("--sets=40", "--faults=0.1")``. They last as long as a `file_home`, in which no site may take the
    address of another."""
    with demo_sites() as start:
        yield start


@pytest.fixture(scope="session")
def ray_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A HOME of the session's own: Ray keeps its token there."""
    home = tmp_path_factory.mktemp("home")
    os.environ["HOME"] = str(home)
    return home


@pytest.fixture(scope="session")
def injected(tmp_path_factory: pytest.TempPathFactory) -> Injected:
    return Injected(tmp_path_factory.mktemp("injected"))


@pytest.fixture(scope="session")
def ray_here(ray_home: Path, injected: Injected) -> Iterator[str]:
    """One Ray for all tests of this process, to which it is connected; its address."""
    import ray  # noqa: PLC0415

    import tlray.cluster  # noqa: F401, PLC0415 - sets what Ray reads at its import

    with patch.dict(os.environ, injected.env()):
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=200_000_000,
        )
    yield str(ray.get_runtime_context().gcs_address)
    ray.shutdown()


@pytest.fixture
def kill_coordinators(ray_here: str) -> Iterator[None]:
    """Leave no coordinator and no limiter behind: each is a process."""
    yield
    _kill_coordinators()


@pytest.fixture(scope="module")
def file_home(ray_here: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for the batches of a file's tests, each of which has sites of its own."""
    yield tmp_path_factory.mktemp("shared")
    _kill_coordinators()


def _kill_coordinators() -> None:
    import ray  # noqa: PLC0415

    for named in ray.util.list_named_actors(all_namespaces=True):
        if named["name"].startswith("tlray-"):
            ray.kill(ray.get_actor(named["name"], namespace=named["namespace"]))


@pytest.fixture
def shift_clock(injected: Injected, ray_here: str) -> Iterator[Callable[[float], None]]:
    """Put the wall clock of the session's Ray, and of `joined` commands, wrong by so many seconds."""
    yield injected.shift_clock
    injected.shift_clock(0)


@pytest.fixture
def poison(injected: Injected, ray_here: str) -> Iterator[Callable[[str], None]]:
    """Let pages kill the processes of the session's Ray that read them: ``poison("segfault:WORD,WORD")``."""
    yield injected.poison
    injected.poison("")


@dataclass(frozen=True)
class Done:
    """How a command ended that was called in this process."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Tlray:
    """The command line, with a home of its own."""

    home: Path
    more_env: dict[str, str]
    """How its processes find a Ray: without ``RAY_ADDRESS`` each ``scrape`` starts its own."""

    def start(self, *arguments: str, **more_env: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own, with a umask that closes nothing."""
        return subprocess.Popen(
            [sys.executable, "-m", "tlray", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=self.env(**more_env), umask=0,
        )  # fmt: skip

    def run(
        self, *arguments: str, timeout_s: float = 120, **more_env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own. `here` costs a second less."""
        return subprocess.run(
            [sys.executable, "-m", "tlray", *arguments],
            capture_output=True, text=True, cwd=ROOT, env=self.env(**more_env), timeout=timeout_s, check=False,
        )  # fmt: skip

    def here(self, *arguments: str) -> Done:
        """Call a command in this process; where this process is connected to a Ray, it works there."""
        out, err = io.StringIO(), io.StringIO()
        env = {key: value for key, value in os.environ.items() if key not in HIDDEN}
        with (
            patch.dict(os.environ, {**env, "TLRAY_HOME": str(self.home)}, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run_command(list(arguments))
        return Done(code, out.getvalue(), err.getvalue())

    def status(self, batch_id: str) -> dict[str, Any]:
        return dict(json.loads(self.here("status", batch_id, "--json").stdout))

    def n_succeeded(self, batch_id: str) -> int:
        """Read from the journal how many items of a batch have succeeded; cheap enough to be asked again and again."""
        with open_reader(self.home) as journal:
            return journal.totals(journal.batch(batch_id)).get(ItemState.SUCCEEDED, 0)

    def env(self, **more: str) -> dict[str, str]:
        env = {key: value for key, value in os.environ.items() if key not in HIDDEN}
        return {**env, "TLRAY_HOME": str(self.home), **self.more_env, **more}


@pytest.fixture
def tlray(tmp_path: Path, ray_home: Path) -> Tlray:
    """The command line; every ``scrape`` in a process of its own starts a Ray of its own."""
    return Tlray(tmp_path / "sets", {})


@pytest.fixture
def joined(tmp_path: Path, ray_here: str, injected: Injected, kill_coordinators: None) -> Tlray:
    """The command line, on the session's Ray."""
    return Tlray(tmp_path / "sets", {"RAY_ADDRESS": ray_here, **injected.env()})


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
