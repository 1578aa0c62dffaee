"""The separator of artist and title in a list: chosen by the majority of its lines, then used for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum


class Separator(StrEnum):
    """One way to write artist and title in one line."""

    DASH = "dash"
    TAB = "tab"
    SLASH = "slash"
    PIPE = "pipe"
    DOTS = "dots"
    COLON = "colon"
    TILDE = "tilde"
    BY = "by"
    """``Title by Artist``."""
    QUOTED = "quoted"
    """``Artist "Title" (Label)``, ``"Title" Artist``."""
    TIGHT = "tight"
    """``Artist-Title``."""


_DASHES = r"\-‐‑‒–—―−－"
_PATTERNS = {
    Separator.DASH: re.compile(rf"(?<=\S)\s+[{_DASHES}]{{1,3}}(?:\s+|$)"),
    Separator.TAB: re.compile(r"\t+"),
    Separator.SLASH: re.compile(r"\s+[/／]{1,2}\s+|／"),
    Separator.PIPE: re.compile(r"\s*[|｜¦]{1,2}\s*"),
    Separator.DOTS: re.compile(r"\s+(?:[•·*»>→:]{1,2}|::|>>|->|=>)\s+"),
    Separator.COLON: re.compile(r"(?<=\S)[:：]\s+"),
    Separator.TILDE: re.compile(r"\s+[~～_]\s+"),
    Separator.TIGHT: re.compile(rf"\s*[{_DASHES}]\s*"),
}
_HALF_DASH = re.compile(
    rf"(?<=[^\s{_DASHES}])(?:\s+[{_DASHES}]+(?=[^\s{_DASHES}])|[{_DASHES}]+\s+|\s*[–—]\s*)(?=\S)"
)
_BY = re.compile(r"\s+by\s+", re.IGNORECASE)
_QUOTES = re.compile(
    r"‘(?P<single>[^‘]{1,200}?)’(?=[\s,.;()\[\]]|$)|[\"“”„«‘「『](?P<q>[^\"“”„«»’」』]{1,200}|[^\"“”«»」』]{1,200}?)[\"“”»’」』]"
)
_EDGES = " \t-‐‑‒–—―−－,:|"


def split(body: str, separator: Separator) -> tuple[str, str] | None:
    """Return what is before and behind the first separator (before is the artist, as a rule); None where there is none."""
    if separator is Separator.BY:
        return _at_last_by(body)
    if separator is Separator.QUOTED:
        return _at_quotes(body)
    found = _PATTERNS[separator].search(body)
    if found is None and separator is Separator.DASH:
        found = _HALF_DASH.search(body)
    if found is None:
        return None
    before, after = body[: found.start()].strip(), body[found.end() :].strip()
    return (before, after) if before and after else None


def is_loose(body: str, separator: Separator) -> bool:
    """True if the separator stands in ``body`` in full, its blanks included."""
    if separator in (Separator.BY, Separator.QUOTED):
        return split(body, separator) is not None
    return bool((found := _PATTERNS[separator].search(body)) and found.start() and found.end() < len(body))


def majority(bodies: Sequence[str]) -> Separator | None:  # noqa: PLR0911 - a list of rules
    """Return the separator that most lines have; None where none is in half of them."""
    named = [body for body in bodies if body]
    if not named:
        return None
    counts = {kind: sum(is_loose(body, kind) for body in named) for kind in Separator}
    if counts[Separator.BY] > counts[Separator.DASH] * 2 and counts[Separator.BY] * 2 >= len(named):
        return Separator.BY
    quoted = counts[Separator.QUOTED]
    if quoted * 3 >= len(named) * 2 and counts[Separator.DASH] * 2 < len(named):
        return Separator.QUOTED
    del counts[Separator.QUOTED], counts[Separator.BY]
    half_dashed = sum(split(body, Separator.DASH) is not None for body in named)
    if half_dashed * 2 >= len(named) and counts[Separator.DASH] * 3 >= max(
        counts[Separator.TAB], counts[Separator.SLASH]
    ):
        return Separator.DASH
    order = list(Separator)
    best = max(counts, key=lambda kind: (counts[kind] * (0.8 if kind in _WEAK else 1), -order.index(kind)))
    if counts[best] * 2 >= len(named):
        return best
    if quoted * 2 >= len(named):
        return Separator.QUOTED
    # a short part of the lines has it: what has none is a title alone
    return Separator.DASH if half_dashed * 3 >= len(named) else None


_WEAK = {Separator.COLON, Separator.TIGHT, Separator.DOTS}


def segments(body: str) -> list[str]:
    """Return the parts of a line between its dashes."""
    return [part.strip() for part in _PATTERNS[Separator.DASH].split(body) if part.strip()]


def without_quotes(title: str) -> str:
    """Return a title without the quotation marks that enclose all of it, or its name before a bracket."""
    found = _QUOTES.match(title)
    if not found:
        return title
    rest = title[found.end() :].strip()
    if rest and rest[0] not in "([":
        return title
    return f"{(found['q'] or found['single']).strip()} {rest}".strip()


def _at_last_by(body: str) -> tuple[str, str] | None:
    found = list(_BY.finditer(body))
    if not found:
        return None
    last = found[-1]
    title, artist = body[: last.start()].strip(), body[last.end() :].strip()
    return (artist, without_quotes(title)) if artist and title else None


def _at_quotes(body: str) -> tuple[str, str] | None:
    found = _QUOTES.search(body)
    if found is None:
        return None
    title = (found["q"] or found["single"]).strip()
    before, after = body[: found.start()].strip(_EDGES), body[found.end() :].strip()
    if before:
        return before, f"{title} {after}".strip() if after else title
    artist = re.sub(r"^by\s+", "", after.strip(_EDGES), flags=re.IGNORECASE)
    return (artist, title) if artist and title else None
