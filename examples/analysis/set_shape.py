"""How long are sets, and how many of their tracks have a start time?

python examples/analysis/set_shape.py --home HOME --out set-shape.png
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from style import BLUE, FAINT, INK, MUTED, SKY, light_grid, new_figure, note, run

import tlray

BIN_HOURS = 0.25
LONGEST_S = 7 * 86_400.0
OF_SET = ("batch_id", "item_id", "set_index")
"""What names a set; a file without an id has no ``source_id``."""
COVERAGE = {"every track": BLUE, "some tracks": SKY, "none": FAINT}
"""Of the tracks of a set, those that have a start time."""


@dataclass
class SetShape:
    """The sets of a catalogue."""

    hours: pd.Series
    """Of the sets whose length is known."""
    n_sets: int
    coverage: pd.DataFrame
    """Site → number of sets by `COVERAGE`; the site with the best cover first."""


def data(home: Path) -> SetShape:
    """Return lengths and cover."""
    tracklists, tracks = tlray.load(home=home)
    positions = tracks[tracks["kind"] != "mashup_part"]
    share = positions["cue_s"].notna().groupby([positions[name] for name in ("site", *OF_SET)]).mean()
    kinds = np.select([share >= 1.0, share > 0.0], list(COVERAGE)[:2], "none")
    coverage = pd.crosstab(share.index.get_level_values(0), kinds).reindex(
        columns=list(COVERAGE), fill_value=0
    )
    coverage.index.name = "site"
    order = coverage.div(coverage.sum(axis=1), axis=0).sort_values(list(COVERAGE)[:2], ascending=False).index
    lengths = tracklists.loc[tracklists["duration_s"].between(1, LONGEST_S), "duration_s"]
    return SetShape(lengths / 3600, len(tracklists), coverage.loc[order])


def draw(found: SetShape) -> Figure:
    """Draw the lengths as columns, and the cover of each site as a bar."""
    n_all, n_sets = int(found.coverage["every track"].sum()), int(found.coverage.to_numpy().sum())
    title = f"In {n_all / max(1, n_sets):.0%} of sets every track has a start time".replace("%", " %")
    subtitle = f"{found.n_sets:,} sets; the length of {len(found.hours):,} is known"
    figure = new_figure(11.0, 4.6, title=title, subtitle=subtitle)
    left, right = figure.subplots(
        1, 2, gridspec_kw={"left": 0.055, "right": 0.975, "top": 0.74, "bottom": 0.13, "wspace": 0.25, "width_ratios": [1.2, 1]}
    )  # fmt: skip
    left.set_title("Sets by length, in quarters of an hour")
    edges = np.arange(0, max([1.0, *found.hours]) + 2 * BIN_HOURS, BIN_HOURS)
    left.hist(found.hours, bins=edges, color=BLUE, edgecolor="white", linewidth=1.2)
    if len(found.hours):
        middle = found.hours.median()
        left.axvline(middle, color=INK, linewidth=1.0, linestyle=(0, (3, 3)))
        half = f"half are shorter than {_hours(middle)}"
        note(left, half, (middle, 0.97), (6, 0), of=("data", "axes fraction"), va="top")
    left.set_xlabel("hours")
    light_grid(left, "y")
    left.spines["left"].set_visible(False)
    _cover(right, found.coverage)
    return figure


def _cover(axes: Axes, coverage: pd.DataFrame) -> None:
    axes.set_title("Sets by the tracks that have a start time")
    shares = 100 * coverage.div(coverage.sum(axis=1), axis=0)
    left = np.zeros(len(shares))
    for n, (kind, color) in enumerate(COVERAGE.items()):
        axes.barh(
            range(len(shares)),
            shares[kind],
            left=left,
            color=color,
            edgecolor="white",
            linewidth=2,
            height=0.62,
        )
        for y, (start, width) in enumerate(zip(left, shares[kind], strict=True)):
            if width >= 6:
                ink = "white" if color == BLUE else INK
                axes.text(
                    start + width / 2, y, f"{width:.0f} %", ha="center", va="center", color=ink, fontsize=10
                )
        axes.plot(32 * n + 1.5, -0.72, "s", color=color, markersize=9)
        axes.text(32 * n + 5, -0.72, kind, va="center", color=MUTED, fontsize=9.5)
        left += shares[kind].to_numpy()
    axes.set_yticks(
        range(len(shares)), [f"{site}\n{n:,} sets" for site, n in coverage.sum(axis=1).items()], fontsize=9.5
    )
    axes.set_ylim(len(shares) - 0.5, -1.0)
    axes.set_xlim(0, 100)
    axes.xaxis.set_visible(False)
    axes.spines[:].set_visible(False)


def _hours(hours: float) -> str:
    minutes = round(60 * hours)
    return f"{minutes // 60} h {minutes % 60:02d} min"


if __name__ == "__main__":
    run(data, draw)
