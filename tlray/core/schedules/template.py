"""Templates: named sets of URLs with places for values, such as ``https://example.org/{event}/{year}``.

A value is text or a number, or several (a list, or ``{"from": 1, "to": 50}``); there is a URL for each value, and for each
combination of several places. ``{name}`` escapes all but the characters of a word, ``{+name}`` leaves ``/ : ? &`` and the like:
RFC 6570, levels 1 and 2.

tlray crawls no index page, so a template cannot mean "all sets of this DJ": it names the URL of a set, and its user the sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from math import prod
from typing import Final

from uritemplate import URITemplate

MAX_URLS: Final = 10_000
"""The most URLs of one template; as many as one call may submit."""
MAX_VARIABLES: Final = 100
MAX_URL_CHARS: Final = 2_000
MOST_IN_RANGE: Final = 10**15
MAX_VALUE_CHARS: Final = 1_000
_PLACE = re.compile(r"\{(\+?)([a-z][a-z0-9_]{0,39})\}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

Scalar = str | int
Value = Scalar | Sequence[Scalar] | Mapping[str, int]


class TemplateError(ValueError):
    """An invalid template, or values that do not fit it; the message names every mistake."""


@dataclass(frozen=True, slots=True)
class Template:
    """A named set of URLs and options."""

    name: str
    urls: tuple[str, ...]
    description: str = ""
    batch_name: str = ""
    """The name of its batches; it may have places, too."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Options of its batches; those of a request count before them."""
    defaults: Mapping[str, Value] = field(default_factory=dict)
    """Values of variables without a given one."""
    is_built_in: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its places, in order."""
        texts = (*self.urls, self.batch_name)
        return tuple(dict.fromkeys(name for text in texts for _, name in _PLACE.findall(text)))


@dataclass(frozen=True, slots=True)
class Filled:
    """The URLs and the name of a filled template."""

    urls: tuple[str, ...]
    batch_name: str


def check(template: Template) -> None:
    """Raise `TemplateError` if a template can never be filled."""
    if not _NAME.fullmatch(template.name):
        raise TemplateError(
            f"name {template.name[:80]!r}: small letters, digits and -, at most 64 of them, no - first"
        )
    if not template.urls:
        raise TemplateError("a template needs at least one URL")
    for text in (*template.urls, template.batch_name):
        if left := set(_PLACE.sub("", text)) & {"{", "}"}:
            found = min(left)
            raise TemplateError(
                f"{text[:200]!r}: a {found} that belongs to no variable; write {{year}} or {{+path}}"
            )
    if unknown := sorted(set(template.defaults) - set(template.variables)):
        raise TemplateError(f"a default for {', '.join(unknown)}, which no URL has a place for")
    if len(template.variables) > MAX_VARIABLES:
        raise TemplateError(f"{len(template.variables):,} variables; at most {MAX_VARIABLES}")
    if sum(_n_values(name, value) for name, value in template.defaults.items()) > MAX_URLS:
        raise TemplateError(f"the defaults have more than {MAX_URLS:,} values")
    for name, value in template.defaults.items():
        _values(name, value)


def fill(template: Template, given: Mapping[str, Value], clock: Mapping[str, str] | None = None) -> Filled:
    """Fill a template; `TemplateError` names every missing and every unknown variable.

    ``clock`` has values for variables that neither the caller nor the template sets.
    """
    wanted = template.variables
    faults = []
    if missing := [n for n in wanted if n not in {**(clock or {}), **template.defaults, **given}]:
        faults.append(f"needs a value for {', '.join(missing)}")
    if unknown := sorted(set(given) - set(wanted)):
        has = ", ".join(wanted) or "none"
        faults.append(f"has no variable {', '.join(unknown)} (its variables: {has})")
    if faults:
        raise TemplateError(f"template {template.name!r} {' and '.join(faults)}")
    values_of = {**(clock or {}), **template.defaults, **given}
    # counted before they are made: thirty bytes of a request may mean ten thousand values
    n_values = {name: _n_values(name, values_of[name]) for name in wanted}
    n_urls = sum(prod(n_values[name] for name in _names(url)) for url in template.urls)
    if max(n_urls, sum(n_values.values())) > MAX_URLS:
        raise TemplateError(
            f"template {template.name!r} with these values stands for {n_urls:,} URLs; at most {MAX_URLS:,}"
        )
    values = {name: _values(name, values_of[name]) for name in wanted}
    urls = dict.fromkeys(url for text in template.urls for url in _expand(template.name, text, values))
    words = {name: _spoken(found) for name, found in values.items()}
    return Filled(tuple(urls), _PLACE.sub(lambda place: words[place[2]], template.batch_name)[:200])


def beginning_of(text: str) -> str | None:
    """Return a URL with the fixed scheme and host of a template's text, for checks without values; a host with a place is
    example.org. None if the scheme has a place, too."""
    known, place, _ = text.partition("{")
    scheme, mark, rest = known.partition("://")
    if not place or (mark and set(rest) & set("/?#")):
        return known
    if mark:
        return f"{scheme}://example.org/"
    return known if "/" in known else None  # there is no scheme behind a /


def clock_values(local: datetime) -> dict[str, str]:
    """Return the values of a schedule's clock at a run: ``year month day date week week_year``.

    Weeks are those of ISO 8601, and ``week_year`` is the year of a week: 2027-01-01 is in week 53 of 2026.
    """
    iso = local.isocalendar()
    return {
        "year": f"{local.year:04d}",
        "month": f"{local:%m}",
        "day": f"{local:%d}",
        "date": f"{local:%Y-%m-%d}",
        "week": f"{iso.week:02d}",
        "week_year": f"{iso.year:04d}",
    }


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, name in _PLACE.findall(text)))


def _expand(name: str, text: str, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a URL for each combination of values."""
    template, names = URITemplate(text), _names(text)
    for chosen in product(*(values[variable] for variable in names)):
        url = template.expand(dict(zip(names, chosen, strict=True)))
        if len(url) > MAX_URL_CHARS:
            raise TemplateError(
                f"template {name!r} with these values stands for a URL of {len(url):,} characters; at most {MAX_URL_CHARS:,}"
            )
        yield url


def _n_values(name: str, value: Value) -> int:
    """Return how many values a variable has."""
    if isinstance(value, Mapping):
        return len(_range(name, value))
    n = 1 if isinstance(value, str | int) else len(value)
    if not n:
        raise TemplateError(f"{name}: an empty list")
    return n


def _values(name: str, value: Value) -> tuple[str, ...]:
    """Return the values of a variable, as text."""
    if isinstance(value, Mapping):
        return tuple(map(str, _range(name, value)))
    found = (value,) if isinstance(value, str | int) else tuple(value)
    return tuple(_text(name, one) for one in found)


def _range(name: str, value: Mapping[str, int]) -> range:
    first, last = value.get("from"), value.get("to")
    is_whole = isinstance(first, int) and isinstance(last, int) and len(value) == 2
    is_small = is_whole and first is not None and last is not None and max(-first, last) < MOST_IN_RANGE
    if first is None or last is None or not is_small or not 0 <= last - first < MAX_URLS:
        raise TemplateError(f'{name}: a range is {{"from": 1, "to": 50}}, at most {MAX_URLS:,} numbers')
    return range(first, last + 1)


def _text(name: str, value: Scalar) -> str:
    text = str(value).strip()
    if not text or len(text) > MAX_VALUE_CHARS or not text.isprintable():
        raise TemplateError(f"{name}: {text[:40]!r} is no value; give 1 to {MAX_VALUE_CHARS:,} characters")
    return text


def _spoken(values: Sequence[str]) -> str:
    return ", ".join(values) if len(values) <= 3 else f"{values[0]} … {values[-1]}"
