"""A performance made of the sets of several sources: a `Tracklist` that says where each of its fields comes from.

A source is ``site:source_id``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final

from tlray.model import Track, Tracklist

OF_SET: Final = (
    "title", "date", "djs", "sources", "genres", "is_live", "duration_s", "recordings", "published",
)  # fmt: skip
"""The fields of a set whose source is named."""
OF_ROW: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("artist", "title", "identity", "text"),
    "cue": ("cue_s", "cue_precision", "cue_text", "recording"),
    "labels": ("labels",),
    "catalogue_number": ("catalogue_number",),
    "track_id": ("track_id", "track_url"),
    "played_at": ("played_at",),
    "duration_s": ("duration_s",),
    "genres": ("genres",),
    "artwork_url": ("artwork_url",),
    "media_id": ("media_id",),
    "section": ("section",),
}
"""The same of a row; fields that belong together have one source."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What the sources of a performance say differently."""

    field: str
    """One of `OF_SET` or `OF_ROW`; ``row``: a row that is not in the list; ``order``: a row stands elsewhere in the list."""
    index: int | None
    """The row; None for the set."""
    values: dict[str, str]
    """Source → what it says."""

    @property
    def text(self) -> str:
        """The conflict in one line."""
        return f"{self.field}{'' if self.index is None else f' {self.index}'}: " + ", ".join(
            f"{source} {value}" for source, value in self.values.items()
        )


@dataclass(slots=True, kw_only=True)
class MergedTrack(Track):
    """A row made of those of several sources."""

    sources_of: dict[str, str]
    """A field of `OF_ROW` → its source."""


@dataclass(slots=True, kw_only=True)
class MergedTracklist(Tracklist):
    """A performance. ``url``, ``site``, ``source_id`` and the parser are those of the source that has the list."""

    merged_from: list[str]
    """All sources, the one with the list first."""
    sources_of: dict[str, str]
    """A field of `OF_SET` → its source."""
    conflicts: list[Conflict]


SET_COLUMNS: Final = ("merged_from", *(f"{name}_from" for name in OF_SET), "conflicts")
"""The columns that a table of merged sets has besides those of all sets …"""
ROW_COLUMNS: Final = tuple(f"{name}_from" for name in OF_ROW)
"""… and one of their rows."""


def set_values(found: Tracklist) -> list[Any]:
    """Return the values of `SET_COLUMNS`, conflicts in words; of a set that is not merged, none."""
    if not isinstance(found, MergedTracklist):
        return []
    sources = map(found.sources_of.get, OF_SET)
    return [found.merged_from, *sources, [conflict.text for conflict in found.conflicts]]


def row_values(track: Track) -> list[str | None]:
    """Return the values of `ROW_COLUMNS`; of a row that is not merged, none."""
    return list(map(track.sources_of.get, OF_ROW)) if isinstance(track, MergedTrack) else []


def peeked(sets: Iterable[Tracklist]) -> tuple[bool, Iterator[Tracklist]]:
    """Return whether sets are merged, which the first of them says, and the sets."""
    rest = iter(sets)
    first = list(islice(rest, 1))
    return isinstance(next(iter(first), None), MergedTracklist), chain(first, rest)
