"""Two versions of a set as one table: which rows came, went and moved, which tracks were named, which times were corrected.

The core decides which rows are the same one and what changed (`tlray.core.catalogue.changes`); this puts it into words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tlray.core.catalogue.changes import Cause, Change, ChangeKind, cause_of, changes_of_set, compare_rows
from tlray.core.catalogue.version import Row, Version
from tlray.service.page.timeline import name_of, table_of

K = ChangeKind
COUNTED: Final = {
    K.ADDED: ("row added", "rows added"),
    K.REMOVED: ("row removed", "rows removed"),
    K.REVEALED: ("ID named", "IDs named"),
    K.HIDDEN: ("name withdrawn", "names withdrawn"),
    K.RENAMED: ("row renamed", "rows renamed"),
    K.MOVED: ("row moved", "rows moved"),
    K.CUE_SET: ("time set", "times set"),
    K.CUE_CORRECTED: ("time corrected", "times corrected"),
    K.CUE_REMOVED: ("time removed", "times removed"),
    K.LABELS: ("label changed", "labels changed"),
    K.SET_TITLE: ("title changed", "titles changed"),
    K.SET_DATE: ("date changed", "dates changed"),
    K.SET_DJS: ("DJs changed", "DJs changed"),
}
"""Changes in words: one, several; in the order in which they are told."""
GLYPHS: Final = {K.ADDED: "+", K.REMOVED: "−", K.MOVED: "↕", K.REVEALED: "?", K.HIDDEN: "?"}
OF_TIMES: Final = frozenset({K.CUE_SET, K.CUE_CORRECTED, K.CUE_REMOVED})
TIME_GLYPH: Final = "◷"
OTHER_GLYPH: Final = "≠"
CAUSES: Final = {
    Cause.SOURCE: "",
    Cause.PARSER: "Another version of the parser has read the same fetch of the page: the site has changed nothing.",
    Cause.EITHER: "Another version of the parser has read another fetch of the page: either may have made the changes.",
}


@dataclass(frozen=True, slots=True)
class Note:
    """A change of a row in words."""

    kind: str
    glyph: str
    word: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """A line of the table."""

    row: Mapping[str, Any]
    """The track as the newer version has it; a removed one as the older had it."""
    kind: str
    """``added``, ``removed``, ``changed`` or ``same``."""
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of a set, compared."""

    lines: tuple[ComparedLine, ...]
    of_set: tuple[Note, ...]
    summary: str
    """The changes counted, in words; "" where nothing has changed."""
    cause: str
    """A sentence, where not the site alone has made the changes."""
    n_fewer: int
    """Rows that the newer version has less."""


def compared(old: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
    """Return the comparison of two versions, each a set as the API's JSON has it."""
    before, after = version_of(old), version_of(new)
    olds, news = (table_of(one["tracks"], one["duration_s"]) for one in (old, new))
    lines = []
    changes: list[Change] = list(changes_of_set(before, after))
    of_set = tuple(
        Note(change.kind, OTHER_GLYPH, COUNTED[change.kind][0], change.before or "", change.after or "")
        for change in changes
    )
    for pair in compare_rows(before.rows, after.rows):
        changes += pair.changes
        was = {} if pair.index_before is None else olds[pair.index_before - 1]
        row = was if pair.index is None else news[pair.index - 1]
        kind = "changed" if pair.changes else "same"
        if pair.index is None or pair.index_before is None:
            kind = "removed" if pair.index is None else "added"
        lines.append(ComparedLine(row, kind, tuple(_note(change, was, row) for change in pair.changes)))
    counts = Counter(change.kind.value for change in changes)
    cause = CAUSES[cause_of(before, after)] if counts else ""
    return Comparison(tuple(lines), of_set, in_words(counts), cause, max(0, len(olds) - len(news)))


def version_of(shape: Mapping[str, Any]) -> Version:
    """Return a set as the core compares it."""
    at = shape["fetched_at"]
    return Version(
        shape["title"], shape["date"], shape["djs"], shape["parser"],
        None if at is None else datetime.fromisoformat(at).timestamp(),
        [
            Row(t["artist"], t["title"], t["identity"], t["cue_s"], t["cue_precision"], t["labels"], t["track_id"])
            for t in shape["tracks"]
        ],
    )  # fmt: skip


def word_of(kind: ChangeKind) -> str:
    """Return a change in words, beside the row that it is of: ``added``, ``ID named``."""
    return COUNTED[kind][0].removeprefix("row ")


def in_words(counts: Mapping[str, int], *, most: int = len(COUNTED)) -> str:
    """Return changes by kind in words: ``2 rows added, 1 ID named``; ``most``: of so many kinds."""
    told = [(counts.get(kind.value, 0), *words) for kind, words in COUNTED.items()]
    words = [f"{n:,} {one if n == 1 else many}" for n, one, many in told if n]
    return ", ".join(words[:most]) + (" …" if len(words) > most else "")


def _note(change: Change, was: Mapping[str, Any], row: Mapping[str, Any]) -> Note:
    kind = change.kind
    word = word_of(kind)
    if kind in OF_TIMES:
        return Note(kind, TIME_GLYPH, word, _time(was), _time(row))
    glyph = GLYPHS.get(kind, OTHER_GLYPH)
    if kind is K.MOVED:
        return Note(kind, glyph, word, f"was {_place(was)}")
    if kind is K.LABELS:
        return Note(kind, glyph, word, *(", ".join(one["labels"]) or "none" for one in (was, row)))
    if kind in (K.ADDED, K.REMOVED):
        return Note(kind, glyph, word)
    return Note(kind, glyph, word, name_of(was))


def _time(row: Mapping[str, Any]) -> str:
    return f"{row['time']} {row['mark']}".strip()


def _place(row: Mapping[str, Any]) -> str:
    return f"no. {row['number']}" if row["number"] is not None else f"row {row['index']}"
