"""How far off is the estimate of what is left, at 10, 50 and 90 % of a batch, next to the naive one?

Thirty batches in the simulated world (`tests/shared/simulated`): the real coordinator and tasks in virtual time over three to
eight domains each, of all kinds and with faults (errors, timeouts, 429 with and without Retry-After, outages, slow
sites, crawl-delays), every third one beside a rival batch. An error is the share of the time that truly remained.
The naive estimate is elapsed ÷ done × left. Seeds are fixed and no clock is read: each run gives the same figures.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from benchmarks.figures import Answer, Figure
from tests.shared.simulated.eta import PROGRESS, errors

QUESTION = "The estimate of the time left, over {n} batches"
GOALS = {0.1: 10.0, 0.5: 8.0, 0.9: 8.0}
"""Share of the batch that is done → at most so many percent off, in the median."""

FAR = 20.0
"""Percent; an estimate that is off by more is counted in a note: a median hides them."""


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure; ``folder`` is not used."""
    n_batches = 6 if quick else 30
    found = [error for seed in range(n_batches) for error in errors(seed)]
    told = Answer(QUESTION.format(n=n_batches), [], runs=[asdict(error) for error in found])
    for progress in PROGRESS:
        at = [error for error in found if error.progress == progress]
        ours, naive = [100 * e.ours for e in at], [100 * e.naive for e in at]
        told.figures += [
            Figure(f"at {progress:.0%}: off by", ours, " %", most=GOALS[progress]),
            Figure(f"at {progress:.0%}: elapsed ÷ done × left is off by", naive, " %"),
        ]
        n_far = sum(error > FAR for error in ours)
        told.notes.append(
            f"At {progress:.0%}, {n_far} of {len(ours)} estimates were off by more than {FAR:g} %."
        )
    return told
