"""Run pytest in two lanes at once: the tests on a real Ray mostly wait, the others mostly compute.

``python tests/in_lanes.py [--coverage] [--slow] [PYTEST ARGUMENT]...``. The first lane is told as it runs; what the second
one says follows when the first is done. Ends with 1 where any of them failed. ``--slow`` lets the first lane also run the
unit tests that are marked so.
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
FIRST = ("tests/unit", "tests/site", "tests/real", "tests/parts", "tests/service")
SECOND = ("tests/ray",)
NOTHING_CHOSEN = 5
"""What pytest ends with where ``-k`` leaves none of a lane's tests."""


def main() -> int:
    """Run both lanes; return the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/in_lanes.py")
    parser.add_argument(
        "--coverage", action="store_true", help="measure, for `coverage combine` and `report`"
    )
    parser.add_argument("--slow", action="store_true", help="also the unit tests that are marked slow")
    options, given = parser.parse_known_args()
    lane = Lane(given, measures=options.coverage)
    with tempfile.TemporaryFile() as told, ThreadPoolExecutor(1) as beside:
        second = beside.submit(lane.run, SECOND, told)
        codes = lane.run(FIRST)
        if options.slow:
            codes += Lane([*given, "-m", "slow"]).run(("tests/unit",))
        codes += second.result()
        told.seek(0)
        sys.stdout.flush()
        shutil.copyfileobj(told, sys.stdout.buffer)
        sys.stdout.flush()
    return int(any(code not in (0, NOTHING_CHOSEN) for code in codes) or 0 not in codes)


@dataclass(frozen=True)
class Lane:
    """Folders of tests, one after the other; each in a pytest of its own, because each has a conftest of its own."""

    given: list[str]
    measures: bool = False

    def run(self, folders: tuple[str, ...], out: IO[bytes] | None = None) -> list[int]:
        """Run the folders that are there; return how each ended."""
        python = [sys.executable, *(["-m", "coverage", "run", "-p"] if self.measures else [])]
        return [
            subprocess.run(
                [*python, "-m", "pytest", folder, *self.given], cwd=ROOT, check=False, stdout=out, stderr=out
            ).returncode
            for folder in folders
            if (ROOT / folder).is_dir()
        ]


if __name__ == "__main__":
    raise SystemExit(main())
