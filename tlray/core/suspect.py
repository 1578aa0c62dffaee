"""What may have killed a worker? What its task was reading when it died."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suspect:
    """An item whose page was being read, or a domain whose robots.txt was."""

    item_id: int | None = None
    robots_of: str | None = None


NOBODY = Suspect()
"""The task was reading nothing, or its note is gone: each item of its lease may have done it."""
