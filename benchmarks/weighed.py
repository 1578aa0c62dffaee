"""Programs that are measured: a peer that runs once, and tlray, which is told what to do and stays."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from benchmarks.process_tree import Cost, ProcessTree

ROOT = Path(__file__).resolve().parents[1]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment with a private HOME, and no Ray to join."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TLRAY_", "RAY_"))}
    as_tlray = {
        "RAY_AUTH_MODE": "token",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    return {**kept, **as_tlray, "HOME": str(folder), "PYTHONPATH": str(ROOT)}


def run_peer(name: str, urls: Path, out: Path, *, memory: bool = False) -> tuple[dict[str, Any], Cost]:
    """Run a peer over a list; return what it says it cost without its start-up, and what it cost in all."""
    command = [sys.executable, "-m", f"benchmarks.peers.{name}", str(urls), str(out)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env=environment(out.parent), cwd=ROOT, text=True
    )
    tree = ProcessTree(process.pid)
    with tree.watched(memory=memory) as cost:
        told, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return json.loads(told.splitlines()[-1]), cost


class Tlray:
    """tlray in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.tlray_program"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(folder), cwd=ROOT, text=True,
        )  # fmt: skip
        self._stdin = cast("TextIO", self._process.stdin)
        self._stdout = cast("TextIO", self._process.stdout)
        self.tree = ProcessTree(self._process.pid)

    def tell(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Have something done and wait for the answer."""
        self._stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._stdin.flush()
        for line in self._stdout:
            if line.startswith(">"):
                answer: dict[str, Any] = json.loads(line[1:])
                return answer
        raise SystemExit(f"tlray ended while it was to {do}")

    def end(self) -> None:
        """Close it, and wait until it is gone."""
        with contextlib.suppress(SystemExit, OSError):
            self.tell("close")
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._process.wait(30)


@contextlib.contextmanager
def tlray_in(folder: Path) -> Iterator[Tlray]:
    """Start tlray, and end it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = Tlray(folder)
    try:
        yield program
    finally:
        program.end()


def write_list(path: Path, urls: list[str]) -> Path:
    """Write a list, one URL a line."""
    path.write_text("".join(f"{url}\n" for url in urls), encoding="utf-8")
    return path
