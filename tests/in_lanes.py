"""Run pytest in two lanes at once, of about the same length; at the end the tests that look at the clock, alone.

``python tests/in_lanes.py [--coverage] [--slow] [PYTEST ARGUMENT]...``. The first lane is told as it runs; what the
second one says follows when the first is done. Ends with 1 where any of them failed. ``--slow`` lets the second lane also run
the unit tests that are marked so.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]


def _on_ray(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/ray/test_{name}.py" for name in names)


IN_FIRST, BY_THE_CLOCK = _on_ray("kills", "poison"), _on_ray("politeness")
FIRST = (("tests/unit",), ("tests/site",), ("tests/real",), ("tests/parts",), ("tests/service",), IN_FIRST)
SECOND = (("tests/ray", *(f"--ignore={path}" for path in (*IN_FIRST, *BY_THE_CLOCK))),)
SLOW = ("tests/unit", "-m", "slow")
LAST = (BY_THE_CLOCK,)
"""Each lane has runs, one after the other; a run has tests of one conftest. What looks at the clock comes last, alone: a busy
machine would be seen in it, and nothing else."""
NOTHING_CHOSEN = 5
"""What pytest ends with where ``-k`` leaves none of a run's tests."""


def main() -> int:
    """Run all of them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/in_lanes.py")
    parser.add_argument(
        "--coverage", action="store_true", help="measure, for `coverage combine` and `report`"
    )
    parser.add_argument("--slow", action="store_true", help="also the unit tests that are marked slow")
    options, given = parser.parse_known_args()
    lane = Lane(given, measures=options.coverage)
    with tempfile.TemporaryFile() as told, ThreadPoolExecutor(1) as beside:
        second = beside.submit(lambda: lane.run(SECOND, told) + Lane(given).run((SLOW,) * options.slow, told))
        codes = lane.run(FIRST)
        codes += second.result()
        told.seek(0)
        sys.stdout.flush()
        shutil.copyfileobj(told, sys.stdout.buffer)
        sys.stdout.flush()
    codes += lane.run(LAST)
    return int(any(code not in (0, NOTHING_CHOSEN) for code in codes) or 0 not in codes)


@dataclass(frozen=True)
class Lane:
    """Runs of tests, one after the other; each is a pytest of its own, because each folder has a conftest of its own."""

    given: list[str]
    measures: bool = False

    def run(self, runs: tuple[tuple[str, ...], ...], out: IO[bytes] | None = None) -> list[int]:
        """Run what is there; return how each run ended."""
        python = [sys.executable, *(["-m", "coverage", "run", "-p"] if self.measures else [])]
        return [
            subprocess.run(
                [*python, "-m", "pytest", *run, *self.given], cwd=ROOT, check=False, stdout=out, stderr=out
            ).returncode
            for run in runs
            if (ROOT / run[0]).exists()
        ]


if __name__ == "__main__":
    raise SystemExit(main())
