"""How much memory does a batch take over an idle Ray, all processes counted, on one domain and on ten?

PSS, so that pages shared among processes count once. Idle is Ray without dashboard, the driver and as
many workers as cores, measured right before in a Ray of the same size; the peak is the highest of five looks
a second.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

from benchmarks import nginx, pages
from benchmarks.figures import Answer, Figure, in_words, medians
from benchmarks.weighed import Tlray, run_peer, tlray_in, write_list

QUESTION = "Memory of a batch of 1,000 URLs"
N_URLS = 1_000
SETTLE_S = 3.0


def answer(folder: Path, *, quick: bool = False) -> Answer:
    """Measure."""
    kinds = pages.kinds()
    kind = "real" if "real" in kinds else "demo"
    told = Answer(QUESTION, [])
    with nginx.serve(folder / "site", {kind: kinds[kind]}) as sites:
        for n_domains in (1, 10):
            path = write_list(folder / f"urls-{n_domains}.txt", sites[kind].urls(N_URLS, n_domains=n_domains))
            runs = [_run(folder / f"{n_domains}-{number}", path) for number in range(1 if quick else 3)]
            of_domains = f"{n_domains} domain{'s' if n_domains > 1 else ''}"
            told.figures += [
                Figure(
                    f"{of_domains}: over idle Ray, peak",
                    [peak - idle for idle, peak, _, _ in runs],
                    " MB",
                    most=350.0,
                ),
                Figure(f"{of_domains}: idle Ray", [idle for idle, _, _, _ in runs], " MB"),
            ]
            told.runs += [
                {
                    "domains": n_domains,
                    "idle_mb": idle,
                    "peak_mb": peak,
                    "idle_by_kind": was,
                    "peak_by_kind": grown,
                }
                for idle, peak, was, grown in runs
            ]
            more = [
                {kind: grown.get(kind, 0.0) - was.get(kind, 0.0) for kind in grown | was}
                for _, _, was, grown in runs
            ]
            told.notes.append(
                f"On {of_domains}, more than idle at the peak: {in_words(medians(more), 'MB', 1.0)}."
            )
        for peer, name in (("bare_loop", "bare loop"), ("scrapy_spider", "Scrapy")):
            _, cost = run_peer(peer, folder / "urls-1.txt", folder / "out.jsonl", memory=True)
            told.figures.append(Figure(f"{name}, its one process, peak", [cost.peak_mb], " MB"))
    return told


def _run(folder: Path, urls: Path) -> tuple[float, float, dict[str, float], dict[str, float]]:
    """Return idle and peak, each in all and by kind of process."""
    n_cores = os.cpu_count() or 1
    with tlray_in(folder) as tlray:
        tlray.tell("idle", n_workers=n_cores)
        idle, by_kind = _settled(tlray)
    # a process of its own: what `tlray scrape` sets before it loads Ray is part of what is weighed
    with tlray_in(folder) as tlray:
        tlray.tell("open", home=str(folder / "home"), max_workers=n_cores)
        with tlray.tree.watched(memory=True) as cost:
            told = tlray.tell("scrape", path=str(urls))
            if told["counts"]["succeeded"] != N_URLS:
                raise SystemExit(f"tlray got {told['counts']}")
    return idle, cost.peak_mb, by_kind, cost.peak_by_kind


def _settled(tlray: Tlray) -> tuple[float, dict[str, float]]:
    """Return the memory once it has come to rest."""
    time.sleep(SETTLE_S)
    looks = []
    for _ in range(5):
        looks.append(tlray.tree.pss_mb())
        time.sleep(0.2)
    return statistics.median(sum(look.values()) for look in looks), medians(looks)
