"""The end of a batch in words: the range that its status has, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tlray.core.model.progress import Snapshot

_MISSING: Final = {
    "matching": "what is known already is being looked up",
    "paused-domain": "{domain} is paused by an admin",
    "no-page-yet": "no page has come back yet",
}


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
    domain = status["estimate_waits_on"] or ""
    if status["estimated_between"] is not None:
        not_before, likely_by = status["estimated_between"]
        return Estimate(not_before, likely_by, domain)
    if status["trouble"]:
        return Estimate(reason=status["trouble"])
    reason = _MISSING.get(status["estimate_missing"] or "", _MISSING["no-page-yet"])
    return Estimate(reason=reason.format(domain=domain or "a site"))
