"""Is a line one of cron's? What crontab(5) of Debian's cron describes, and nothing that other programs have added to it.

Five fields, each of which is a list, with commas: ``*``, numbers, ranges (``1-5``), and steps after ``*`` or a range (``*/15``,
``8-18/2``). Months and weekdays have names of three letters, in any case. Or one of `WORDS`, in small letters. Others' are ``L``,
``W``, ``?``, ``#``, seconds, a range that goes over the end (``FRI-MON``), a step after a single number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

WORDS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_TERM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    """Of its numbers, from the first on."""

    def number(self, text: str) -> int:
        """Return the number that a text says or names."""
        if text.upper() in self.names:
            return self.first + self.names.index(text.upper())
        if not text.isdigit() or not self.first <= int(text) <= self.last:
            named = f", nor a name such as {self.names[0]}" if self.names else ""
            raise ValueError(f"{text!r} is no number from {self.first} to {self.last}{named}")
        return int(text)


FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


def plain(line: str) -> str:
    """Return a line as five fields without words, names and steps of ranges; ValueError says which field is none of cron's."""
    said = line.strip()
    if said.startswith("@") and said not in WORDS:
        raise ValueError(
            f"cron {line[:100]!r} is no word of cron's; there are {', '.join(WORDS)}, in small letters"
        )
    fields = WORDS.get(said, said).split()
    if len(fields) != len(FIELDS):
        raise ValueError(
            f"cron {line[:100]!r} has {len(fields)} fields; write five: minute hour day month weekday"
        )
    found = []
    for field, text in zip(FIELDS, fields, strict=True):
        try:
            found.append(",".join(_term(field, term) for term in text.split(",")))
        except ValueError as error:
            raise ValueError(f"cron {line[:100]!r} has a bad {field.name}: {error}") from None
    return " ".join(found)


def _term(field: _Field, text: str) -> str:
    match = _TERM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is neither * nor {field.first}, {field.first}-{field.last} or */2")
    step = None if match["step"] is None else int(match["step"])
    if step == 0:
        raise ValueError(f"{text!r} has a step of 0")
    if match["first"] is None:
        return text
    first = field.number(match["first"])
    if match["last"] is None:
        if step is not None:
            raise ValueError(f"{text!r}: a step follows * or a range; write {first}-{field.last}/{step}")
        return str(first)
    last = field.number(match["last"])
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    return ",".join(map(str, range(first, last + 1, step or 1)))
