"""Leading numbers of a text that count tracks: those that go up by one. All others are part of a name, or times in minutes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from tlray.sites.text.cues import Cue, Form
from tlray.sites.text.lines import Line

MAX_GAP = 12
"""Lines between two numbers that count on: links, notes, tags."""
_MAX_SKIPPED = 3
_MIN_CHART = 5


def counted(lines: Sequence[Line]) -> set[int]:
    """Return the indexes of lines whose number counts the tracks of a list; lists restart at 1 and may go on after a heading."""
    found: set[int] = set()
    for chain in _chains(lines):
        if len(chain) >= 3 or (
            len(chain) == 2 and lines[chain[0]].number_style not in ("blank", "none", "()")
        ):
            found.update(chain)
    return found or _counted_down(lines)


def _counted_down(lines: Sequence[Line]) -> set[int]:
    """Return the lines of a chart, which counts from its length down to 1."""
    numbered = [
        at
        for at, line in enumerate(lines)
        if line.number is not None and line.number_style not in ("blank", "dash")
    ]
    values = [lines[at].number or 0 for at in numbered]
    falls = len(values) >= _MIN_CHART and values == list(range(len(values), 0, -1))
    return set(numbered) if falls else set()


def _chains(lines: Sequence[Line]) -> list[list[int]]:
    chains: list[list[int]] = []
    open_chain: list[int] = []
    for at, line in enumerate(lines):
        if line.number is None:
            continue
        if open_chain and _goes_on(lines[open_chain[-1]], line, len(open_chain)):
            open_chain.append(at)
        elif line.number <= 1 or (not open_chain and _may_open(line)):
            open_chain = [at]
            chains.append(open_chain)
    return chains


def _may_open(line: Line) -> bool:
    """True if numbers may begin at this one although it is not the first; a day with its month does not."""
    return line.number_style not in ("blank", "dash") and not re.match(r"\d\d\b", line.body)


def _goes_on(last: Line, line: Line, n_before: int) -> bool:
    step, gap = (line.number or 0) - (last.number or 0), line.at - last.at
    if step == 1:
        return gap <= MAX_GAP
    # a number was forgotten, or stands twice
    surely = n_before >= 3 or (step == 2 and line.number_style in ("dot", "colon"))
    return surely and 0 <= step <= _MAX_SKIPPED and gap <= 3 and line.number_style == last.number_style


def minutes(lines: Sequence[Line], numbers: set[int], *, always: bool) -> set[int]:
    """Return the indexes of lines whose number is a time in minutes: ``(00)``, ``(02)``, ``(05)``.

    ``always``: each number in square brackets is one, as on MixesDB. Else they start at 0 or 1, never fall, and do not
    count by one.
    """
    found = {at for at, line in enumerate(lines) if always and line.number_style == "[]"}
    for style in ("[]", "()", "blank", "dot", "dash", "colon"):
        if always and style == "[]":
            continue
        those = [
            at
            for at, line in enumerate(lines)
            if line.number is not None and line.number_style == style and line.lead is None
        ]
        if len(those) < 4 or len(numbers.intersection(those)) * 2 > len(those):
            continue
        values = [lines[at].number or 0 for at in those]
        steps = [b - a for a, b in itertools.pairwise(values)]
        if (
            values[0] <= 1
            and min(steps) >= 0
            and sum(step > 1 for step in steps) * 2 > len(steps)
            and max(steps) <= 60
        ):
            found.update(those)
    return found


def as_minutes(line: Line) -> None:
    """Make a line's number its time."""
    digits = found[0] if (found := re.search(r"\d+", line.raw)) else ""
    printed = {"[]": f"[{digits}]", "()": f"({digits})"}.get(line.number_style, digits)
    line.lead = Cue(printed, Form.MINUTES, (line.number or 0,), first_digits=len(digits))
    line.number, line.numbered_body = None, line.body
