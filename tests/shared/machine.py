"""A machine that can be switched off: a command of tlray in a home of its own, and the Ray that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.shared.process_trees import command_lines, kill_all, kill_tree, with_word

ROOT = Path(__file__).parents[2]


class Machine:
    """A command and its own Ray."""

    def __init__(self, home: Path, *arguments: str, **env: str) -> None:
        self.home, self.said = home, ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tlray", *arguments, f"--home={home}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **env},
        )  # fmt: skip

    def says(self, word: str) -> str:
        """Wait for a line with a word."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said += line
            if word in line:
                return line
        raise AssertionError(f"ended with {self._process.wait()}: {self.said}")

    def switch_off(self) -> None:
        """Kill everything of it at once."""
        kill_tree(self._process.pid)
        self.said += self._process.communicate()[1]

    def kill_coordinator(self) -> None:
        found = with_word("ray::Coordinator", self._process.pid)
        assert found
        kill_all(found)

    def command_lines(self) -> str:
        return "\n".join(line for _, line in command_lines(self._process.pid))

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.said += self._process.communicate(timeout=60)[1]
                return
            self.switch_off()
