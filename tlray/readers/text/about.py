"""Title, date and DJs of a set, from the lines above its list and the name of its file, where they are certain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from tlray.sites.text.characters import clean, one_blank
from tlray.sites.text.wording import is_credit, is_link, is_part, is_prose, names_tracklist

MAX_TITLE_CHARS = 200
_MAX_ABOVE = 4


class About(NamedTuple):
    """The statements of a text about its set."""

    title: str
    date: date | None
    djs: list[str]


_SUFFIX = re.compile(
    r"(?:\.(?:txt|text|md|markdown|nfo|description|tracklist|info|csv|tsv|gz)){1,3}$", re.IGNORECASE
)
_KEY = re.compile(
    r"^\W{0,4}(?P<key>title|set|mix|show|djs?|artists?|performer|"
    r"mixed by|date|recorded|played|datum)\s*[:：=]\s*(?P<value>\S.{0,200})$",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^(?:#{1,6}|=+)\s*(?P<title>.{1,300}?)\s*[#=]*$")
_MIXED_BY = re.compile(r"\b(?:mixed|compiled|selected)\s+by\s+(?P<djs>[^()\[\]|]{2,80})", re.IGNORECASE)
_E_MAIL = re.compile(r"\S@\S+\.\w")
_ENDS = re.compile(r"[.!,:：][^\w)\]]*$")
"""How sentences end, and headings of what stands below them; pictures may follow."""
_AT = re.compile(r"^(?P<djs>[^@|()\[\]]{2,80}?)\s+(?:@|live\s+@|live\s+at)\s+\S", re.IGNORECASE)
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)([-._/ ]?)(\d\d)\2(\d\d)(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([./-])(\d{1,2})\2((?:19|20)\d\d)(?!\d)")
_BETWEEN_NAMES = re.compile(r"\s*(?:,|&|\bb2b\b|\bvs\.?\s|\band\b|\+)\s*", re.IGNORECASE)


def about(above: Sequence[str], name: str) -> About:
    """Find out title, date and DJs."""
    keys = {
        found["key"].lower(): found["value"].strip() for line in above[:40] if (found := _KEY.match(line))
    }
    stem = clean(_SUFFIX.sub("", name) or name) or "text"
    title = (
        next((keys[key] for key in ("title", "set", "mix", "show") if key in keys), None)
        or _title_in(above)
        or stem
    )
    title = one_blank(title)[:MAX_TITLE_CHARS]
    said = next((keys[key] for key in ("date", "played", "recorded", "datum") if key in keys), None)
    return About(title, _day(said) if said else _day(title) or _day(stem), _djs(keys, title))


def _title_in(above: Sequence[str]) -> str | None:
    """Return the line that is the title: a heading, or the first of few lines."""
    for line in above[:_MAX_ABOVE]:
        if found := _HEADING.match(line):
            return found["title"]
    if not above or len(above) > _MAX_ABOVE:
        return None
    first = above[0].strip(" *_-=~#[]|")
    is_title = (
        2 < len(first) <= 120
        and not _E_MAIL.search(first)
        and len(first.split()) <= 16
        and not is_prose(first)
        and not _ENDS.search(first)
        and not is_part(first)
        and not names_tracklist(first)
    )
    return first if is_title and not is_link(first) and not is_credit(first) else None


def _djs(keys: dict[str, str], title: str) -> list[str]:
    said = next(
        (keys[key] for key in ("dj", "djs", "mixed by", "artist", "artists", "performer") if key in keys),
        None,
    )
    if said is None:
        found = _MIXED_BY.search(title) or _AT.match(_without_day(title))
        said = found["djs"] if found else None
    return [dj for part in _BETWEEN_NAMES.split(said or "") if (dj := one_blank(part).strip(" -–—:."))][:20]


def _without_day(title: str) -> str:
    return _DAY_FIRST.sub("", _ISO.sub("", title)).strip(" -–—_")


def _day(text: str) -> date | None:
    """Return the one day that a text names; None if it is not certain which."""
    found = {day for m in _ISO.finditer(text) if (day := _made(m[1], m[3], m[4]))}
    for m in _DAY_FIRST.finditer(text):
        day_first, month_first = _made(m[4], m[3], m[1]), _made(m[4], m[1], m[3])
        if m[2] == "." or month_first is None or month_first == day_first:
            found |= {day_first} if day_first else set()
        elif day_first is None:
            found.add(month_first)
        else:
            return None
    return found.pop() if len(found) == 1 else None


def _made(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
