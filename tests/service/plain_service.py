"""The service under uvicorn, in a process of its own, on the Ray of another: there in a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from conftest import ROOT, Service, free_port

START_TIMEOUT_S = 120.0


@contextmanager
def plain_service(
    beside: Service, *, at: str = "", **more_env: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run ``plain_app.py`` until it answers; give its address and its process, which is killed at the end if it still lives.

    ``at``: the address of an earlier one, which it takes.
    """
    port = int(at.rpartition(":")[2]) if at else free_port()
    ray_address = json.loads((beside.home / "coordinator.lock").read_text())["ray_address"]
    path = os.pathsep.join(filter(None, [str(ROOT), beside.env.get("PYTHONPATH")]))
    env = {"RAY_ADDRESS": ray_address, "RAY_AUTH_MODE": "token", "PYTHONPATH": path, **more_env}
    app = Path(__file__).with_name("plain_app.py")
    process = subprocess.Popen(
        [sys.executable, *_measured(), str(app), str(port)], cwd=ROOT, env=beside.env | env
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, process)
        yield url, process
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    with httpx.Client(base_url=url) as http:
        while True:
            assert process.poll() is None, "it ended before it answered"
            assert time.monotonic() < deadline, "it does not answer"
            try:
                if http.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)


def _measured() -> list[str]:
    """Have the service's process measured, too, where this one is."""
    if "coverage" not in sys.modules or sys.modules["coverage"].Coverage.current() is None:
        return []
    rc, data = ROOT / "pyproject.toml", ROOT / ".coverage"
    return ["-m", "coverage", "run", "-p", f"--rcfile={rc}", f"--data-file={data}"]
