"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from tlray.errors import UsageError

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Where everything lies; by default $TLRAY_HOME, else ~/.tlray.",
        show_default=False,
    ),
]
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])?")


def duration_s(text: str, option: str) -> float:
    """Read ``90s``, ``30m``, ``2h`` or ``1d`` as seconds; UsageError names the option."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text!r} is no duration; write 90s, 30m, 2h or 1d")
    return float(match[1]) * _UNIT_S[match[2] or "s"]


def per_domain(pairs: Iterable[str], option: str, example: str) -> dict[str, str]:
    """Read repeated ``DOMAIN=VALUE`` options; UsageError says what is wrong with the first bad one."""
    values: dict[str, str] = {}
    for pair in pairs:
        domain, equals, value = pair.partition("=")
        if not equals or not domain.strip() or not value.strip() or "/" in domain:
            raise UsageError(f"{option} {pair!r} is not of the form DOMAIN=VALUE, such as {option} {example}")
        values[domain.strip().lower()] = value.strip()
    return values
