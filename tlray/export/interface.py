"""What is a format? The shapes that every format file keeps and every caller sees.

A format offers one or both of two functions, and both are lazy, so that a million sets pass
through in constant memory:

``per_set``   one set → its files (`Piece`), or why it has none (`LeftOut`)
``together``  all sets → the bytes of one file

A format with neither is binary and written by ``io/`` (Parquet, which needs pyarrow).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tlray.export.options import Options
from tlray.model import Tracklist


class Holds(StrEnum):
    """What one file of a format can hold."""

    SETS = "any number of sets"
    SET = "one set"
    RECORDING = "one recording of a set"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of one set, still without a name."""

    chunks: Iterable[bytes]
    label: str = ""
    """What tells it from the set's other files: ``recording 2``, ``part 1 of 2``; "" for an only one."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A set, or one recording of it, of which a format can say nothing."""

    title: str
    source_id: str | None
    why: str
    """A few words: ``no row has a cue``."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file, named; its name is safe on every system and never used twice in one export."""

    name: str
    chunks: Iterable[bytes]


PerSet = Callable[[Tracklist, Options], Iterator[Piece | LeftOut]]
Together = Callable[[Iterable[Tracklist], Options], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write sets down."""

    name: str
    suffix: str
    """With its dot: ``.cue``."""
    about: str
    """What it is, in one line."""
    holds: Holds
    content_type: str
    per_set: PerSet | None = None
    together: Together | None = None

    @property
    def is_binary(self) -> bool:
        """Whether ``io/`` writes it, since the pure functions here cannot."""
        return self.per_set is None and self.together is None
