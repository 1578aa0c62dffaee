"""Does the site see what was promised, and is what it allows used? Arrivals at a socket, counted in windows.

`recording_site.py` writes down when each request arrives; `recorded_run.py` runs ``tlray scrape`` against it: alone, on
three Ray nodes, and while a worker, a limiter and the coordinator are killed (``kill -9``), one after the other.

- **Over the ceiling**: of all windows of 1, 2 and 5 seconds at any domain, by how many fetches the worst went over
  rate × t + burst. Robots.txt counts as a fetch, and so does all that is fetched again after a kill.
- **Used**: n - 1 spacings of 1 / rate, over the time from a domain's first arrival (its robots.txt) to its last; of
  many domains, the median, and all of them together from the first arrival anywhere to the last. After kills
  twice: as it was, and without the spacings in which something was being started again.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.arrival_times import WINDOWS_S, longest_gap_s, most_in, room_left, used
from benchmarks.figures import Answer, Figure
from benchmarks.recorded_run import Recorded, Setting, record
from tlray.core.politeness.domain import ONE_LOOP_RATE

QUESTION = "At the site's socket"
USED, USED_WIDE = 99.0, 97.0
"""Percent: the goals, for one domain and for 500."""
KILLED = ("worker", "limiter", "coordinator")
PAUSE_S = 0.5
"""A spacing that is longer by this than one and a half of the allowed ones is counted as a restart."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is scraped in each of the three places."""

    settings: dict[str, Setting]
    shared_items: int
    """Of the one domain that three tasks share; it has no goal, for 97 % of its rate are given at most."""


FULL = Size(
    {
        "5/s, 400 items": Setting(rate=5.0),
        "20/s, 400 items": Setting(rate=20.0),
        "500 × 1/s, 1 s latency": Setting(n_domains=500, n_items=60, rate=1.0, latency_s=1.0, n_rows=2),
    },
    1_800,
)
QUICK = Size(
    {
        "20/s, 200 items": Setting(rate=20.0, n_items=200),
        "60 × 1/s, 1 s latency": Setting(n_domains=60, n_items=15, rate=1.0, latency_s=1.0, n_rows=2),
    },
    300,
)


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    size = QUICK if quick else FULL
    places = {
        "one node": size.settings,
        "three nodes": {name: _on_three_nodes(one) for name, one in size.settings.items()},
        "killed at": {name: replace(one, victims=KILLED) for name, one in size.settings.items()},
    }
    shared = Setting(rate=60.0, n_items=size.shared_items, n_nodes=3, min_workers=3, n_rows=2)
    places["three nodes"]["60/s, one domain, three tasks"] = shared
    told = Answer(QUESTION, [])
    for place, settings in places.items():
        for name, setting in settings.items():
            recorded = record(setting, folder / f"{place} {name}".replace("/", "-"))
            _take_in(told, f"{name}, {place}", setting, recorded)
    told.notes.append(
        f"Arrivals are stamped by {'the kernel' if recorded.has_kernel_stamps else 'the site, as it reads them'}; the "
        "500 domains serve sets of two rows without the site's scripts, a tenth of a usual page: it is the pace that "
        "is measured, and reading 500 usual pages a second takes more than three cores."
    )
    return told


def _on_three_nodes(setting: Setting) -> Setting:
    """Return the same on three nodes; a single domain up to 50/s is one task's, many are spread over all nodes."""
    return replace(setting, n_nodes=3, min_workers=3 if setting.n_domains > 1 else 1)


def _take_in(told: Answer, name: str, setting: Setting, recorded: Recorded) -> None:
    domains, rate = recorded.by_domain, setting.rate
    over = max(0.0, -min(room_left(at, rate=rate) for at in domains))
    figures = [Figure(f"{name}: over the ceiling", [over], "", most=0.0)]
    shares = [100 * used(at, rate=rate) for at in domains]
    goal = USED_WIDE if len(domains) > 1 else None if rate > ONE_LOOP_RATE else USED
    if setting.victims:
        gap_s = PAUSE_S + 1.5 / rate
        without = [100 * used(at, rate=rate, without_gaps_over_s=gap_s) for at in domains]
        figures.append(Figure(f"{name}: used, with the restarts", [statistics.median(shares)], " %"))
        figures.append(Figure(f"{name}: used, without them", [statistics.median(without)], " %", least=goal))
    else:
        figures.append(Figure(f"{name}: used", [statistics.median(shares)], " %", least=goal))
    if len(domains) > 1:
        figures.append(Figure(f"{name}: used, all domains together", [100 * _together(recorded, rate)], " %"))
    told.figures += figures
    facts = _facts(setting, recorded)
    told.notes.append(f"{name}: " + _in_words(setting, facts))
    told.runs.append(
        {"name": name, "of_domains": [min(shares), statistics.median(shares), max(shares)], **facts}
    )


def _together(recorded: Recorded, rate: float) -> float:
    """Return the share of what all domains allow together, from the first arrival anywhere to the last."""
    at = recorded.all_at
    n = len(recorded.by_domain)
    return (len(at) - n) / (n * rate * (at[-1] - at[0]))


def _facts(setting: Setting, recorded: Recorded) -> dict[str, Any]:
    counts = recorded.summary
    if (counts["succeeded"], counts["dead"]) != (setting.n_domains * setting.n_items, 0):
        raise SystemExit(f"not every page was fetched: {counts}")
    if setting.min_workers > 1 and recorded.n_nodes_used < 2:
        raise SystemExit("the tasks were not spread over the nodes")
    return {
        "fullest": {f"{s:g}": max(most_in(at, s) for at in recorded.by_domain) for s in WINDOWS_S},
        "arrivals": len(recorded.all_at),
        "seconds": recorded.all_at[-1] - recorded.all_at[0],
        "longest_gap_s": max(longest_gap_s(at) for at in recorded.by_domain),
        "tasks": recorded.most_tasks,
        "nodes_used": recorded.n_nodes_used,
        "killed": len(recorded.killed_at),
        "machine_busy": recorded.cpu_share,
    }


def _in_words(setting: Setting, facts: dict[str, Any]) -> str:
    fullest = ", ".join(
        f"{n} of {setting.rate * float(s) + 1:g} in {s} s" for s, n in facts["fullest"].items()
    )
    place = f", on {facts['nodes_used']} of {setting.n_nodes} nodes" if setting.n_nodes > 1 else ""
    killed = (
        f"; {facts['killed']} killed, the longest gap {facts['longest_gap_s']:.1f} s"
        if setting.victims
        else ""
    )
    return (
        f"fullest windows {fullest}; {facts['arrivals']:,} arrivals in {facts['seconds']:.1f} s, at most "
        f"{facts['tasks']} tasks at once{place}{killed}; the machine {facts['machine_busy']:.0%} busy."
    )
