"""Faults that tests inject into processes of their own: a wall clock that is wrong, and pages that kill who reads them.

`injected/sitecustomize.py` reads them in every process that is started with `Injected.env`, and in all that those start.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Injected:
    """What is wrong in those processes, from now on; nothing at first."""

    folder: Path

    def __post_init__(self) -> None:
        for file in (self._clock, self._poison):
            file.touch()

    def env(self) -> dict[str, str]:
        """Return what a process must be started with."""
        path = f"{Path(__file__).with_name('injected')}:{ROOT}"
        return {
            "PYTHONPATH": path,
            "TLRAY_TEST_CLOCK": str(self._clock),
            "TLRAY_TEST_POISON": str(self._poison),
        }

    def shift_clock(self, seconds: float) -> None:
        """Put the wall clock wrong by so many seconds; 0: right again."""
        self._clock.write_text(f"{seconds}", encoding="utf-8")  # in place: the processes keep it open

    def poison(self, words: str) -> None:
        """Let pages with a word in them kill their reader: ``segfault:WORD,WORD`` or ``hang:WORD``; "": none."""
        self._poison.write_text(words, encoding="utf-8")

    @property
    def wall(self) -> float:
        """The time by the wrong clock."""
        return time.time() + float(self._clock.read_text(encoding="utf-8") or 0)

    @property
    def _clock(self) -> Path:
        return self.folder / "clock"

    @property
    def _poison(self) -> Path:
        return self.folder / "poison"
