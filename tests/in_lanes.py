"""Run pytest in three lanes at once: the tests on a real Ray mostly wait, the others mostly compute.

``python tests/in_lanes.py [--coverage] [--slow] [PYTEST ARGUMENT]...``. The first lane is told as it runs; what the others
say follows when they are done. Ends with 1 where any of them failed. ``--slow`` lets the first lane also run the unit tests
that are marked so.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
ON_RAY = "tests/ray"
LONGEST = tuple(f"{ON_RAY}/test_{name}.py" for name in ("chaos", "command_line", "clock"))
FIRST = (("tests/unit",), ("tests/site",), ("tests/real",), ("tests/parts",), ("tests/service",))
OTHERS = ((LONGEST,), ((ON_RAY, *(f"--ignore={path}" for path in LONGEST)),))
"""Each lane has runs, one after the other; a run has folders of one conftest."""
SLOW = ("tests/unit", "-m", "slow")
NOTHING_CHOSEN = 5
"""What pytest ends with where ``-k`` leaves none of a run's tests."""


def main() -> int:
    """Run all lanes; return the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/in_lanes.py")
    parser.add_argument(
        "--coverage", action="store_true", help="measure, for `coverage combine` and `report`"
    )
    parser.add_argument("--slow", action="store_true", help="also the unit tests that are marked slow")
    options, given = parser.parse_known_args()
    lane = Lane(given, measures=options.coverage)
    with ExitStack() as files, ThreadPoolExecutor(len(OTHERS)) as beside:
        told = [files.enter_context(tempfile.TemporaryFile()) for _ in OTHERS]
        others = [beside.submit(lane.run, runs, out) for runs, out in zip(OTHERS, told, strict=True)]
        codes = lane.run(FIRST)
        if options.slow:
            codes += Lane(given).run((SLOW,))
        for other, out in zip(others, told, strict=True):
            codes += other.result()
            out.seek(0)
            sys.stdout.flush()
            shutil.copyfileobj(out, sys.stdout.buffer)
            sys.stdout.flush()
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
