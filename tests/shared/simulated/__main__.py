"""Run many stories, or tell one: ``python -m simulated --seeds 0 200``, ``python -m simulated --seed 17``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from .chaos import fails, shrink, story
from .world import World


def main() -> int:
    """Run what the arguments say; return how many stories fail, at most 1."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", nargs=2, type=int, metavar=("FROM", "TO"))
    options.add_argument("--seed", type=int)
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = options.parse_args()
    if given.seed is not None:
        return _tell(given.seed)
    begin, end = given.seeds or (0, 200)
    begun, n_failed = time.monotonic(), 0
    with ProcessPoolExecutor(given.jobs) as pool:
        for seed, why in enumerate(pool.map(_one, range(begin, end), chunksize=4), begin):
            if why is not None:
                n_failed += 1
                sys.stdout.write(f"seed {seed}: {why}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{end - begin} stories, {n_failed} fail, {time.monotonic() - begun:.1f} s\n")
    return int(n_failed > 0)


def _one(seed: int) -> str | None:
    return fails(story(seed))


def _tell(seed: int) -> int:
    told = story(seed)
    why = fails(told)
    if why is None:
        sys.stdout.write(f"seed {seed} holds\n")
        return 0
    sys.stdout.write(f"seed {seed}: {why}\nshrinking …\n")
    told = shrink(told)
    World.story = []
    why = fails(told)
    sys.stdout.write(f"{why}\n{told.chances}, {told.max_workers} workers\n")
    names = {
        word
        for event in told.events
        for word in str(event).replace("/", " ").split()
        if word.endswith(".test")
    }
    for name, temper in told.sites:
        if name in names:
            sys.stdout.write(f"  {name}: {dict(temper)}\n")
    for event in told.events:
        sys.stdout.write(f"  {str(event)[:200]}\n")
    sys.stdout.write("what happened:\n")
    for line in World.story[-80:]:
        sys.stdout.write(f"  {line}\n")
    return 1


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"  # the order of sets is part of a story
        os.execv(sys.executable, [sys.executable, "-m", "simulated", *sys.argv[1:]])
    raise SystemExit(main())
