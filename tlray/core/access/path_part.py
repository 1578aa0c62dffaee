"""Ids as one part of a path. Browsers take ``.`` and ``..`` for steps, percent-encoded too, so these have a slash more there."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_STEP: Final = re.compile(r"\.\.?/*")


def in_path(text: str) -> str:
    """Return an id as the part of a path, percent-encoded."""
    return quote(f"{text}/" if _STEP.fullmatch(text) else text, safe="")


def from_path(part: str) -> str:
    """Return the id that a decoded part of a path names."""
    return part[:-1] if part.endswith("/") and _STEP.fullmatch(part) else part
