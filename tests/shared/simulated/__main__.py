"""Run many stories, or one: ``python -m simulated --seeds 0 200``, ``python -m simulated --seed 17``.

``make chaos ARGS="simulated --seeds 0 20000"`` does the same.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from .chaos import fails, failure, story

PROGRESS_EVERY_S = 10.0


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments say; return 1 where a story fails."""
    options = argparse.ArgumentParser("simulated", description="Run random stories in virtual time.")
    options.add_argument(
        "--seeds", nargs=2, type=int, metavar=("FROM", "TO"), default=(0, 200), help="run a story each; 0 200"
    )
    options.add_argument("--seed", type=int, help="run one story; shrink and tell it if it fails")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; one a core")
    given = options.parse_args(arguments)
    if given.seed is None:
        return int(run_many(*given.seeds, n_jobs=given.jobs) > 0)
    told = failure(given.seed)
    _say(told or f"seed {given.seed} holds")
    return int(told is not None)


def run_many(begin: int, end: int, *, n_jobs: int) -> int:
    """Run the stories of some seeds; say which fail, and now and then how far it is. Return how many fail."""
    begun_at = said_at = time.monotonic()
    n_failed = 0
    # what fails is said once, by its story: not by each log that it fills
    with ProcessPoolExecutor(n_jobs, initializer=logging.disable) as pool:
        for seed, why in enumerate(pool.map(_one, range(begin, end), chunksize=4), begin):
            if why is not None:
                n_failed += 1
                _say(f"seed {seed}: {why}")
            if time.monotonic() - said_at >= PROGRESS_EVERY_S:
                said_at = time.monotonic()
                _say(
                    f"{seed + 1 - begin} of {end - begin} stories, {n_failed} fail, {said_at - begun_at:.0f} s"
                )
    _say(f"{end - begin} stories, {n_failed} fail, {time.monotonic() - begun_at:.1f} s")
    return n_failed


def _one(seed: int) -> str | None:
    return fails(story(seed))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
