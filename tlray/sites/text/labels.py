"""Labels and catalogue numbers at the end of a line: ``[Mupa - 002]``, ``(Label)``, `` - Label``, or bare words behind a bracket.

A square bracket is a label unless it says which version it is. The other ways count only where most lines of a list have them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tlray.sites.text.separators import Separator, is_loose, segments
from tlray.sites.text.wording import VERSION


class Released(NamedTuple):
    """A title, and where it was released."""

    title: str
    labels: list[str]
    catalogue_number: str | None


class LabelHabit(NamedTuple):
    """The notation of labels in a list, besides square brackets."""

    in_brackets: bool = False
    """``Title (Label)``."""
    behind_dash: bool = False
    """``Artist - Title - Label``."""
    behind_version: bool = False
    """``Title (Original Mix) Label``."""
    in_column: bool = False
    """``Artist - Title // Label``, ``Artist <TAB> Title <TAB> Label``."""
    in_square: bool = True
    """``Title [Label]``: so unless very few lines of a list have it."""
    known: frozenset[str] = frozenset()
    """Labels that stand bare behind a version somewhere in the list."""


_CATALOGUE = re.compile(
    r"(?=[^a-z]{0,24}\d)(?=.{2,24}$)[A-Z0-9][A-Z0-9._/ #-]*[A-Za-z]{0,3}|[A-Za-z]{1,12}[ .-]?\d{1,6}[A-Za-z]{0,3}|\d{1,6}"
)
_JOINED_CATALOGUE = re.compile(r"[A-Z]{2,10}[ .-]?\d{2,5}[A-Z]{0,3}")
_YEAR = re.compile(r"[\s,/-]+(?:19|20)\d\d$")
_NO_LABEL = re.compile(r"(?:19|20)\d\d|\d{2,3}(?:[.,]\d)?\s?bpm|(?:1[0-2]|0?[1-9])[AB]", re.IGNORECASE)
"""A year, a tempo, a key: what else stands in brackets at the end of a line."""
_LABEL_WORD = re.compile(
    r"\b(?:records?|recordings?|recs?|music|rec\.|ltd\.?|limited|digital|label|productions?|white|tunes|audio|sounds?|trax)\b",
    re.IGNORECASE,
)
_BEHIND_VERSION = re.compile(r"\)\s+(?![-–—/|~&+])(?P<label>[^()\[\]]{2,60}?)\s*\)?$")
_IN_BRACKETS = re.compile(r"\((?P<label>[^()]{1,60})\)$")
_IN_COLUMN = re.compile(r"\s*(?:\s/{1,2}\s|\s\|{1,2}\s|\s[•·~]\s|\t)\s*(?P<label>[^/|•·~\t]{1,60})$")
_MIN_LINES = 3
_MIN_TO_JUDGE = 8


def habit_of(bodies: Sequence[str], separator: Separator | None) -> LabelHabit:
    """Find out how most lines of a list write labels."""
    if separator is Separator.BY:
        return LabelHabit()
    bare = [_cut_square(body)[0] for body in bodies if body]
    n = len(bare)
    if n < _MIN_LINES:
        return LabelHabit()
    behind = [
        m["label"] for body in bare if (m := _BEHIND_VERSION.search(body)) and not VERSION.search(m["label"])
    ]
    versioned = sum(body.rfind(")") > 0 for body in bare)
    in_brackets = sum(
        bool((m := _IN_BRACKETS.search(body)) and not _is_no_label(m["label"])) for body in bare
    )
    three = (
        [parts for body in bare if len(parts := segments(body)) == 3] if separator is Separator.DASH else []
    )
    labelled = len(
        {parts[2] for parts in three if _LABEL_WORD.search(parts[2]) and not VERSION.search(parts[2])}
    )
    columned = sum(
        bool((m := _IN_COLUMN.search(body)) and _has_both(body[: m.start()], separator)) for body in bare
    )
    squared = sum(bool(_cut_square(body)[1]) for body in bodies)
    return LabelHabit(
        in_column=columned * 10 >= n * 7,
        in_square=squared >= max(2, n * 0.15) or n < _MIN_TO_JUDGE,
        in_brackets=in_brackets * 10 >= n * 7,
        behind_dash=len(three) * 2 >= n or (labelled >= _MIN_LINES and labelled * 2 >= len(three)),
        behind_version=len(behind) >= _MIN_LINES and len(behind) * 2 >= versioned,
        known=frozenset(label for label, _ in Counter(behind).most_common(200))
        if len(behind) >= _MIN_LINES
        else frozenset(),
    )


def _is_no_label(text: str) -> bool:
    return bool(VERSION.search(text) or _NO_LABEL.fullmatch(text))


def _has_both(text: str, separator: Separator | None) -> bool:
    return separator is not None and is_loose(text, separator)


def released(title: str, habit: LabelHabit, *, only_labels: bool = False) -> Released:
    """Take labels and number off the end of a title; ``only_labels``: every square bracket at the end is a label."""
    rest, label = _cut_square(title, only_labels=only_labels)
    if label and not habit.in_square and not _LABEL_WORD.search(label):
        rest, label = title, ""
    if not label and habit.behind_dash and len(parts := segments(rest)) > 2 and not VERSION.search(parts[-1]):
        return _read(" - ".join(parts[:-1]), parts[-1], split_number=False)
    if not label and habit.in_column and (m := _IN_COLUMN.search(rest)):
        return _read(rest[: m.start()], m["label"])
    if not label and habit.behind_version:
        if (m := _BEHIND_VERSION.search(rest)) and not VERSION.search(m["label"]):
            rest, label = rest[: m.start() + 1], m["label"]
        else:
            label = next((known for known in habit.known if rest.endswith(f" {known}")), "")
            rest = rest[: len(rest) - len(label)].strip() if label else rest
    if (
        not label
        and habit.in_brackets
        and (m := _IN_BRACKETS.search(rest))
        and m.start()
        and not _is_no_label(m["label"])
    ):
        rest, label = rest[: m.start()].strip(), m["label"]
    return _read(rest, label)


def _cut_square(text: str, *, only_labels: bool = False) -> tuple[str, str]:
    """Return ``text`` without the square bracket at its end, and what is in it; brackets in it count."""
    text = text.rstrip()
    if not text.endswith("]"):
        return text, ""
    depth = 0
    for at in range(len(text) - 1, max(-1, len(text) - 200), -1):
        depth += (text[at] == "]") - (text[at] == "[")
        if depth == 0:
            inside = text[at + 1 : -1].strip()
            if (
                text[:at].rstrip()[-1:] in "-–—"
                or not inside
                or (not only_labels and _is_no_label(inside) and not _LABEL_WORD.search(inside))
            ):
                return text, ""
            return text[:at].strip(), inside
    return text, ""


def _read(title: str, label: str, *, split_number: bool = True) -> Released:
    label = _YEAR.sub("", label.strip(" -–|,"))
    if not label:
        return Released(title, [], None)
    number = None
    parts = re.split(r"\s+[-–—|:]\s+|\s*[|•]\s*", label)
    if len(parts) > 1 and _CATALOGUE.fullmatch(parts[-1]):
        number, label = parts[-1], " - ".join(parts[:-1])
    elif split_number and " " in label and (m := _JOINED_CATALOGUE.fullmatch(label.rsplit(" ", 1)[1])):
        number, label = m[0], label.rsplit(" ", 1)[0].rstrip(" -–,|:")
    return Released(
        title,
        [name for part in re.split(r"\s+/\s+|(?<=\w\w)/(?=\w\w)", label) if (name := part.strip())],
        number,
    )
