"""The cron grammar: crontab(5) of Debian's cron, for lines that `cronsim` runs.

`cronsim` checks numbers, names and ranges. It also accepts what other programs have added, which is refused here: ``L``, ``W``,
``#``, seconds, a step after a single number.
"""

from __future__ import annotations

import re
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
_FIELDS: Final = ("minute", "hour", "day", "month", "weekday")
_VALUE: Final = "[0-9]+|[A-Za-z]{3}"
_TERM = re.compile(rf"(?:\*|[0-9]+-[0-9]+|[A-Za-z]{{3}}-[A-Za-z]{{3}})(?:/[0-9]+)?|{_VALUE}")
_ONE_VALUE = re.compile(r"\b0*(\w+)-0*\1/[0-9]*[1-9][0-9]*\b", re.IGNORECASE)
"""A range of one value with a step: `cronsim` reads it as a range to the end."""


def plain(line: str) -> str:
    """Return a line as five fields for `cronsim`; ValueError names a field that is not cron's."""
    text = line.strip()
    if text.startswith("@") and text not in WORDS:
        raise ValueError(f"cron {line[:100]!r} is no word of cron; use {', '.join(WORDS)}, in small letters")
    fields = WORDS.get(text, text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"cron {line[:100]!r} has {len(fields)} fields; write five: {' '.join(_FIELDS)}")
    for name, field in zip(_FIELDS, fields, strict=True):
        for term in field.split(","):
            if not _TERM.fullmatch(term):
                raise ValueError(
                    f"cron {line[:100]!r} has a bad {name}: {term!r}; write *, 5, 1-5, */2 or 1-9/2"
                )
    return _ONE_VALUE.sub(r"\1", " ".join(fields))
