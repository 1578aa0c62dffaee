"""The end of a batch in words: the range that its status has, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from tlray.core.model.progress import Snapshot
from tlray.core.scheduling.estimate_text import WORDS, missing_words
from tlray.core.scheduling.eta import NoEstimate


@dataclass(frozen=True, slots=True)
class Estimate:
    """When a batch is likely to end."""

    not_before: float | None = None
    likely_by: float | None = None
    reason: str = ""
    """Which domain decides; or why there is no moment."""


def estimate_of(status: Snapshot) -> Estimate:
    """Return the estimate that a status has."""
    if status["state"] != "running":
        return Estimate()
    if status["estimated_between"] is not None:
        not_before, likely_by = status["estimated_between"]
        return Estimate(not_before, likely_by, status["estimate_waits_on"] or "")
    if status["trouble"]:
        return Estimate(reason=status["trouble"])
    return Estimate(reason=missing_words(status) or WORDS[NoEstimate.NO_PAGE_YET])
