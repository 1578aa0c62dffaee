"""How many of an artist's plays are IDs at first, and how fast are IDs named?

    python examples/analysis/naming.py --home HOME --out naming.png

An ID of today and a row that was named meanwhile (`tlray.changes`) were both an ID at first. How long IDs stay is estimated as
survival is (Kaplan and Meier): an ID that has no name yet says only that it took longer than until it was looked at last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from style import BLUE, GREEN, INK, MUTED, ORANGE, PINK, light_grid, new_figure, note, run

import tlray

MIN_IDS = 15
"""Fewer say nothing of an artist."""
MAX_DAYS = 120
OF_SET = ["batch_id", "item_id", "set_index"]
"""What names a set; a file without an id has no ``source_id``."""
KNOWN_ARTIST = ["id_title", "id_remix"]


@dataclass
class Naming:
    """The IDs of a catalogue."""

    artists: pd.DataFrame
    """By artist: ``plays``, ``ids`` at first, ``named`` of them; the highest share of IDs first."""
    ids: pd.DataFrame
    """A row an ID: ``artist``, ``days`` from the performance on, and ``is_named`` (else it was an ID when last looked at)."""


def data(home: Path) -> Naming:
    """Return all rows that were an ID of a known artist at first."""
    tracklists, tracks = tlray.load(home=home)
    changes = tlray.changes(home=home)
    names = tracklists["source_id"].fillna(tracklists["fingerprint"])  # as changes name a set
    sets = tracklists.assign(source_id=names).drop_duplicates(["site", "source_id"])
    looked_at = tracklists.set_index(OF_SET)["fetched_at"]
    days = pd.to_datetime(sets.set_index(["site", "source_id"])["date"], utc=True)
    days_of_rows = pd.to_datetime(tracklists.set_index(OF_SET)["date"], utc=True)
    named = changes[(changes["kind"] == "revealed") & ~changes["before"].str.startswith("ID - ", na=False)]
    open_ = tracks[tracks["identity"].isin(KNOWN_ARTIST)]
    ids = pd.concat(
        [
            _since(named, days, named["changed_at"]).assign(is_named=True),
            _since(open_, days_of_rows, looked_at.reindex(pd.MultiIndex.from_frame(open_[OF_SET])).to_numpy()).assign(
                is_named=False
            ),
        ],
        ignore_index=True,
    )  # fmt: skip
    plays = tlray.aggregate("artist", home=home).set_index("artist")["plays"]
    ids["artist"] = ids["artist"].map(_spelt(plays.index))
    by_artist = ids.groupby("artist")["is_named"]
    artists = (
        pd.DataFrame({"plays": plays, "ids": by_artist.size(), "named": by_artist.sum()})
        .fillna(0)
        .astype(int)
    )
    artists["share"] = artists["ids"] / artists["plays"]
    return Naming(artists.sort_values(["share", "plays"], ascending=False, kind="stable"), ids)


def _spelt(artists: pd.Index) -> Callable[[str], str]:
    """Return a function from any spelling of an artist to the most frequent one."""
    names = {artist.casefold(): artist for artist in artists}
    return lambda artist: names.get(artist.casefold(), artist)


def _since(rows: pd.DataFrame, days: pd.Series, at: object) -> pd.DataFrame:
    """Return the artist of rows, and the days from their performance to a moment."""
    played = days.reindex(pd.MultiIndex.from_frame(rows[list(days.index.names)])).to_numpy()
    after = (
        pd.DatetimeIndex(pd.to_datetime(np.asarray(at), utc=True)) - pd.to_datetime(played, utc=True)
    ).days
    found = pd.DataFrame({"artist": rows["artist"].to_numpy(), "days": np.clip(after, 0, None)})
    return found.dropna()


def curve(ids: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return (days, share that is named by then), as Kaplan and Meier estimate it."""
    at = np.sort(ids.loc[ids["is_named"], "days"].unique())
    still = 1.0
    shares = []
    for day in at:
        n_at_risk = (ids["days"] >= day).sum()
        still *= 1 - ((ids["days"] == day) & ids["is_named"]).sum() / n_at_risk
        shares.append(1 - still)
    return np.concatenate([[0.0], at]), np.concatenate([[0.0], shares])


def median_days(ids: pd.DataFrame) -> float | None:
    """Return the days until half of the IDs have a name; None if that takes longer than anybody looked."""
    days, shares = curve(ids)
    return float(days[np.argmax(shares >= 0.5)]) if len(shares) and shares[-1] >= 0.5 else None


def draw(found: Naming) -> Figure:
    """Draw the share of IDs of each artist, and the curve of naming."""
    half = median_days(found.ids)
    title = "Few IDs get a name" if half is None else f"Half of all IDs have a name after {half:.0f} days"
    n_named = int(found.ids["is_named"].sum())
    subtitle = f"{len(found.ids):,} rows were an ID of a known artist when they were first seen; {n_named:,} were named since"
    figure = new_figure(12.0, 5.4, title=title, subtitle=subtitle)
    left, right = figure.subplots(
        1, 2, gridspec_kw={"left": 0.12, "right": 0.87, "top": 0.78, "bottom": 0.11, "wspace": 0.22, "width_ratios": [1, 1.25]}
    )  # fmt: skip
    _shares(left, found.artists)
    _curves(right, found)
    return figure


def _shares(axes: Axes, artists: pd.DataFrame) -> None:
    shown = artists[artists["ids"] > 0].head(12).iloc[::-1]
    ys = range(len(shown))
    axes.set_title("IDs at first, of an artist's plays")
    axes.hlines(ys, 0, 100 * shown["share"], color=BLUE, linewidth=2.2, alpha=0.35)
    axes.plot(100 * shown["share"], ys, "o", color=BLUE, markersize=8)
    for y, (share, ids, plays) in enumerate(zip(shown["share"], shown["ids"], shown["plays"], strict=True)):
        note(axes, f"{100 * share:.0f} %", (100 * share, y), (9, 0), fontweight="bold")
        note(axes, f"{ids:,} of {plays:,}", (100 * share, y), (44, 0), fontsize=8.5, color=MUTED)
    axes.set_yticks(ys, shown.index)
    axes.set_xlim(0, 100 * max(shown["share"], default=0.1) * 1.6)
    axes.xaxis.set_major_formatter("{x:.0f} %")
    axes.spines["left"].set_visible(False)
    light_grid(axes, "x")


def _curves(axes: Axes, found: Naming) -> None:
    axes.set_title("Share of IDs with a name")
    counts = found.ids.groupby("artist").size()
    enough = [artist for artist in counts.index if counts[artist] >= MIN_IDS]
    by_speed = sorted(
        enough, key=lambda artist: (median_days(found.ids[found.ids["artist"] == artist]) or 1e9, artist)
    )
    shown = [*by_speed[:2], *by_speed[-1:]] if len(by_speed) > 2 else by_speed
    ends = []
    for artist, color in zip(shown, (GREEN, PINK, ORANGE), strict=False):
        ends.append(_line(axes, found.ids[found.ids["artist"] == artist], artist, color, 1.8))
    ends.append(_line(axes, found.ids, "all IDs", INK, 3.2))
    _labels(axes, ends)
    axes.set_xlim(0, MAX_DAYS)
    axes.set_ylim(0, 100)
    axes.set_xlabel("days after the performance")
    axes.yaxis.set_major_formatter("{x:.0f} %")
    axes.axhline(50, color=MUTED, linewidth=0.9, linestyle=(0, (3, 3)), zorder=1)
    light_grid(axes, "y")


def _line(axes: Axes, ids: pd.DataFrame, name: str, color: str, width: float) -> tuple[float, str, str]:
    days, shares = curve(ids)
    keep = days <= MAX_DAYS
    days, shares = np.append(days[keep], MAX_DAYS), np.append(shares[keep], shares[keep][-1])
    axes.step(days, 100 * shares, where="post", color=color, linewidth=width)
    return 100 * float(shares[-1]), name, color


def _labels(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    """Write the names beside the ends of the lines, not over each other."""
    at = -100.0
    for end, name, color in sorted(ends):
        at = max(end, at + 6.0)
        weight = "bold" if color == INK else "normal"
        axes.text(MAX_DAYS * 1.02, at, name, color=color, fontsize=10, fontweight=weight, va="center")


if __name__ == "__main__":
    run(data, draw)
