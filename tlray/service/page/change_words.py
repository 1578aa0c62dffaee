"""The changes of a set as a list in words, by the version that brought them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from tlray.core.catalogue.changes import ChangeKind
from tlray.core.model.durations import as_clock
from tlray.service.page.comparison import OF_TIMES, word_of
from tlray.service.page.timeline import name_of

OF_NAMES: Final = frozenset({ChangeKind.REVEALED, ChangeKind.HIDDEN, ChangeKind.RENAMED})
BOTH: Final = frozenset({ChangeKind.ADDED, ChangeKind.REMOVED})
"""Changes that say all by the row's name."""


class Told(NamedTuple):
    """A change in words."""

    kind: str
    word: str
    row: str
    """``row 4: Artist – Title``; "" for a change of the set."""
    before: str
    after: str


class OfVersion(NamedTuple):
    """The changes that a version brought."""

    batch_id: str
    changed_at: str | None
    changes: list[Told]


def by_version(changes: Sequence[Mapping[str, Any]]) -> list[OfVersion]:
    """Return changes, which come the newest first, by version; those of a version are in their order again."""
    groups: dict[tuple[Any, ...], OfVersion] = {}
    for change in changes:
        key = (change["batch_id"], change["changed_at"], change["parser"])
        group = groups.setdefault(key, OfVersion(change["batch_id"], change["changed_at"], []))
        group.changes.insert(0, _told(change))
    return list(groups.values())


def _told(change: Mapping[str, Any]) -> Told:
    kind = ChangeKind(change["kind"])
    index = change["index"] or change["index_before"]
    row = f"row {index}: {name_of(change)}" if index else ""
    ends = ("", "") if kind in BOTH else (_shown(kind, change["before"]), _shown(kind, change["after"]))
    if kind in OF_NAMES:  # the row's name is the one after the change
        ends = (ends[0], "")
    return Told(kind.value, word_of(kind), row, *ends)


def _shown(kind: ChangeKind, value: str | None) -> str:
    if not value or value == " - ":
        return "ID – ID" if kind in OF_NAMES else "none"
    return time_of(value) if kind in OF_TIMES else value


def time_of(seconds: str) -> str:
    """Return seconds in text as a clock; any other text as it is."""
    try:
        return as_clock(float(seconds))
    except (ValueError, OverflowError):
        return seconds
