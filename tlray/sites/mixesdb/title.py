"""Titles of mixes: ``2024-10-12 - Artists - Show``, ``… - Artists @ Venue, City (Show 123, 2024-10-13)``, and its categories."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

_TITLE = re.compile(r"(?P<date>\d{4}(?:-\d\d){0,2}) - (?P<rest>\S.*)", re.DOTALL)
_BROADCAST = re.compile(r"\s*\((?P<show>[^()]{2,200}?)(?:,?\s*\d{4}(?:-\d\d){0,2})?\)\s*$")
_PART = re.compile(r"(?:part|pt\.?|cd|disc|side|hour)\s*\w{1,4}", re.IGNORECASE)
_BETWEEN = re.compile(r"(, | & | b2b | vs\.? | feat\.? | w/ | and | x )", re.IGNORECASE)
_SUFFIX = re.compile(r"\s*\([^()]*\)$")
"""``Residency (BBC Radio 1)`` is the category of a show whose title is ``Residency, BBC Radio 1``."""
_YEAR = re.compile(r"\d{4}s?|\d{4}-\d\d(?:-\d\d)?")


@dataclass(frozen=True, slots=True)
class Named:
    """What a title says."""

    date: date | None
    has_date: bool
    """False if it names a year or a month only."""
    djs: list[str]
    sources: list[str]
    is_live: bool


def read_title(title: str, categories: Sequence[str]) -> Named:
    """Read a title; the page's categories tell which names belong together (``Above & Beyond``)."""
    found = _TITLE.match(title)
    day = _day(found["date"]) if found else None
    rest = found["rest"] if found else title
    show = None
    if (broadcast := _BROADCAST.search(rest)) and not _PART.fullmatch(broadcast["show"]):
        rest, show = rest[: broadcast.start()], broadcast["show"]
    is_live = " @ " in rest
    artists, _, where = rest.partition(" @ " if is_live else " - ")
    sources = [name.strip() for name in (where, show) if name and name.strip()]
    return Named(day, found is None or day is not None, _djs(artists, set(categories)), sources, is_live)


def styles(categories: Sequence[str], named: str) -> list[str]:
    """Return the categories that are styles: neither year nor state, nor one that is ``named`` in the title or a chapter."""
    named = named.casefold()
    return [
        name
        for name in categories
        if not _YEAR.fullmatch(name) and ":" not in name and _SUFFIX.sub("", name).casefold() not in named
    ]


def _djs(text: str, known: Collection[str]) -> list[str]:
    """Split names; the longest run of them that is a category is one."""
    parts = _BETWEEN.split(text)
    names: list[str] = []
    at = 0
    while at < len(parts):
        ends = range(min(len(parts), at + 11), at, -2)
        end = next((end for end in ends if "".join(parts[at:end]).strip() in known), at + 1)
        names.append("".join(parts[at:end]).strip())
        at = end + 1
    return list(dict.fromkeys(name for name in names if name))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2024-10-12") else None
    except ValueError:
        return None
