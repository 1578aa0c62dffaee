"""How long is ``90s``, ``30m``, ``2h`` or ``1d``? In seconds."""

from __future__ import annotations

import re

_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])?", re.ASCII)


def parse_duration_s(text: str) -> float:
    """Read a number and its unit (without one: seconds); ValueError says what is wrong."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration; write 90s, 30m, 2h or 1d")
    return float(match[1]) * _UNIT_S[match[2] or "s"]
