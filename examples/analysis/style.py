"""The look of the pictures, in colours that colour-blind people tell apart (Okabe and Ito); and the scripts' command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from tlray.errors import TlrayError

T = TypeVar("T")
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
INK, MUTED, FAINT = "#222222", "#6B6B6B", "#E4E4E4"
HEAT = LinearSegmentedColormap.from_list("heat", ["#F4F8FB", "#9CC8E3", BLUE, "#003F63"])
"""From nothing to much; it also works in grey."""
EARLIEST, LATEST = "1950-01", "2100-01"
"""Months between which sets were played: a page that says the year 1 or 9999 has no day for a picture."""
STYLE = {
    "figure.facecolor": "white", "font.size": 10.5, "text.color": INK, "axes.labelcolor": MUTED, "axes.edgecolor": FAINT,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 11.5, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.titlepad": 10, "xtick.color": MUTED, "ytick.color": INK, "xtick.major.size": 0,
    "ytick.major.size": 0, "svg.hashsalt": "tlray",
}  # fmt: skip


def new_figure(width: float, height: float, *, title: str, subtitle: str) -> Figure:
    """Return a figure with its message at the top; the panels are the caller's."""
    mpl.rcParams.update(STYLE)
    figure = Figure(figsize=(width, height))
    figure.text(0.02, 1 - 0.16 / height, title, fontsize=16, fontweight="bold", va="top")
    figure.text(0.02, 1 - 0.52 / height, subtitle, fontsize=10.5, color=MUTED, va="top")
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure; the same figure is the same bytes."""
    if path.suffix != ".png":
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
        return
    drawn = BytesIO()
    figure.savefig(drawn, dpi=120)
    with Image.open(drawn) as image:  # 96 colours: a third of the size, and nobody sees it
        image.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)


def note(
    axes: Axes, text: str, at: tuple[Any, Any], by: tuple[float, float], *, of: Any = "data", **how: Any
) -> None:
    """Write a text beside a place; ``by``: so many points to the right and up."""
    how = {"va": "center", "fontsize": 9.5, **how}
    axes.annotate(text, at, xycoords=of, xytext=by, textcoords="offset points", **how)


def light_grid(axes: Axes, axis: str) -> None:
    """Draw thin lines behind the data."""
    axes.grid(visible=True, axis=axis, color=FAINT, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def run(data: Callable[[Path], T], draw: Callable[[T], Figure], arguments: Sequence[str] | None = None) -> T:
    """Read the options of a script, take the data from a home, and write the picture."""
    parser = argparse.ArgumentParser()
    home = os.environ.get("TLRAY_HOME", Path.home() / ".tlray")
    parser.add_argument(
        "--home", type=Path, default=home, help="where the catalogue is; $TLRAY_HOME, else ~/.tlray"
    )
    parser.add_argument("--out", type=Path, required=True, help="the picture: a .png, .svg or .pdf file")
    asked = parser.parse_args(arguments)
    try:
        found = data(asked.home)
    except TlrayError as error:
        raise SystemExit(str(error)) from None
    save(draw(found), asked.out)
    return found
