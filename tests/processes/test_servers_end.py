"""The real servers of a test session end with it, also where it is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
SESSION = """
import sys, threading
from pathlib import Path
from tests.shared.real_parts import ServerProcess

started = threading.Thread(target=lambda: print(ServerProcess(["sleep", "600"], folder=Path(sys.argv[1])).pid, flush=True))
started.start()
started.join()
sys.stdin.readline()
"""


def test_a_server_does_not_outlive_a_session_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as session:  # fmt: skip
        assert session.stdout is not None
        server = psutil.Process(int(session.stdout.readline()))
        assert server.is_running(), "the end of the thread that started it ends no server"
        session.kill()
    deadline = time.monotonic() + 30
    while folder.exists() or (server.is_running() and server.status() != psutil.STATUS_ZOMBIE):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.05)
