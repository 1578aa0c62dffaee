"""How does a track spread from DJ to DJ?

    python examples/analysis/spread.py --home HOME --out spread.png

The track is the one that most DJs have played. Before it has a name it is an ``ID`` in the sets; rows that were named later
count as plays of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib import dates
from matplotlib.figure import Figure
from style import BLUE, EARLIEST, INK, LATEST, MUTED, ORANGE, SKY, light_grid, new_figure, note, run

import tlray

MONTH = pd.Timedelta(days=31)
YEARS_BY_MONTH = 2
"""Over more years not every month has a line."""
_BESIDE = ("axes fraction", "data")


@dataclass
class Spread:
    """One track."""

    name: str
    plays: pd.DataFrame
    """A row a play: ``dj`` and ``day``, each performance once; the DJ who played it first comes first."""
    named_on: pd.Timestamp | None
    """The first day on which it had a name somewhere."""

    @property
    def first_days(self) -> pd.Series:
        """DJ → the day of their first play, the earliest first."""
        return self.plays.groupby("dj")["day"].min().sort_values(kind="stable")


def data(home: Path) -> Spread:
    """Return the plays of the track with the most DJs."""
    played = tlray.aggregate("track", home=home)
    if played.empty:
        raise SystemExit(f"{home}: no set has a track with a name")
    top = played.sort_values(["djs", "plays"], ascending=False, kind="stable").iloc[0]
    _, tracks = tlray.load(home=home)
    is_it = (_same(tracks["artist"]) == top["artist"].casefold()) & (
        _same(tracks["title"]) == top["title"].casefold()
    )
    plays = tracks.loc[is_it, ["set_djs", "set_date"]].explode("set_djs").dropna()
    plays.columns = pd.Index(["dj", "day"])
    plays["day"] = pd.to_datetime(plays["day"])
    plays = plays[plays["day"].between(EARLIEST, LATEST)]
    plays = plays.drop_duplicates().sort_values(["day", "dj"], ignore_index=True)
    if plays.empty:
        raise SystemExit(f"{home}: no set with a DJ and a day has {top['artist']} – {top['title']}")
    changes = tlray.changes(home=home)
    name = f"{top['artist']} - {top['title']}".casefold()
    named = changes[(changes["kind"] == "revealed") & (changes["after"].str.casefold() == name)]
    named_on = None if named.empty else named["changed_at"].min().tz_localize(None).normalize()
    return Spread(f"{top['artist']} – {top['title']}", plays, named_on)


def _same(texts: pd.Series) -> pd.Series:
    return texts.str.casefold()


def draw(found: Spread) -> Figure:
    """Draw a line for each DJ, from their first play on."""
    first = found.first_days
    weeks = (first.iloc[-1] - first.iloc[0]).days / 7
    others = f"{len(first) - 1} other DJ{'s' if len(first) != 2 else ''}"
    title = f"From {first.index[0]} to {others} in {weeks:.0f} weeks"
    figure = new_figure(
        11.0, 6.0, title=title, subtitle=f"Every play of {found.name}; DJs in the order of their first play"
    )
    axes = figure.subplots(gridspec_kw={"left": 0.15, "right": 0.93, "top": 0.83, "bottom": 0.08})
    for y, (dj, day) in enumerate(first.items()):
        days = found.plays.loc[found.plays["dj"] == dj, "day"]
        axes.plot([day, days.max()], [y, y], color=SKY, linewidth=2.2, alpha=0.6, zorder=1)
        axes.plot(
            days,
            [y] * len(days),
            "o",
            color=BLUE,
            markersize=5.5,
            markeredgecolor="white",
            markeredgewidth=0.7,
        )
        axes.plot(
            [day],
            [y],
            "o",
            color=ORANGE,
            markersize=10,
            markeredgecolor="white",
            markeredgewidth=1.2,
            zorder=4,
        )
        note(axes, f"{len(days)}", (1.0, y), (8, 0), of=_BESIDE, color=MUTED)
    axes.step(first, range(len(first)), where="post", color=ORANGE, linewidth=1.2, alpha=0.45, zorder=2)
    if found.named_on is not None:
        axes.axvline(found.named_on, color=INK, linewidth=1.0, linestyle=(0, (3, 3)), zorder=0)
        note(axes, f"named on {found.named_on.day} {found.named_on:%B}", (found.named_on, -0.9), (6, 0))
    note(axes, "plays", (1.0, -0.9), (4, 0), of=_BESIDE, color=MUTED)
    note(axes, "first play", (first.iloc[0], -0.9), (0, 0), ha="center", color=ORANGE, fontweight="bold")
    axes.set_yticks(range(len(first)), list(first.index))
    axes.set_ylim(len(first) - 0.4, -1.3)
    axes.margins(x=0.06)
    ends = found.plays["day"].min(), found.plays["day"].max()
    if (ends[1] - ends[0]) < 2 * MONTH:
        axes.set_xlim(ends[0] - MONTH, ends[1] + MONTH)  # so that the axis has the name of a month
    is_short = ends[1] - ends[0] < YEARS_BY_MONTH * 12 * MONTH
    ticks = dates.MonthLocator() if is_short else dates.AutoDateLocator()
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(ticks, show_offset=False))
    axes.spines["left"].set_visible(False)
    light_grid(axes, "x")
    return figure


if __name__ == "__main__":
    run(data, draw)
