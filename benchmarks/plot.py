"""How does a plot get into docs/img? Small SVG, the same bytes for the same figures, without a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "img"
Line = tuple[Sequence[float], Sequence[float]]


def lines(
    path: Path, plotted: Mapping[str, Line], *, x: str, y: str, title: str, is_log: bool = True
) -> None:
    """Draw lines, over a logarithmic axis or a plain one; ``plotted`` is name → (xs, ys)."""
    import matplotlib  # noqa: PLC0415 - half a second, for this question alone

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "tlray", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(6.4, 3.2), layout="constrained")
    for name, (xs, ys) in plotted.items():
        axes.plot(xs, ys, marker="o", markersize=3, linewidth=1.2, label=name)
    axes.set(xscale="log" if is_log else "linear", xlabel=x, ylabel=y, title=title, ylim=(0, None))
    axes.grid(visible=True, linewidth=0.3)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
