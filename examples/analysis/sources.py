"""Which sources agree on the sets that they have in common?

    python examples/analysis/sources.py --home HOME --out sources.png

Two sets of different sites are one performance here if they share a DJ, the day, and most of the tracks of the shorter one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from style import BLUE, MUTED, light_grid, new_figure, note, run

import tlray

OF_SET = ("batch_id", "item_id", "set_index")
"""What names a set; a file without an id has no ``source_id``."""
SAME_PERFORMANCE = 0.6
"""Tracks in common, of the shorter list."""


@dataclass
class Agreement:
    """Pairs of sites."""

    pairs: pd.DataFrame
    """A row a pair: ``pair``, ``performances`` in common, and means over them: ``tracks`` (share of all tracks that both have),
    ``labels`` (share of common tracks with the same labels), ``apart_s`` (the middle distance of start times that both have)."""


def data(home: Path) -> Agreement:
    """Compare every two sets of a DJ and a day that are from different sites."""
    _, tracks = tlray.load(home=home)
    columns = ["site", *OF_SET, "set_date", "set_djs", "artist", "title", "labels", "cue_s"]
    named = tracks.loc[tracks["identity"] == "identified", columns].copy()
    named["track"] = named["artist"].str.casefold() + " – " + named["title"].str.casefold()
    named["dj"] = named["set_djs"].map(lambda djs: djs[0] if len(djs) else None)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for _, of_day in named.dropna(subset=["dj", "set_date"]).groupby(["dj", "set_date"]):
        sets = [
            (site, rows.drop_duplicates("track").set_index("track"))
            for (site, *_), rows in of_day.groupby(["site", *OF_SET])
        ]
        for (one, its), (other, others) in combinations(sets, 2):
            if one != other and (seen := _compared(its, others)) is not None:
                found.setdefault((one, other), []).append(seen)
    rows = [
        {
            "pair": f"{one} · {other}", "performances": len(seen),
            "tracks": _mean(seen, "tracks"), "labels": _mean(seen, "labels"),
            "apart_s": median([at for each in seen for at in each["apart_s"]] or [float("nan")]),
        }
        for (one, other), seen in sorted(found.items())
    ]  # fmt: skip
    columns = ["pair", "performances", "tracks", "labels", "apart_s"]
    return Agreement(
        pd.DataFrame(rows, columns=columns).sort_values("tracks", ascending=False, ignore_index=True)
    )


def _compared(its: pd.DataFrame, others: pd.DataFrame) -> dict[str, Any] | None:
    """Return how far two lists agree; None if they are of two performances."""
    common = its.index.intersection(others.index, sort=False)
    if len(common) < SAME_PERFORMANCE * min(len(its), len(others)):
        return None
    labels = [
        set(a) == set(b) for a, b in zip(its.loc[common, "labels"], others.loc[common, "labels"], strict=True)
    ]
    apart = (its.loc[common, "cue_s"] - others.loc[common, "cue_s"]).abs().dropna()
    return {
        "tracks": len(common) / (len(its) + len(others) - len(common)), "labels": sum(labels) / len(labels),
        "apart_s": list(apart),
    }  # fmt: skip


def _mean(seen: list[dict[str, Any]], name: str) -> float:
    return sum(each[name] for each in seen) / len(seen)


def draw(found: Agreement) -> Figure:
    """Draw three rows of dots."""
    pairs = found.pairs
    best = "Nothing to compare" if pairs.empty else f"{pairs['pair'][0].replace(' · ', ' and ')} agree most"
    n = int(pairs["performances"].sum())
    figure = new_figure(
        11.0,
        3.6,
        title=best,
        subtitle=f"{n:,} times two sites have the same performance; of tracks that have a name",
    )
    panels = figure.subplots(
        1,
        3,
        sharey=True,
        gridspec_kw={"left": 0.17, "right": 0.97, "top": 0.68, "bottom": 0.12, "wspace": 0.14},
    )
    measures = (
        ("Tracks that both have", 100 * pairs["tracks"], "{:.0f} %", 100),
        ("Same labels on them", 100 * pairs["labels"], "{:.0f} %", 100),
        ("Start times apart, half within", pairs["apart_s"], "{:.0f} s", None),
    )
    for axes, (title, values, form, end) in zip(panels, measures, strict=True):
        axes.set_title(title)
        there = values.dropna()
        top = end or 1.25 * max(there, default=1.0)
        axes.hlines(there.index, 0, there, color=BLUE, linewidth=2.4, alpha=0.35)
        axes.plot(there, there.index, "o", color=BLUE, markersize=10)
        for y in pairs.index:
            text = form.format(there[y]) if y in there else "none in common"
            note(axes, text, (there.get(y, 0.0), y), (9, 0), fontsize=10.5, fontweight="bold")
        axes.set_xlim(0, top * 1.18)
        axes.set_ylim(max(1, len(pairs)) - 0.5, -0.5)
        axes.set_xticks([])
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        light_grid(axes, "x")
    names = [
        f"{pair}\n{count} sets" for pair, count in zip(pairs["pair"], pairs["performances"], strict=True)
    ]
    panels[0].set_yticks(range(len(pairs)), names, fontsize=10.5)
    return figure


if __name__ == "__main__":
    run(data, draw)
