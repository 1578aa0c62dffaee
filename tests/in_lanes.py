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
from pathlib import Path

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
    pytest = [sys.executable, *(["-m", "coverage", "run", "-p"] if options.coverage else []), "-m", "pytest"]
    with tempfile.TemporaryFile() as told:
        second = subprocess.Popen([*pytest, *there(SECOND), *given], cwd=ROOT, stdout=told, stderr=told)
        try:
            codes = [subprocess.run([*pytest, *there(FIRST), *given], cwd=ROOT, check=False).returncode]
            if options.slow:
                slow = [sys.executable, "-m", "pytest", "tests/unit", "-m", "slow", *given]
                codes.append(subprocess.run(slow, cwd=ROOT, check=False).returncode)
            codes.append(second.wait())
        finally:
            second.kill()  # a no-op, unless we are interrupted
        told.seek(0)
        sys.stdout.flush()
        shutil.copyfileobj(told, sys.stdout.buffer)
        sys.stdout.flush()
    return int(any(code not in (0, NOTHING_CHOSEN) for code in codes) or 0 not in codes)


def there(folders: tuple[str, ...]) -> list[str]:
    """Return the folders that exist: a checkout may have dropped some."""
    return [folder for folder in folders if (ROOT / folder).is_dir()]


if __name__ == "__main__":
    raise SystemExit(main())
