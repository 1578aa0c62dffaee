"""Policies that a user requests in tables, from a file or a call: ``{"domains": {...}, "retry": {...}}``.

::

    [retry.timeout]                      # the whole batch
    max_attempts = 2
    base = "5s"
    cap = "10m"

    [domains."example.org"]              # one domain; "example.org:8080" for that port alone
    rate = "2/s"                         # "auto", "auto:10/s", "1/8s", "30/m", "2/s:5"
    concurrency = 2
    ignore_crawl_delay = true            # the site's owner agreed
    block_cool_down = "30m"
    max_attempts = 3
    max_snooze = "2d"
    retry.timeout.max_attempts = 1

Every mistake is one `BadOption`: where, what, and what is allowed there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tlray.core.model.durations import LONGEST_S, parse_duration_s
from tlray.core.model.outcome import OutcomeKind
from tlray.core.model.urls import host_of
from tlray.core.politeness.domain_policy import MOST_AT_ONCE
from tlray.core.politeness.policy import PolitenessOptions
from tlray.core.politeness.rate_text import parse_rate
from tlray.core.politeness.retry import RULES, RetryAction
from tlray.core.politeness.retry_policy import (
    MAX_ATTEMPTS,
    MAX_SNOOZE_S,
    RetryChoices,
    RetryPolicy,
    RuleChange,
    RuleChanges,
)
from tlray.core.politeness.site_profile import parse_politeness_key
from tlray.errors import BadOption

MOST_ATTEMPTS = 100

T = TypeVar("T")
_WAITS = {
    kind.value: kind for kind, rule in RULES.items() if rule.action in (RetryAction.RETRY, RetryAction.SNOOZE)
}
"""Kinds of outcome that are tried again."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the tables: in words, and as keys."""

    words: str
    keys: tuple[str, ...] = ()

    def at(self, words: str, *keys: str) -> _Place:
        """Return a place below this one."""
        return _Place(words, (*self.keys, *keys))

    def wrong(self, what: str) -> BadOption:
        """Return an error at this place."""
        return BadOption(f"{self.words}{what}", *self.keys)


Reader = Callable[[object, _Place], Any]
"""Returns a value, or raises `BadOption` at its place."""


@dataclass(frozen=True, slots=True)
class RequestedPolicy:
    """The requested options of one source."""

    politeness: PolitenessOptions = field(default_factory=PolitenessOptions)
    retry: RetryChoices = field(default_factory=RetryChoices)
    by_domain: Mapping[str, RetryChoices] = field(default_factory=dict)

    def over(self, below: RequestedPolicy) -> RequestedPolicy:
        """Return both, this one over the other, also for single ports and single kinds of outcome."""
        mine, theirs = self.politeness, below.politeness
        by_domain = {
            unit: choices.less(self.retry).less(self.by_domain.get(host_of(unit), RetryChoices()))
            for unit, choices in below.by_domain.items()
        }
        for unit, choices in self.by_domain.items():
            by_domain[unit] = choices.over(by_domain.get(unit, RetryChoices()))
        politeness = PolitenessOptions(
            rates=_over(mine.rates, theirs.rates),
            concurrency=_over(mine.concurrency, theirs.concurrency),
            crawl_delay_ignored=mine.crawl_delay_ignored | theirs.crawl_delay_ignored,
            block_cool_down_s=mine.block_cool_down_s or theirs.block_cool_down_s,
            block_cool_downs=_over(mine.block_cool_downs, theirs.block_cool_downs),
        )
        return RequestedPolicy(politeness, self.retry.over(below.retry), by_domain)

    def retry_policy(self) -> RetryPolicy:
        """Return the retry policy of a batch with these options."""
        all_of_it = self.retry
        return RetryPolicy(
            all_of_it.max_attempts or MAX_ATTEMPTS,
            all_of_it.max_snooze_s or MAX_SNOOZE_S,
            all_of_it.changes,
            self.by_domain,
        )


def _over(mine: Mapping[str, T], theirs: Mapping[str, T]) -> dict[str, T]:
    return {k: v for k, v in theirs.items() if host_of(k) not in mine} | dict(mine)


def read_tables(data: Mapping[str, object], *, of: str) -> RequestedPolicy:
    """Read the tables; ``of`` names their source (a file's path, ``scrape()``)."""
    whole = _Place(of)
    _require_known(data, ("domains", "retry"), whole)
    changes, block_s = _read_retry(data.get("retry", {}), whole.at(f"{of}: [retry]", "retry"))
    domains = whole.at(f"{of}: [domains]", "domains")
    names: dict[str, str] = {}
    by_key: dict[str, dict[str, Any]] = {}
    for name, table in _table(data.get("domains", {}), domains).items():
        where = domains.at(f'{of}: [domains."{name}"]', name)
        try:
            key = parse_politeness_key(name)
        except ValueError as error:
            raise where.wrong(f": {error}") from None
        if key in names:
            raise where.wrong(f": it is the same as {names[key]!r}; write one table for both")
        names[key], by_key[key] = name, _read_domain(table, where)

    def column(name: str) -> dict[str, Any]:
        return {key: values[name] for key, values in by_key.items() if name in values}

    politeness = PolitenessOptions(
        rates=column("rate"),
        concurrency=column("concurrency"),
        crawl_delay_ignored=frozenset(key for key, value in column("ignore_crawl_delay").items() if value),
        block_cool_down_s=block_s,
        block_cool_downs=column("block_cool_down"),
    )
    choices = {
        key: RetryChoices(values.get("max_attempts"), values.get("max_snooze"), values["retry"])
        for key, values in by_key.items()
    }
    by_domain = {key: choice for key, choice in choices.items() if choice != RetryChoices()}
    return RequestedPolicy(politeness, RetryChoices(changes=changes), by_domain)


def _read_domain(table: object, where: _Place) -> dict[str, Any]:
    values = _read_values(table, _DOMAIN_KEYS, where)
    values["retry"], block_s = _read_retry(values.get("retry", {}), where.at(f"{where.words} retry", "retry"))
    if block_s is not None:
        if "block_cool_down" in values:
            raise where.wrong(": block_cool_down and retry.blocked.base are the same; use one of them")
        values["block_cool_down"] = block_s
    return values


def _read_retry(table: object, where: _Place) -> tuple[RuleChanges, float | None]:
    """Return the options for single kinds of outcome, and the rest of a domain after a block."""
    changes: dict[OutcomeKind, RuleChange] = {}
    block_s = None
    for name, of_kind in _table(table, where).items():
        here = where.at(f"{where.words} {name}", name)
        if name not in _WAITS:
            reason = "is never tried again" if name in list(OutcomeKind) else "is no kind of outcome"
            raise here.wrong(f": {name!r} {reason}; there are {', '.join(_WAITS)}")
        kind = _WAITS[name]
        keys = _RETRY_KEYS if RULES[kind].action is RetryAction.RETRY else _SNOOZE_KEYS
        values = _read_values(of_kind, keys, here)
        base_s, cap_s = values.get("base"), values.get("cap")
        if base_s is not None and cap_s is not None and cap_s < base_s:
            raise here.wrong(f": cap {cap_s:g} s is shorter than base {base_s:g} s")
        if kind is OutcomeKind.BLOCKED:
            block_s, base_s = base_s, None  # this one is part of a domain's policy
        change = RuleChange(values.get("max_attempts"), base_s, cap_s)
        if change != RuleChange():
            changes[kind] = change
    return changes, block_s


# -- values ----------------------------------------------------------------------------------------


def _shown(value: object) -> str:
    try:
        return repr(value)[:100]
    except ValueError:  # Python prints no number of thousands of digits
        return "a number of thousands of digits"


def _table(value: object, where: _Place) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise where.wrong(f" must be a table, got {_shown(value)}")
    return value


def _require_known(table: Mapping[str, object], allowed: Iterable[str], where: _Place) -> None:
    for key, value in table.items():
        if key not in allowed:
            # [domains.a.b] is a table in a table
            is_cut = where.words.endswith('"]') and isinstance(value, Mapping)
            hint = f'; quote a name with dots: {where.words[:-2]}.{key}"]' if is_cut else ""
            raise where.at(where.words, key).wrong(
                f" knows no key {key!r}; there are {', '.join(allowed)}{hint}"
            )


def _read_values(table: object, keys: Mapping[str, Reader], where: _Place) -> dict[str, Any]:
    """Read a table with these keys."""
    found = _table(table, where)
    _require_known(found, keys, where)
    return {key: keys[key](value, where.at(f"{where.words} {key}", key)) for key, value in found.items()}


def _rate(value: object, where: _Place) -> tuple[float, float]:
    if not isinstance(value, str):
        raise where.wrong(f' must be text such as "2/s", got {_shown(value)}')
    try:
        return parse_rate(value)
    except ValueError as error:
        raise where.wrong(f": {error}") from None


def _whole(most: int) -> Callable[[object, _Place], int]:
    def read(value: object, where: _Place) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise where.wrong(f" must be a whole number from 1 to {most}, got {_shown(value)}")
        return value

    return read


def _claim(value: object, where: _Place) -> bool:
    if not isinstance(value, bool):
        raise where.wrong(f" must be true or false, got {_shown(value)}")
    return value


def _duration_s(value: object, where: _Place) -> float:
    """Read a duration; a bare number is seconds."""
    seconds = math.nan
    if isinstance(value, str):
        try:
            seconds = parse_duration_s(value)
        except ValueError as error:
            raise where.wrong(f": {error}") from None
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value) if value <= LONGEST_S else math.inf  # an integer may be too large for a float
    if not 0 < seconds <= LONGEST_S:
        raise where.wrong(f' must be a duration such as "30m", at most 366d, got {_shown(value)}')
    return seconds


_SNOOZE_KEYS: Mapping[str, Reader] = {"base": _duration_s, "cap": _duration_s}
_RETRY_KEYS: Mapping[str, Reader] = {"max_attempts": _whole(MOST_ATTEMPTS), **_SNOOZE_KEYS}
_DOMAIN_KEYS: Mapping[str, Reader] = {
    "rate": _rate,
    "concurrency": _whole(MOST_AT_ONCE),
    "ignore_crawl_delay": _claim,
    "block_cool_down": _duration_s,
    "max_attempts": _whole(MOST_ATTEMPTS),
    "max_snooze": _duration_s,
    "retry": _table,
}
