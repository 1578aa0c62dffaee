"""The lines of a list, read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_TEXT_KEPT = 200
"""Characters of a refused line that are kept with its reason."""


class Entry(NamedTuple):
    """One line of a list that is a good URL; a tuple, because a long list is pickled in a third of the time."""

    line: int
    url: str
    domain: str
    fingerprint: str
    source: str | None = None
    """Of a file: where it is opened (`tlray.core.model.file_source`). It stays in the journal."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One line of a list that made no item: rejected, or a duplicate of ``first_line``."""

    line: int
    text: str
    reason: str
    first_line: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines of a list."""

    entries: list[Entry] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Iterable[Entry | RefusedLine]) -> Chunk:
        """Make a chunk of lines."""
        chunk = cls()
        for line in lines:
            if isinstance(line, Entry):
                chunk.entries.append(line)
            else:
                chunk.refused.append(line)
        return chunk
