"""Ids as one part of a path. Browsers take ``.`` and ``..`` for steps, percent-encoded too, and what ends in ``/versions`` is the
address of a set's versions; so these have a slash more there."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_OTHERWISE_TAKEN: Final = re.compile(r"(?:\.\.?|.*/versions)/*", re.DOTALL)


def in_path(text: str) -> str:
    """Return an id as the part of a path, percent-encoded."""
    return quote(f"{text}/" if _OTHERWISE_TAKEN.fullmatch(text) else text, safe="")


def from_path(part: str) -> str:
    """Return the id that a decoded part of a path names."""
    return part[:-1] if part.endswith("/") and _OTHERWISE_TAKEN.fullmatch(part) else part
