"""The words of a batch's progress: its ETA as a range, what holds it up, and the lines of the live panel, each cut to a width.

All text of sites and users is on one line and plain (`tlray.core.model.printable`), and is measured in terminal cells, because
a wide character takes two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from tlray.core.model.durations import as_clock, in_words
from tlray.core.model.printable import one_line
from tlray.core.model.progress import BatchStatus, DomainProgress
from tlray.io.disk.local_time import YEAR_S, rest_text

FINAL: Final = ("succeeded", "dead", "skipped", "cancelled")
ENDED: Final = ("completed", "cancelled")
MISSING: Final = {
    "matching": "checking what is known already",
    "paused-domain": "a domain is paused",
    "no-page-yet": "no page has come back yet",
}
"""Why there is no estimate."""
MAX_FAILURES: Final = 3
MAX_DOMAINS: Final = 8
MIN_BAR: Final = 6
WIDE: Final = 60
"""In a narrower terminal the reason of a rest stands in the place of the figures."""
NAME_SHARE: Final = 0.4
"""A domain's name takes at most this part of the width."""


def n_done(counts: Mapping[str, int]) -> int:
    """Return how many items are final."""
    return sum(counts[state] for state in FINAL)


def eta_text(status: BatchStatus, now: float) -> str:
    """Return the time that is left, in words: a range where both ends are known, and why there is none."""
    between = status.get("estimated_between")
    if between is not None and between[1] is not None:
        low, high = (None if at is None else _left(at, now) for at in between)
        return str(high) if low in (None, high) else f"{low}-{high}"
    at = status["estimated_completion"]
    if at is not None:
        return _left(at, now)
    why = MISSING.get(status.get("estimate_missing") or "")
    return f"? ({why})" if why else "?"


def _left(at: float, now: float) -> str:
    if at - now > YEAR_S:  # a site may ask for any number of seconds
        return "more than a year"
    left_s = max(0, round(at - now))
    hours = left_s // 3600
    return f"{hours // 24} d {hours % 24} h" if hours >= 48 else as_clock(left_s)


def trouble_text(status: BatchStatus, now: float) -> str:
    """Return what slows a batch down: retries, blocks by domain, cool-downs and their reasons."""
    words = []
    counts = status["counts"]
    for key, n in (("dead", counts["dead"]), ("skipped", counts["skipped"]), ("retries", status["retries"])):
        if n:
            words.append(f"{n} {key}")
    blocked = [f"{name} {d['blocks']}" for name, d in status["domains"].items() if d.get("blocks")]
    if blocked:
        words.append("blocks: " + ", ".join(blocked[:3]))
    return "; ".join([*words, *waiting_words(status, now)])


def waiting_words(status: BatchStatus, now: float) -> list[str]:
    """Return what the batch waits for, by domain: rests and their reasons, slow paces, and what has been given up."""
    slow = [
        f"{name}: {d['slow_because']}"
        for name, d in status["domains"].items()
        if d.get("slow_because") and d["open"] and d.get("reason") != d["slow_because"]
    ]
    more = [f"{len(slow) - 2} more are as slow"] if len(slow) > 2 else []
    return rest_words(status, now) + slow[:2] + more


def rest_words(status: BatchStatus, now: float) -> list[str]:
    """Return the rests and their reasons, by domain, and what has been given up."""
    cooling = [
        f"{name} {rest_text(d['cooling_until'], now)} ({one_line(d['reason'])})"
        for name, d in status["domains"].items()
        if d.get("cooling_until", 0) > now + 1 and d["open"]
    ]
    words = [f"{name} {one_line(why)}" for name, why in list(status.get("parked", {}).items())[:2]]
    return words + cooling[:2] + ([f"{len(cooling) - 2} more rest"] if len(cooling) > 2 else [])


def waiting_workers(status: BatchStatus) -> list[str]:
    """Return how many scrape tasks wait for a CPU, in words, if any do."""
    n = status.get("workers_waiting", 0)
    return [f"{n} {'waits' if n == 1 else 'wait'} for a CPU (`ray status`)"] if n else []


@dataclass(slots=True)
class LastFailures:
    """The last items that failed, newest first: those that died, and those that are tried again."""

    _by_item: dict[str, str] = field(default_factory=dict)

    def note(self, status: Mapping[str, Any]) -> None:
        """Take in the items of a snapshot; one without items changes nothing."""
        for item in status.get("items", ()):
            self._by_item.pop(item["item_id"], None)
            if item["reason"] and item["state"] in ("dead", "waiting"):
                verb = "" if item["state"] == "dead" else " (is tried again)"
                self._by_item[item["item_id"]] = one_line(f"{item['reason']}{verb}: {item['url']}")
        for old in list(self._by_item)[:-MAX_FAILURES]:
            del self._by_item[old]

    @property
    def lines(self) -> list[str]:
        """The failures, each on one line."""
        return list(reversed(self._by_item.values()))


def fit(text: str, width: int) -> str:
    """Cut a text to a number of cells, with an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def panel(
    status: BatchStatus,
    *,
    width: int,
    height: int,
    now: float,
    failures: LastFailures,
    is_ascii: bool = False,
) -> list[Text]:
    """Return the lines of the live panel, at most ``height`` of at most ``width`` cells."""
    lines = [_head(status, width, now, is_ascii=is_ascii)]
    notes = [Text(fit(f"  {words}", width), "yellow") for words in waiting_workers(status)]
    if trouble := status.get("trouble"):
        notes.insert(0, Text(fit(f"  {one_line(trouble)}", width), "red"))
    errors = [Text(fit(f"  {words}", width), "red") for words in failures.lines]
    if status["state"] in ENDED:
        return [*lines, *errors][:height]
    room = max(0, min(MAX_DOMAINS, height - 1 - len(notes) - len(errors)))
    return [*lines, *notes, *_domains(status, width, room, now), *errors][:height]


def _head(status: BatchStatus, width: int, now: float, *, is_ascii: bool) -> Text:
    """Return state, bar and figures; the least important figures are left out where there is no room."""
    counts, total = status["counts"], status["total"]
    done, is_ended = n_done(counts), status["state"] in ENDED
    figures = [f"{done:,}/{total:,}", f"ETA {eta_text(status, now)}", f"{status['rate_per_min']:.0f}/min"]
    figures += [f"{counts['dead']:,} dead"] if counts["dead"] else []
    if is_ended:
        del figures[1]
    shown: list[str] = []
    for words in figures:
        if len(status["state"]) + len("  ".join([*shown, words])) + 4 + MIN_BAR <= width:
            shown.append(words)
    shown.sort(key=lambda words: (words.startswith("ETA"), words.endswith("dead")))
    text = Text(no_wrap=True)
    text.append(fit(status["state"], width), "bold")
    room = width - len(status["state"]) - sum(len(words) + 2 for words in shown) - 2
    if room >= MIN_BAR:
        n = room * done // total if total else room
        filled, empty = ("#", ".") if is_ascii else ("━", "─")
        text.append("  " + filled * n, "green").append(empty * (room - n), "bright_black")
    for words in shown:
        text.append("  " + words, "red" if words.endswith("dead") else "")
    return text


def _domains(status: BatchStatus, width: int, room: int, now: float) -> list[Text]:
    """Return a line for each of the domains that decide when the batch ends, the slowest first."""
    at_work = {name: domain for name, domain in status["domains"].items() if domain["open"] > 0}
    order = sorted(at_work, key=lambda name: -_work_left_s(at_work[name], now))
    if not order or room <= 0:
        return []
    n_at_work = max(len(order), status.get("n_domains", 0))
    n_shown = room if n_at_work <= room else room - 1
    names = [one_line(name) for name in order[:n_shown]]
    name_width = min(int(NAME_SHARE * width), max(map(cell_len, names), default=0))
    n_width = max((len(f"{at_work[name]['open']:,}") for name in order[:n_shown]), default=0)
    lines = []
    for name, shown in zip(order[:n_shown], names, strict=True):
        domain = at_work[name]
        why = _why(domain, now)
        name_cell, open_cell = (
            set_cell_size(fit(shown, name_width), name_width),
            f"{domain['open']:>{n_width},} open",
        )
        cells = [name_cell, open_cell, _pace(domain), why] if width >= WIDE or not why else [name_cell, why]
        words = "  " + "  ".join(filter(None, cells))
        lines.append(Text(fit(words, width), "yellow" if why else "", no_wrap=True))
    if n_at_work > n_shown:
        n_open = sum(status["counts"].get(state, 0) for state in ("queued", "waiting", "leased"))
        left = n_open - sum(at_work[name]["open"] for name in order[:n_shown])
        lines.append(
            Text(fit(f"  {n_at_work - n_shown:,} more domains  {max(0, left):,} open", width), "bright_black")
        )
    return lines


def _work_left_s(domain: DomainProgress, now: float) -> float:
    rate = domain.get("max_rate")
    work_s = domain["open"] / rate if rate else domain["open"] / 1_000
    return work_s + max(0.0, domain.get("cooling_until", 0.0) - now)


def _pace(domain: DomainProgress) -> str:
    """Return the rate now against the ceiling."""
    if "max_rate" not in domain:
        return ""
    ceiling, rate = domain["max_rate"], domain.get("rate", domain["max_rate"])
    if rate is None or math.isinf(rate):
        return "no ceiling"
    if ceiling is None or math.isclose(rate, ceiling, rel_tol=0.02):
        return _rate(rate)
    return f"{_rate(rate)} of {_rate(ceiling)}"


def _rate(rate: float) -> str:
    """Return fetches a second in few characters: ``5/s``, ``1 in 8 s``."""
    return f"{rate:.3g}/s" if rate >= 1 else f"1 in {in_words(1 / rate)}"


def _why(domain: DomainProgress, now: float) -> str:
    """Return why a domain does not work at its rate; "" if it does."""
    if domain.get("cooling_until", 0.0) > now + 1:
        return f"{rest_text(domain['cooling_until'], now)}: {one_line(domain.get('reason', ''))}"
    if "state" in domain:
        reason = one_line(domain.get("reason", ""))
        return f"{domain['state']}: {reason}" if reason else domain["state"]
    return domain.get("slow_because", "")
