"""Which labels and tracks were played most, month by month?

python examples/analysis/most_played.py --home HOME --out most-played.png
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from style import EARLIEST, HEAT, INK, LATEST, MUTED, new_figure, run

import tlray

N_SHOWN = 10


@dataclass
class MostPlayed:
    """Plays by month, the most played row first; each table has a column for every month."""

    labels: pd.DataFrame
    tracks: pd.DataFrame


def data(home: Path) -> MostPlayed:
    """Return the plays of the most played labels and tracks."""
    labels = tlray.aggregate("label+month", home=home, merged=True)
    tracks = tlray.aggregate("track+month", home=home, merged=True)
    labels, tracks = (table[table["month"].between(EARLIEST, LATEST)].copy() for table in (labels, tracks))
    tracks["track"] = tracks["artist"] + " – " + tracks["title"]
    months = sorted({*labels["month"], *tracks["month"]})
    return MostPlayed(_by_month(labels, "label", months), _by_month(tracks, "track", months))


def _by_month(plays: pd.DataFrame, key: str, months: list[str]) -> pd.DataFrame:
    table = plays.pivot_table(index=key, columns="month", values="plays", aggfunc="sum", fill_value=0)
    table = table.reindex(columns=months, fill_value=0).astype(int)
    order = table.sum(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[order[:N_SHOWN]]


def draw(found: MostPlayed) -> Figure:
    """Draw two calendars of numbers."""
    first = found.tracks.sum(axis=1)
    title = f"{first.index[0]} is the track of the year" if len(first) else "Nothing was played"
    figure = new_figure(
        12.8, 5.6, title=title, subtitle="Plays by month, of the most played labels and tracks"
    )
    left, right = figure.subplots(
        1, 2, gridspec_kw={"left": 0.095, "right": 0.955, "top": 0.74, "bottom": 0.03, "wspace": 0.76}
    )
    _panel(left, found.labels, "Labels")
    _panel(right, found.tracks, "Tracks")
    return figure


def _panel(axes: Axes, table: pd.DataFrame, title: str) -> None:
    axes.set_title(title, pad=34)
    if table.empty:
        axes.set_axis_off()
        return
    axes.pcolormesh(table.to_numpy(), cmap=HEAT, edgecolors="white", linewidth=2.5, vmin=0)
    axes.invert_yaxis()
    top = table.to_numpy().max()
    for y, row in enumerate(table.to_numpy()):
        for x, n in enumerate(row):
            if n:
                color = "white" if n > 0.45 * top else INK
                axes.text(x + 0.5, y + 0.5, f"{n}", ha="center", va="center", fontsize=9, color=color)
        axes.text(len(row) + 0.25, y + 0.5, f"{row.sum():,}", va="center", fontsize=10, fontweight="bold")
    axes.text(len(table.columns) + 0.25, -0.12, "all", fontsize=9, color=MUTED)
    starts = pd.to_datetime(table.columns)
    names = [f"{at:%b}" + (f"\n{at:%Y}" if at.month == 1 or not n else "") for n, at in enumerate(starts)]
    axes.set_xticks([n + 0.5 for n in range(len(starts))], names, fontsize=9)
    axes.xaxis.tick_top()
    axes.set_yticks([n + 0.5 for n in range(len(table))], table.index, fontsize=10)
    axes.spines[:].set_visible(False)


if __name__ == "__main__":
    run(data, draw)
