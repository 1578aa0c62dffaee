"""Things of schema.org, whatever their syntax: types, values of properties, durations."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from tlray.sites.fields import clean
from tlray.sites.json_text import number, string

Thing = dict[str, Any]
"""A node: property → value, list of values, or node; ``@type`` is a name or a list of names."""

MAX_DEPTH = 24
MAX_THINGS = 20_000
_DURATION = re.compile(
    r"P?(?:(?P<d>\d{1,4})D)?T?(?:(?P<h>\d{1,4})H)?(?:(?P<m>\d{1,5})M)?(?:(?P<s>\d{1,6}(?:[.,]\d{1,9})?)S)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d\d)")


def things(data: Any) -> Iterator[Thing]:
    """Yield all nodes of a document, outer ones first."""
    level, n = [data], 0
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                if n >= MAX_THINGS:
                    return
                n += 1
                yield value
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
        level = deeper


def types_of(thing: Thing) -> frozenset[str]:
    """Return a node's types without their vocabulary."""
    return frozenset(re.split(r"[/#:]", name)[-1] for name in values(thing, "@type") if isinstance(name, str))


def values(thing: Thing, *names: str) -> list[Any]:
    """Return the values of the first property that has any."""
    for name in names:
        found = thing.get(name)
        if found not in (None, "", [], {}):
            return found if isinstance(found, list) else [found]
    return []


def text(thing: Thing, *names: str) -> str:
    """Return the first text of a property; of a node its name."""
    for value in values(thing, *names):
        if said := name_of(value):
            return said
    return ""


def name_of(value: Any) -> str:
    """Return a text on one line, or the name of a node; entities of HTML, which JSON-LD often holds, undone."""
    if isinstance(value, dict):
        value = next(iter(values(value, "name", "@value", "legalName")), "")
    return clean(html.unescape(string(value)))


def names(thing: Thing, *properties: str) -> list[str]:
    """Return the texts of a property, each once."""
    return list(dict.fromkeys(said for value in values(thing, *properties) if (said := name_of(value))))


def link(thing: Thing, *properties: str) -> str | None:
    """Return the first web address of a property."""
    for value in values(thing, *properties):
        url = string(
            next(iter(values(value, "@id", "url", "contentUrl")), "") if isinstance(value, dict) else value
        )
        if url.startswith(("http://", "https://")) and not any(mark.isspace() for mark in url):
            return url
    return None


def duration_s(thing: Thing) -> float | None:
    """Return the seconds of ``PT4M13S``, ``P00H06M54S`` (Bandcamp), ``4:13``, or of a number of seconds; never 0."""
    value = next(iter(values(thing, "duration", "timeRequired")), None)
    if (seconds := number(value)) is not None:
        return seconds or None
    said = string(value)[:40]
    if said.isascii() and said.isdigit():
        return float(said[:9]) or None
    if clock := _CLOCK.fullmatch(said):
        hours, minutes, rest = (int(part or 0) for part in clock.groups())
        return float(hours * 3600 + minutes * 60 + rest) or None
    found = _DURATION.fullmatch(said) if said else None
    if not found:
        return None
    days, hours, minutes = (int(found[name] or 0) for name in "dhm")
    return (
        days * 86_400 + hours * 3600 + minutes * 60 + float((found["s"] or "0").replace(",", "."))
    ) or None


def count(thing: Thing, *properties: str) -> int | None:
    """Return a whole number, which may stand as text."""
    value = next(iter(values(thing, *properties)), None)
    said = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 6 else None
