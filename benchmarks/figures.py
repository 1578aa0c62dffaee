"""What does an answer look like? Figures, each with all of its runs, and the goal that it is held to."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Figure:
    """One thing measured several times."""

    name: str
    values: list[float]
    unit: str
    most: float | None = None
    """The goal: at most so much."""
    least: float | None = None
    """The goal: at least so much."""

    @property
    def median(self) -> float:
        """The middle of the runs, which is held against the goal."""
        return statistics.median(self.values)

    @property
    def goal(self) -> str:
        """The goal in words; "" where there is none."""
        if self.most is not None:
            return f"≤ {_short(self.most)}{self.unit}"
        return "" if self.least is None else f"≥ {_short(self.least)}{self.unit}"

    @property
    def is_met(self) -> bool | None:
        """Whether the median meets the goal; None without one."""
        if self.most is not None:
            return self.median <= self.most
        return None if self.least is None else self.median >= self.least

    def row(self) -> list[str]:
        """Return the cells of a table's row."""
        changeset = {True: "yes", False: "**no**", None: ""}[self.is_met]
        spread = f"{_short(min(self.values))}–{_short(max(self.values))}" if len(self.values) > 1 else ""
        return [self.name, f"{_short(self.median)}{self.unit}", spread, self.goal, changeset]


@dataclass(slots=True)
class Answer:
    """A question's figures, and what else should be known."""

    question: str
    figures: list[Figure]
    notes: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    """Everything measured, for the JSON file."""

    def table(self) -> str:
        """Return the figures as a Markdown table."""
        rows = [["", "median", "range", "goal", "met"], *(figure.row() for figure in self.figures)]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        lines = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
            for row in rows
        ]
        lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(lines)


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of every kind over several runs; a kind that is missing in a run counts 0 there."""
    kinds = {kind for run in runs for kind in run}
    return {kind: statistics.median([run.get(kind, 0.0) for run in runs]) for kind in sorted(kinds)}


def in_words(parts: dict[str, float], unit: str, least: float) -> str:
    """Return a breakdown, the largest first; parts below ``least`` are left out."""
    told = [
        f"{kind} {_short(value)}"
        for kind, value in sorted(parts.items(), key=lambda kv: -kv[1])
        if value >= least
    ]
    return f"{', '.join(told)} {unit}"


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
