"""Lines of a text made ready: several tracks on one line taken apart, wrapped lines joined, numbers and times told apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from tlray.sites.text.cues import inline
from tlray.sites.text.enumeration import plain_rows
from tlray.sites.text.lines import Kind, Line, lex, unmark
from tlray.sites.text.names import is_unknown
from tlray.sites.text.numbering import as_minutes, counted, minutes
from tlray.sites.text.separators import Separator, is_loose, split

_MIN_ON_ONE_LINE = 4
_NUMBERS = re.compile(r"(?:(?<=\s)|^|(?<=[,;|/)]))\(?(\d{1,3})[.)](?=\s*\S)[ ]*")
_BRACKETED = re.compile(r"[\[(](\d{1,3})[\])]")
_DOTTED = re.compile(r"^[^\w\n]{0,4}(\d{1,3})\.([0-5]\d)(?:\.[0-5]\d)?[\s\])]")
_OPEN_END = re.compile(r"(?:,|\s&|\s(?:feat|ft|vs)\.?|\s[-–—])$", re.IGNORECASE)
_NEAR = 12


def lines_on_one(raw: str) -> list[str]:
    """Split one line on which several tracks stand, each behind its number or time; else return it as it is."""
    if len(raw) < 40:
        return [raw]
    for places in (_counting(raw), _rising(raw)):
        if len(places) < _MIN_ON_ONE_LINE:
            continue
        pieces = [raw[a:b].strip(" ,;|/") for a, b in zip(places, [*places[1:], len(raw)], strict=True)]
        named = [lex(piece) for piece in pieces]
        good = sum(_is_named(line.body) for line in named)
        if good * 10 >= len(pieces) * 7 and max(map(len, pieces)) <= 200:
            before = raw[: places[0]].strip()
            return [before, *pieces] if before else pieces
    return [raw]


def _is_named(body: str) -> bool:
    return (
        is_unknown(body)
        or is_loose(body, Separator.DASH)
        or (split(body, Separator.TIGHT) is not None and len(body) < 100)
    )


def _counting(raw: str) -> list[int]:
    places: list[int] = []
    for m in _NUMBERS.finditer(raw):
        if int(m[1]) == len(places) + 1:
            places.append(m.start())
    return places


def _rising(raw: str) -> list[int]:
    """Return where the times of one line stand, if they begin at the start and never fall."""
    for found in ([(int(m[1]), m.start()) for m in _BRACKETED.finditer(raw)], _times(raw)):
        values = [value for value, _ in found]
        if (
            len(values) >= _MIN_ON_ONE_LINE
            and values[0] <= 1
            and all(a <= b for a, b in itertools.pairwise(values))
        ):
            return [at for _, at in found]
    return []


def _times(raw: str) -> list[tuple[int, int]]:
    found = []
    for start, end in inline(raw):
        value = 0
        for part in re.findall(r"\d+", raw[start:end])[:3]:
            value = value * 60 + int(part)
        found.append((value, start - (raw[start - 1 : start] in ("[", "("))))
    return found


def prepared(raws: Sequence[str], *, is_list: bool = False, minutes_in_brackets: bool = False) -> list[Line]:
    """Take all lines apart and say which of their numbers count, and which of their times are times.

    ``is_list``: all of it is one list. ``minutes_in_brackets``: ``[07]`` is a time.
    """
    raws = plain_rows(raws)
    raws = _joined([piece for raw in raws for piece in lines_on_one(raw)])
    lines = _lexed(raws)
    numbers = counted(lines)
    timed = minutes(lines, numbers, always=minutes_in_brackets)
    for at, line in enumerate(lines):
        if at in timed:
            as_minutes(line)
        elif line.number is not None and at not in numbers:
            if line.lead is None:
                unmark(line)
            line.number, line.body = None, line.numbered_body
    if not is_list:
        _keep_times_in_company(lines)
    return lines


def _lexed(raws: Sequence[str]) -> list[Line]:
    dotted = _are_dotted([raw for raw in raws if raw])
    return [lex(raw, at, dotted=dotted) for at, raw in enumerate(raws)]


def _are_dotted(raws: Sequence[str]) -> bool:
    """True if times are written ``4.30``, which dates and decimals are, too: they begin at the start and seconds go past 31."""
    found = [(int(m[1]), int(m[2])) for raw in raws if (m := _DOTTED.match(raw))]
    if len(found) < 3 or len(found) * 4 < len(raws):
        return False
    return found[0][0] <= 1 and max(second for _, second in found) > 31 and found == sorted(found)


def _keep_times_in_company(lines: Sequence[Line]) -> None:
    """Let a time that stands alone be text: ``2:54 - Sugar`` in a list without times, ``25:00 is X - Y`` in prose."""
    timed = [at for at, line in enumerate(lines) if line.lead]
    for order, at in enumerate(timed):
        near = [other for other in timed[max(0, order - 2) : order + 3] if abs(other - at) <= _NEAR]
        line = lines[at]
        if len(near) < 2 and line.number is None:
            unmark(line)


def _joined(raws: Sequence[str]) -> list[str]:
    """Join lines that belong together: a number or time alone with the line below, artists that go on in the next line."""
    joined: list[str] = []
    wanting = False
    for raw in raws:
        if wanting and joined and raw:
            last = joined[-1]
            if not _begins_marked(raw) and len(last) + len(raw) < 300:
                joined[-1] = f"{last} {raw}"
                joined.append("")  # so that line numbers stay
                wanting = False
                continue
        joined.append(raw)
        wanting = _wants_more(raw)
    return joined


def _wants_more(raw: str) -> bool:
    if (
        not raw
        or len(raw) > 200
        or (len(raw) > 16 and raw[-1] not in ",&.-–—tsTS")
        or not any(char.isalnum() for char in raw)
    ):
        return False
    line = lex(raw)
    if line.lead is not None or line.number is not None:
        return not line.body or _is_open(line.body)
    return _is_open(raw) and len(raw.split()) <= 12 and line.kind is Kind.OTHER


def _is_open(body: str) -> bool:
    """True if a list of artists goes on in the next line."""
    found = _OPEN_END.search(body)
    return found is not None and not is_loose(body[: found.start()], Separator.DASH)


def _begins_marked(raw: str) -> bool:
    line = lex(raw)
    return line.lead is not None or line.number is not None or line.kind is not Kind.OTHER or line.bulleted
