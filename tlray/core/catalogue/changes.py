"""The changes between two versions of a set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tlray.core.catalogue.matching import Matching, match
from tlray.core.catalogue.version import Row, Version

SAME_S: Final = 0.05
"""Two cues that differ by less are one."""


class ChangeKind(StrEnum):
    """The kind of a change. The first ones are of a row, the last ones of the set."""

    ADDED = "added"
    """A row is new."""
    REMOVED = "removed"
    MOVED = "moved"
    """A row has another place in the order of the others."""
    REVEALED = "revealed"
    """An unknown track has a name, or more of one."""
    HIDDEN = "hidden"
    """A track that had a name is unknown."""
    RENAMED = "renamed"
    """Another spelling, or a correction."""
    CUE_SET = "cue_set"
    """A row has a start time, which it had not."""
    CUE_CORRECTED = "cue_corrected"
    CUE_REMOVED = "cue_removed"
    LABELS = "labels"
    SET_TITLE = "set_title"
    SET_DATE = "set_date"
    SET_DJS = "set_djs"


class Cause(StrEnum):
    """The origin of a change."""

    SOURCE = "source"
    """The source: both versions were read by the same parser."""
    PARSER = "parser"
    """Another parser: both versions are of the same fetch of the page."""
    EITHER = "either"
    """Another parser has read another fetch of the page."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change."""

    kind: ChangeKind
    index_before: int | None = None
    """The row's number in the older version, from 1; None for an added row, and for the set."""
    index: int | None = None
    """The row's number in the newer version; None for a removed row, and for the set."""
    artist: str = ""
    title: str = ""
    """The track, as the newer version has it; a removed one as the older had it."""
    cue_s: float | None = None
    """The row's start time, from the same version as its name."""
    before: str | None = None
    after: str | None = None
    """What changed: a name, seconds, labels separated by ``/``, the place of a row."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A row of two versions, and what changed in it."""

    index_before: int | None
    """The row's number in the older version, from 1; None for an added row."""
    index: int | None
    """The row's number in the newer version; None for a removed row."""
    changes: tuple[Change, ...]


def cause_of(old: Version, new: Version) -> Cause:
    """Return the origin of the changes between two versions."""
    if old.parser == new.parser:
        return Cause.SOURCE
    is_same_fetch = old.fetched_at is not None and old.fetched_at == new.fetched_at
    return Cause.PARSER if is_same_fetch else Cause.EITHER


def compare(old: Version, new: Version) -> list[Change]:
    """Return what changed, in the order of the newer version: first the set, then its rows, then the rows that are gone."""
    of_rows = () if old.rows == new.rows else _of_rows(old.rows, new.rows, match(old.rows, new.rows))
    return [*changes_of_set(old, new), *of_rows]


def compare_rows(old: Sequence[Row], new: Sequence[Row]) -> list[ComparedRow]:
    """Return the rows of two versions as one list, in the order of the newer one.

    A removed row follows the row that it followed before, the last one that is still there and has not moved.
    """
    matching = match(old, new)
    changes = defaultdict[tuple[int | None, int | None], list[Change]](list)
    for change in _of_rows(old, new, matching):
        changes[change.index_before, change.index].append(change)
    partner = {j: i for i, j in matching.pairs}
    stays = {i for i, j in matching.pairs if (i, j) not in matching.moved}
    removed_behind, last = defaultdict[int, list[int]](list), -1
    for i in range(len(old)):
        if i in stays:
            last = i
        elif (i + 1, None) in changes:
            removed_behind[last].append(i)
    places: list[tuple[int | None, int | None]] = [(i + 1, None) for i in removed_behind[-1]]
    for j in range(len(new)):
        i_before = partner.get(j)
        places.append((None if i_before is None else i_before + 1, j + 1))
        if i_before is not None:
            places += [(i + 1, None) for i in removed_behind[i_before]]
    return [ComparedRow(*place, tuple(changes.get(place, ()))) for place in places]


def changes_of_set(old: Version, new: Version) -> Iterator[Change]:
    """Yield what changed in the set itself: title, date, DJs."""
    for kind, before, after in (
        (ChangeKind.SET_TITLE, old.title, new.title),
        (ChangeKind.SET_DATE, old.date, new.date),
        (ChangeKind.SET_DJS, "/".join(old.djs), "/".join(new.djs)),
    ):
        if before != after:
            yield Change(kind, before=before, after=after)


def _of_rows(old: Sequence[Row], new: Sequence[Row], matching: Matching) -> Iterator[Change]:
    partner = {j: i for i, j in matching.pairs}
    for j, row in enumerate(new):
        i = partner.get(j)
        if i is None:
            yield Change(ChangeKind.ADDED, None, j + 1, row.artist, row.title, row.cue_s, after=row.name)
            continue
        if (i, j) in matching.moved:
            yield _of_row(ChangeKind.MOVED, i, j, row, str(i + 1), str(j + 1))
        yield from _of_pair(i, old[i], j, row)
    for i in sorted(set(range(len(old))) - set(partner.values())):
        row = old[i]
        yield Change(ChangeKind.REMOVED, i + 1, None, row.artist, row.title, row.cue_s, before=row.name)


def _of_row(kind: ChangeKind, i: int, j: int, row: Row, before: str | None, after: str | None) -> Change:
    return Change(kind, i + 1, j + 1, row.artist, row.title, row.cue_s, before, after)


def _of_pair(i: int, old: Row, j: int, new: Row) -> Iterator[Change]:
    """Yield the changes of one row."""
    if (old.artist, old.title, old.identity) != (new.artist, new.title, new.identity):
        yield _of_row(_of_name(old, new), i, j, new, old.name, new.name)
    if (kind := _of_cue(old, new)) is not None:
        yield _of_row(kind, i, j, new, _seconds(old.cue_s), _seconds(new.cue_s))
    if set(old.labels) != set(new.labels):
        yield _of_row(ChangeKind.LABELS, i, j, new, "/".join(old.labels), "/".join(new.labels))


_KNOWLEDGE: Final = {"id": 0, "id_title": 1, "id_remix": 2, "identified": 3}


def _of_name(old: Row, new: Row) -> ChangeKind:
    more = _KNOWLEDGE.get(new.identity, 0) - _KNOWLEDGE.get(old.identity, 0)
    if more == 0:
        return ChangeKind.RENAMED
    return ChangeKind.REVEALED if more > 0 else ChangeKind.HIDDEN


def _of_cue(old: Row, new: Row) -> ChangeKind | None:
    if (old.cue_s, old.cue_precision) == (new.cue_s, new.cue_precision):
        return None
    if old.cue_s is None or new.cue_s is None:
        return ChangeKind.CUE_SET if old.cue_s is None else ChangeKind.CUE_REMOVED
    is_same = abs(old.cue_s - new.cue_s) < SAME_S and old.cue_precision == new.cue_precision
    return None if is_same else ChangeKind.CUE_CORRECTED


def _seconds(cue_s: float | None) -> str | None:
    return None if cue_s is None else str(round(cue_s, 3)).removesuffix(".0")
