"""A rate as text: ``2/s``, ``1/8s``, ``30/m``, ``2/s:5``, ``auto``, ``auto:10/s``."""

from __future__ import annotations

import math
import re

from tlray.core.model.durations import LONGEST_S

AUTO_BURST = 0.0
"""In place of a burst: the rate is a maximum, and the domain finds its own below it."""
AUTO_MAX = 50.0
MOST_BURST = 10_000
_RATE = re.compile(
    r"(?P<n>\d+(?:\.\d+)?|\.\d+)(?:/(?P<per>\d+(?:\.\d+)?)?(?P<unit>s|m|min|h)?(?::(?P<burst>\d+))?)?"
)
_UNIT_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, None: 1.0}


def parse_rate(text: str) -> tuple[float, float]:
    """Read ``N/s``, ``N/8s``, ``N/m`` or ``N/s:BURST`` as (fetches a second, burst); ValueError says what is wrong.

    ``auto`` and ``auto:N/s`` let the domain find its own rate, up to 50 or N a second: (the maximum, `AUTO_BURST`).
    """
    if text.strip() == "auto":
        return AUTO_MAX, AUTO_BURST
    if text.strip().startswith("auto:"):
        return parse_rate(text.strip().removeprefix("auto:"))[0], AUTO_BURST
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"rate {text!r} is not of the form N/s, N/8s, N/m or N/s:BURST, nor auto")
    rate = float(match["n"]) / (float(match["per"] or 1) or math.inf) / _UNIT_S[match["unit"]]
    burst = float(match["burst"] or 1)
    if rate <= 0:
        raise ValueError(f"rate {text!r} is 0; to fetch nothing from a domain, leave it out of the list")
    if rate > 10_000:
        raise ValueError(f"rate {text!r} is above 10,000 a second")
    if rate < 1 / LONGEST_S:
        raise ValueError(f"rate {text[:40]!r} is below one fetch in 366 days")
    if not 1 <= burst <= MOST_BURST:
        raise ValueError(f"burst of {text[:40]!r} must be at least 1, and at most {MOST_BURST:,}")
    return rate, burst
