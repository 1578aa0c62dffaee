"""The end of a batch in words: a range with honest ends, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tlray.core.model.progress import Snapshot

_STEPS: Final = ((600, 60), (3_600, 300), (21_600, 900), (172_800, 3_600))
"""Seconds left → the step that a moment is rounded to; a day beyond."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """When a batch is likely to end."""

    not_before: float | None = None
    likely_by: float | None = None
    reason: str = ""
    """Why there is no moment; or which domain decides."""


def estimate_of(status: Snapshot, *, now: float | None = None) -> Estimate:
    """Return the estimate that a status has."""
    given: dict[str, Any] = dict(status)
    between = given.get("estimated_between")
    waits_on = given.get("estimate_waits_on") or ""
    if status["state"] != "running":
        return Estimate()
    if between:
        early, late = between[0], float(between[1])
        at = now if now is not None else late if early is None else float(early)
        begins = None if early is None else rounded(float(early), at, up=False)
        return Estimate(begins, rounded(late, at, up=True), str(waits_on))
    if status["estimated_completion"] is not None:
        late = float(status["estimated_completion"])
        return Estimate(None, rounded(late, now if now is not None else late, up=True), str(waits_on))
    return Estimate(reason=why_none(status))


def why_none(status: Snapshot) -> str:
    """Return why nobody can tell the end."""
    if status["trouble"]:
        return str(status["trouble"])
    for name, domain in status["domains"].items():
        if domain.get("state") == "paused" and domain["open"]:
            return f"{name} is paused by an admin, so no end can be told"
    counts = status["counts"]
    if not any(counts.get(state) for state in ("succeeded", "dead", "skipped")):
        return "no page has come back yet"
    return "checking what is known already"


def rounded(at: float, now: float, *, up: bool) -> float:
    """Return a moment rounded outward: the farther away, the coarser."""
    left_s = max(0.0, at - now)
    step = next((step for limit, step in _STEPS if left_s < limit), 86_400)
    return (at // step) * step + (step if up and at % step else 0)
