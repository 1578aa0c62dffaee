"""Who is killed, and when? A seeded plan: at counts of finished items, never at times."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Victim(StrEnum):
    """What is killed, always with SIGKILL."""

    WORKER = "scrape worker"
    LIMITER = "limiter actor"
    COORDINATOR = "coordinator actor"
    RAYLET = "raylet of a node at work"
    NODE = "whole node at work"
    GCS = "GCS of the cluster, then --resume"
    EVERYTHING = "everything, then --resume"


ROUND = (
    *(Victim.WORKER,) * 3,
    *(Victim.COORDINATOR,) * 3,
    *(Victim.LIMITER,) * 2,
    Victim.RAYLET,
    Victim.NODE,
    Victim.GCS,
    *(Victim.EVERYTHING,) * 2,
)
"""Thirteen kills, of every kind."""
FIRST, LAST = 0.04, 0.94
"""Of the items: no kill comes before or after."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill, due when so many items are final."""

    at: int
    victim: Victim


def make_plan(
    n_items: int, n_kills: int, seed: int, victims_of_a_round: Sequence[Victim] = ROUND
) -> list[Kill]:
    """Return the kills in their order: whole rounds, each shuffled, at evenly spread counts with jitter."""
    rng = random.Random(seed)  # noqa: S311 - a plan that can be repeated, no secret
    victims: list[Victim] = []
    while len(victims) < n_kills:
        victims += rng.sample(victims_of_a_round, len(victims_of_a_round))
    step = (LAST - FIRST) * n_items / n_kills
    return [
        Kill(int(FIRST * n_items + step * (number + 0.6 * rng.random())), victim)
        for number, victim in enumerate(victims[:n_kills])
    ]
