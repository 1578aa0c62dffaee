"""``tlray stop`` where a coordinator's process lives, but its Ray does not answer any more."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tlray.cluster.coordinator.shutdown import EndMode
from tlray.cluster.driver import attach, session
from tlray.errors import HomeInUse
from tlray.io.disk.home import Home

HOLD = """
import os, sys, time
from pathlib import Path
from tlray.io.disk.home import Holder, Home
held = Home(Path(sys.argv[1])).hold(Holder(int(sys.argv[3]) or os.getpid(), "here", sys.argv[2], "tlray"))
print("held", flush=True)
time.sleep(600)
"""


@contextmanager
def holder(home: Home, *, noted_pid: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the home for a Ray that is gone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-c", HOLD, str(home.path), address, str(noted_pid)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "DYING_S", 0.1)


def test_stop_now_kills_it_and_the_home_is_free(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with holder(home) as process:
        left = attach.end(home, EndMode.NOW, lambda _: None)
        assert left is not None
        assert left.had_coordinator
        assert process.wait(30) == -signal.SIGKILL
    assert not home.is_held()


def test_a_drain_leaves_it_alone_and_says_who_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with holder(home) as process:
        with pytest.raises(HomeInUse, match=f"process {process.pid}"):
            attach.end(home, EndMode.DRAIN, lambda _: None)
        assert process.poll() is None


def test_a_process_that_only_has_the_number_of_the_holder_is_left_alone(tmp_path: Path) -> None:
    """The holder is one of another machine; the same number here is somebody else's."""
    home = Home(tmp_path).create()
    other = os.getppid()
    with holder(home, noted_pid=other), pytest.raises(HomeInUse):
        attach.end(home, EndMode.NOW, lambda _: None)
    os.kill(other, 0)
