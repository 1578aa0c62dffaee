"""How long until it goes on? One measure for each kind of victim, from the journal's moments and the site's arrivals."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.plan import Kill, Victim
from benchmarks.chaos.watcher import Watcher

PATIENCE_S = 30.0
LOSS_IS_SEEN_S = 4.0
"""A worker that held nothing loses nothing; this is how long its loss is waited for."""


@dataclass(slots=True)
class Killed:
    """One kill, and the recovery from it."""

    victim: Victim
    n_final: int
    """Items that were done with."""
    at: float
    """Monotonic."""
    leased_again_s: float | None = None
    """To the first lease after it: of what it held (a worker, a node), or of the next life (a coordinator, everything)."""
    n_lost: int = 0
    """Items that it held."""
    next_fetch_s: float | None = None
    """To the next fetch after that lease; of a limiter or a raylet, the longest silence at the sites in the 10 s since."""
    leased_at: float | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """How things stood before a kill."""

    incarnation: int
    leased: set[int]
    """Items that tasks held."""


class Recovery:
    """What was measured of all kills."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._killed: list[Killed] = []

    def look(self) -> Before:
        """Look before a kill."""
        return Before(self._watcher.incarnation(), self._watcher.leased())

    def of(self, kill: Kill, n_final: int, at: float, before: Before) -> None:
        """Wait until what a kill has stopped goes on, or until it is plain that it stopped nothing."""
        killed = Killed(kill.victim, n_final, at)
        self._killed.append(killed)
        if kill.victim is Victim.COORDINATOR:
            self._next_life(killed, before.incarnation)
        elif kill.victim in (Victim.WORKER, Victim.NODE):
            # a node's death is told to the others by its silence or its socket, a worker's by its raylet
            self._lost_items(killed, before.leased, LOSS_IS_SEEN_S * (4 if kill.victim is Victim.NODE else 1))

    def of_everything(self, kill: Kill, n_final: int, before: Before, *, begun_at: float) -> None:
        """Take in a kill of everything: its recovery counts from the command that resumed, whose cluster stands by then."""
        killed = Killed(kill.victim, n_final, begun_at)
        self._killed.append(killed)
        self._next_life(killed, before.incarnation)

    def told(self, arrivals: list[dict[str, Any]]) -> list[Killed]:
        """Return all kills, with what the sites say about them."""
        times = sorted(arrival["at_s"] for arrival in arrivals)
        for killed in self._killed:
            if killed.victim in (Victim.LIMITER, Victim.RAYLET):
                after = [t for t in times if killed.at <= t <= killed.at + PATIENCE_S]
                gaps = [b - a for a, b in zip([killed.at, *after], after, strict=False)]
                killed.next_fetch_s = max(gaps[: _within(after, killed.at + 10.0)], default=None)
            elif killed.leased_at is not None:
                place = bisect_right(times, killed.leased_at)
                killed.next_fetch_s = times[place] - killed.at if place < len(times) else None
        return self._killed

    def _next_life(self, killed: Killed, incarnation: int) -> None:
        watcher = self._watcher
        if watcher.wait(lambda: watcher.incarnation() > incarnation, PATIENCE_S) is None:
            return
        leased_at = watcher.wait(lambda: watcher.n_leased() > 0, PATIENCE_S)
        if leased_at is not None:
            killed.leased_at = leased_at
            killed.leased_again_s = leased_at - killed.at

    def _lost_items(self, killed: Killed, leased: set[int], patience_s: float) -> None:
        watcher = self._watcher
        if watcher.wait(lambda: bool(watcher.given_back(leased)), patience_s) is None:
            return
        lost = watcher.given_back(leased)
        killed.n_lost = len(lost)
        first = watcher.wait(lambda: watcher.queued_of(lost) != lost, PATIENCE_S)
        killed.leased_again_s = None if first is None else first - killed.at


def _within(times: list[float], until: float) -> int:
    return max(1, bisect_right(times, until))
