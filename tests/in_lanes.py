"""Run pytest in lanes: four at once, because the tests on a real Ray mostly wait and the others mostly compute.

``python tests/in_lanes.py [--coverage PACKAGE] [--slow] [--lanes N] [PYTEST ARGUMENT]...``. A run is one pytest, with tests of
one conftest. A lane that is free takes the next run; what a run printed follows when it is done. Ends with 1 where any of
them failed. ``--slow`` adds the tests that are marked so, and random examples to those that Hypothesis tries.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _on_ray(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/ray/test_{name}.py" for name in names)


ON_A_CLUSTER = _on_ray("on_a_cluster")
START_THEIR_OWN_RAYS = (
    _on_ray("chaos", "nodes"),
    _on_ray("command_line", "deaths", "own_ray"),
    _on_ray("autoscaling", "partition"),
)
"""With that, more than half of the time of ``tests/ray``; all others share the Ray of their session."""
FIRST_HALF = _on_ray("ending", "own_terms", "backlog")
"""Half of those: two runs end sooner than one."""
ON_RAY = (ON_A_CLUSTER, *START_THEIR_OWN_RAYS, FIRST_HALF)
UNITS = ("tests/unit", "--ignore=tests/unit/core", "-m", "not slow")
"""With costly ones: to collect these thousands of tests takes ten seconds, so it is done once."""
CORE = (("tests/unit/core", "-m", "not slow"), ("tests/simulated", "-m", "not costly and not slow"))
COSTLY = ("tests/simulated", "-m", "costly and not slow")
MEASURED = {"tlray.core": CORE}
"""Where the coverage of a package is measured, of another one in `CORE` and `UNITS`: enough for what is promised. It doubles the
time of what computes, and most of what works on a Ray does so in workers that it does not see."""
RUNS = (
    UNITS,
    ("tests/service",),
    ON_A_CLUSTER,
    ("tests/ray", *(f"--ignore={path}" for paths in ON_RAY for path in paths)),
    ("tests/parts",),
    ("tests/page",),
    *START_THEIR_OWN_RAYS,
    FIRST_HALF,
    COSTLY,
    *CORE,
    ("tests/site",),
    ("tests/processes",),
    ("tests/real",),
)
"""The unit tests, which say most in the shortest time; then the longest first."""
THOROUGH = "--hypothesis-profile=thorough"
SLOW_BROWSER = ("tests/page", "-m", "not slow")
"""The page once more, in a browser in which everything comes late."""
SLOW = (
    ("tests/unit", "-m", "slow"),
    ("tests/simulated", "-m", "slow"),
    ("tests/service", "-m", "slow"),
    ("tests/page", "-m", "slow"),
    SLOW_BROWSER,
)
NOTHING_CHOSEN = 5
"""What pytest ends with where ``-k`` leaves none of a run's tests."""


def main() -> int:
    """Run all of them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/in_lanes.py")
    parser.add_argument(
        "--coverage", metavar="PACKAGE", help="measure this package, for `coverage combine` and `report`"
    )
    parser.add_argument("--slow", action="store_true", help="also the tests that are marked slow")
    parser.add_argument("--lanes", type=int, default=4, help="runs at once; 4")
    options, given = parser.parse_known_args()
    runs = [run for run in (*RUNS, *(SLOW if options.slow else ())) if (ROOT / run[0]).exists()]
    pytest = Pytest(given, measures=options.coverage, is_thorough=options.slow)
    with ThreadPoolExecutor(options.lanes) as lanes:
        codes = list(lanes.map(pytest.run, runs))
    return int(any(code not in (0, NOTHING_CHOSEN) for code in codes) or 0 not in codes)


@dataclass(frozen=True)
class Pytest:
    """How each run is started, and where its output goes."""

    given: list[str]
    measures: str | None = None
    is_thorough: bool = False
    _printing: threading.Lock = field(default_factory=threading.Lock)

    def run(self, run: tuple[str, ...]) -> int:
        """Run what is there, print what it says, and return how it ended."""
        is_measured = self.measures and run in MEASURED.get(self.measures, (UNITS, *CORE))
        coverage = ["-m", "coverage", "run", "-p", f"--source={self.measures}"] if is_measured else []
        python = [sys.executable, *coverage]
        more = [THOROUGH] if self.is_thorough and run[0].startswith("tests/unit") else []
        begun = time.monotonic()
        sys.stderr.write(f"{' '.join(run)} …\n")
        done = subprocess.run(
            [*python, "-m", "pytest", *run, *more, *self.given],
            cwd=ROOT, check=False, env=_environment(run), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        with self._printing:
            sys.stdout.flush()
            sys.stdout.buffer.write(done.stdout)
            took_s = time.monotonic() - begun
            sys.stdout.buffer.write(
                f"{' '.join(run)}: {took_s:.0f} s, ended with {done.returncode}\n\n".encode()
            )
            sys.stdout.flush()
        return done.returncode


def _environment(run: tuple[str, ...]) -> dict[str, str]:
    """Return the environment of a run: compiled modules are kept, for hundreds of processes load the same ones, and Ray's
    workers are as nice as all others; by default everything else on a busy machine goes before them."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    slowness = {"TLRAY_SLOW_BROWSER": "4"} if run == SLOW_BROWSER else {}
    return {**kept, **slowness, "RAY_worker_niceness": "0"}


if __name__ == "__main__":
    raise SystemExit(main())
