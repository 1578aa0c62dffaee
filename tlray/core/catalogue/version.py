"""A version of a set, as far as two versions are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tlray.model import Identity


class Row(NamedTuple):
    """One row of a set."""

    artist: str
    title: str
    identity: str = Identity.IDENTIFIED
    cue_s: float | None = None
    cue_precision: str = "unknown"
    labels: Sequence[str] = ()
    track_id: str | None = None

    @property
    def is_known(self) -> bool:
        """True if the track is named in full."""
        return self.identity == Identity.IDENTIFIED

    @property
    def name(self) -> str:
        """The track in one line."""
        return f"{self.artist} - {self.title}"


class Version(NamedTuple):
    """One version of a set."""

    title: str
    date: str | None
    """The day it was played, as ISO 8601."""
    djs: Sequence[str]
    parser: str
    fetched_at: float | None
    """When its page was fetched; epoch seconds."""
    rows: Sequence[Row]
