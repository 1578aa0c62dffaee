"""The words of a batch's progress: its end as a range, what holds it up, its domains, and its last failures.

All text of sites and users is on one line and plain (`tlray.core.model.printable`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tlray.core.model.amounts import duration, plural, rate_of
from tlray.core.model.printable import one_line
from tlray.core.model.progress import BatchStatus, DomainProgress, DomainWait, n_open
from tlray.core.politeness.domain import PARKED
from tlray.core.scheduling.estimate_text import missing_words
from tlray.io.disk.local_time import YEAR_S, local_minute, rest_text

ENDED: Final = ("completed", "cancelled")
MAX_FAILURES: Final = 3
MAX_RESTS: Final = 2
LONG_REST_S: Final = 60.0
"""A rest of at least this time is told once by a line of its own."""
PAUSED: Final = "paused by an admin"


def eta_text(status: BatchStatus, now: float) -> str:
    """Return the time that is left, in words: a range where both ends are known; or why there is none."""
    between = status.get("estimated_between")
    if between is None or between[1] is None:
        between = [None, status.get("estimated_completion")]
    low, high = between
    if high is None:
        why = one_line(missing_words(status))
        return f"? ({why})" if why else "?"
    if high <= now:
        return "soon"
    n_high, unit = _left(high - now, math.ceil)
    n_low, unit_low = ("0", unit) if low is None or low <= now else _left(low - now, math.floor, least=unit)
    if n_low == "0" or (n_low, unit_low) == (n_high, unit):
        return f"{n_high}{unit}"
    return f"{n_low}{'' if unit_low == unit else unit_low}-{n_high}{unit}"


def _left(left_s: float, whole: Callable[[float], int], *, least: str = "") -> tuple[str, str]:
    """Return a time that is left as a number and its unit, or as two numbers with theirs; ``whole`` rounds, ``least`` is
    the smallest unit."""
    if left_s > YEAR_S:  # a site may ask for any number of seconds
        return "more than a year", ""
    if left_s < 100 and least in ("", " s"):
        return str(whole(left_s)), " s"
    if left_s < 100 * 60:
        return str(whole(left_s / 60)), " min"
    unit_s = 60 if left_s < 48 * 3600 else 3600
    return duration(whole(left_s / unit_s) * unit_s), ""


def decides(status: BatchStatus) -> str:
    """Return the domain that decides the estimate; "" if there is no estimate, or no such domain."""
    has_estimate = status["state"] == "running" and status.get("estimated_completion") is not None
    return one_line(status.get("estimate_waits_on") or "") if has_estimate else ""


def eta_words(status: BatchStatus, now: float) -> str:
    """Return the end of a running batch with the domain that decides it."""
    domain = decides(status)
    return f"ETA {eta_text(status, now)}" + (f" ({domain} decides)" if domain else "")


def trouble_text(status: BatchStatus, now: float) -> str:
    """Return what slows a batch down: failures, retries, blocks by domain, cool-downs and their reasons."""
    counts = status["counts"]
    facts = [f"{counts[state]:,} {state}" for state in ("dead", "skipped", "cancelled") if counts.get(state)]
    facts += [plural(status["retries"], "retry", "retries")] if status["retries"] else []
    blocked = [f"{name} {d['blocks']}" for name, d in status["domains"].items() if d.get("blocks")]
    blocks = ["blocks: " + ", ".join(blocked[:3])] if blocked else []
    return "; ".join([*([", ".join(facts)] if facts else []), *blocks, *waiting_words(status, now)])


def waiting_words(status: BatchStatus, now: float) -> list[str]:
    """Return what the batch waits for, by domain: rests and their reasons, slow paces, and what has been given up."""
    slow = [
        f"{name}: {one_line(d['slow_because'])}"
        for name, d in status["domains"].items()
        if d.get("slow_because") and d["open"] and d.get("reason") != d["slow_because"]
    ]
    return [
        *_first(
            [f"{name} {given_up(why)}" for name, why in status.get("parked", {}).items()],
            "{n} more were given up",
        ),
        *_first((f"{name} {words}" for name, words in _rests(status, now)), "{n} more rest"),
        *_first(slow, "{n} more are as slow"),
    ]


def _first(words: Iterator[str] | list[str], more: str) -> list[str]:
    """Return the first few of some words, and how many more there are."""
    found = list(words)
    n = len(found) - MAX_RESTS
    return found[:MAX_RESTS] + ([more.format(n=n)] if n > 0 else [])


def _rests(status: BatchStatus, now: float) -> Iterator[tuple[str, str]]:
    """Yield the domains that rest while items of the batch wait for them, each with the words for it."""
    for name, domain in status["domains"].items():
        if domain.get("cooling_until", 0) > now + 1 and domain["open"]:
            yield name, f"{rest_text(domain['cooling_until'], now)} ({one_line(domain.get('reason', ''))})"


@dataclass(slots=True)
class RestNews:
    """Long rests and given-up domains, each said once: what a snapshot has to say that none before it had."""

    _until: dict[str, float] = field(default_factory=dict)
    _parked: dict[str, str] = field(default_factory=dict)

    def news(self, status: BatchStatus, now: float) -> list[str]:
        """Return the lines; of many at once the first, and a count."""
        rests = []
        for name, words in _rests(status, now):
            until = status["domains"][name]["cooling_until"]
            if until - now >= LONG_REST_S and until > self._until.get(name, 0.0) + LONG_REST_S:
                self._until[name] = until
                rests.append(f"{name} {words}")
        parked = status.get("parked", {})
        new = [f"{name} {given_up(why)}" for name, why in parked.items() if self._parked.get(name) != why]
        self._parked.update(parked)
        return _first(new, "{n} more were given up") + _first(rests, "{n} more rest")


def waiting_workers(status: BatchStatus) -> list[str]:
    """Return how many scrape tasks wait for a CPU, in words, if any do."""
    n = status.get("workers_waiting", 0)
    return [f"{n} {'waits' if n == 1 else 'wait'} for a CPU (`ray status`)"] if n else []


def state_words(status: BatchStatus) -> list[str]:
    """Return what is to be known of a batch's state: why nothing goes on, or begins."""
    words = []
    if trouble := status.get("trouble"):
        words.append(f"nothing goes on: {one_line(trouble)}")
    if known := status.get("last_known"):
        words.append(f"the coordinator does not answer: this is {duration(round(known['age_s']))} old")
    n_flying = status["counts"].get("leased", 0)
    if status["state"] == "paused":
        flying = f"{plural(n_flying, 'page')} in flight still {'finishes' if n_flying == 1 else 'finish'}, "
        words.append(f"{flying if n_flying else ''}nothing new begins")
    if status["state"] == "scheduled" and (starts_at := status.get("starts_at")) is not None:
        words.append(f"starts at {local_minute(starts_at)}")
    return words


def pace_text(domain: DomainProgress) -> str:
    """Return a domain's rate now against its ceiling; "" while it is not known."""
    if "max_rate" not in domain:
        return ""
    return rate_of(domain.get("rate", domain["max_rate"]), domain["max_rate"])


def why_text(domain: DomainWait, now: float) -> str:
    """Return why a domain does not work at its rate; "" if it does."""
    reason = one_line(domain.get("reason", ""))
    if domain.get("cooling_until", 0.0) > now + 1:
        return f"{rest_text(domain['cooling_until'], now)}: {reason}"
    if domain.get("state") == "paused":
        return PAUSED
    if "state" in domain:
        return given_up(reason)
    return one_line(domain.get("slow_because", ""))


def given_up(why: str) -> str:
    """Return that a domain was given up, and why."""
    return f"was given up: {one_line(why).removeprefix(f'{PARKED}: ')}"


def in_order(status: BatchStatus, now: float) -> list[str]:
    """Return the domains with open items: the one that decides the end first, then those with the most work left."""
    decisive = status.get("estimate_waits_on")
    at_work = {name: domain for name, domain in status["domains"].items() if domain["open"] > 0}
    return sorted(at_work, key=lambda name: (name != decisive, -_work_left_s(at_work[name], now)))


def _work_left_s(domain: DomainProgress, now: float) -> float:
    per_s = domain.get("max_rate")
    work_s = domain["open"] / per_s if per_s else domain["open"] / 1_000
    return work_s + max(0.0, domain.get("cooling_until", 0.0) - now)


def n_more_domains(status: BatchStatus, shown: list[str]) -> tuple[int, int]:
    """Return how many domains with open items there are besides some, and how many items are open there."""
    n_at_work = max(sum(d["open"] > 0 for d in status["domains"].values()), status.get("n_domains", 0))
    n_elsewhere = n_open(status["counts"]) - sum(status["domains"][name]["open"] for name in shown)
    return n_at_work - len(shown), max(0, n_elsewhere)


def left_text(status: BatchStatus, now: float, *, n: int = 3) -> str:
    """Return how much is open at the domains that decide when the batch ends, in a line; "" if nothing is."""
    names = in_order(status, now)[:n]
    words = [f"{one_line(name)} {status['domains'][name]['open']}" for name in names]
    n_more, n_elsewhere = n_more_domains(status, names)
    return ", ".join([*words, *([f"{n_elsewhere} at {n_more} more"] if n_more else [])]) if names else ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt: why, of which URL, and whether it was the last."""

    reason: str
    url: str
    is_dead: bool

    def __str__(self) -> str:
        return f"{self.reason}{'' if self.is_dead else ' (is tried again)'}: {self.url}"


@dataclass(slots=True)
class LastFailures:
    """The last items that failed, newest first: those that died, and those that are tried again."""

    _by_item: dict[str, Failure] = field(default_factory=dict)

    def note(self, status: Mapping[str, Any]) -> None:
        """Take in the items of a snapshot; one without items changes nothing."""
        for item in status.get("items", ()):
            self._by_item.pop(item["item_id"], None)
            if item["reason"] and item["state"] in ("dead", "waiting"):
                failure = Failure(one_line(item["reason"]), one_line(item["url"]), item["state"] == "dead")
                self._by_item[item["item_id"]] = failure
        for old in list(self._by_item)[:-MAX_FAILURES]:
            del self._by_item[old]

    @property
    def newest(self) -> list[Failure]:
        """The failures, the newest first."""
        return list(reversed(self._by_item.values()))
