"""The lines of the live panel: state, bar and figures, domains, failures; each cut to the width of the terminal.

Text is measured in terminal cells, because a wide character takes two.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from tlray.cli.progress_text import (
    ENDED,
    Failure,
    LastFailures,
    decides,
    eta_text,
    in_order,
    n_more_domains,
    pace_text,
    state_words,
    waiting_workers,
    why_text,
)
from tlray.core.model.amounts import rate
from tlray.core.model.printable import one_line
from tlray.core.model.progress import BatchStatus, n_done
from tlray.core.scheduling.estimate_text import missing_words

MAX_DOMAINS: Final = 8
MIN_BAR, GOOD_BAR, WIDE_BAR = 6, 10, 30
"""Cells of the bar that more and less important figures leave."""
NARROW: Final = 60
"""In a narrower terminal the reason of a rest stands in the place of the figures."""
WIDE: Final = 100
"""In a terminal as wide, pages in flight have a column."""
SMALL: Final = 30
"""In a terminal of less, a line is a domain and its open items, or a failure without its URL."""
NAME_SHARE: Final = 0.4
"""A domain's name takes at most this part of the width, in a small terminal more."""
MIN_TAIL: Final = 8
"""The end of a URL is shown if it has room for so many cells."""


def fit(text: str, width: int) -> str:
    """Cut a text to a number of cells, with an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def fit_url(url: str, width: int) -> str:
    """Cut a URL once, behind its host: the end of the path tells pages apart."""
    short = url.removeprefix("https://").removeprefix("http://")
    if cell_len(short) <= width:
        return short
    host, slash, _ = short.partition("/")
    room = width - cell_len(host + slash) - 1
    if room < MIN_TAIL:
        return fit(short, width)
    tail = short[-room:]
    while cell_len(tail) > room:
        tail = tail[1:]
    return f"{host}{slash}…{tail}"


def panel(
    status: BatchStatus,
    *,
    width: int,
    height: int,
    now: float,
    failures: LastFailures,
    lost: str = "",
    is_ascii: bool = False,
) -> list[Text]:
    """Return the lines of the live panel, at most ``height`` of at most ``width`` cells; ``lost`` says that it is not of now."""
    is_running = status["state"] == "running" and not lost
    head = _head(status, width, now, is_running=is_running, is_ascii=is_ascii)
    goes_on = status["state"] not in (*ENDED, "cancelling")
    errors = [_failure(failure, width) for failure in failures.newest if failure.is_dead or goes_on]
    if status["state"] in ENDED:
        return [head, *errors][:height]
    words = [*([lost] if lost else []), *state_words(status), *waiting_workers(status)]
    if is_running and (why := one_line(missing_words(status))) not in head.plain:
        words.append(f"no ETA yet: {why}")
    marked = [Text(fit(f"  {one_line(line)}", width), "yellow", no_wrap=True) for line in words]
    room = max(0, min(MAX_DOMAINS, height - 1 - len(marked) - len(errors)))
    return [head, *marked, *_domains(status, width, room, now), *errors][:height]


class _Figure(NamedTuple):
    """Words of the head, from the longest to the shortest, each with the bar that it leaves at least."""

    place: int
    words: tuple[tuple[str, int], ...]
    style: str = ""


def _figures(status: BatchStatus, now: float, *, is_running: bool) -> list[_Figure]:
    """Return the figures of the head, the most important first."""
    counts = status["counts"]
    found = [_Figure(0, ((f"{n_done(counts):,}/{status['total']:,}", 0),))]
    if is_running:
        eta, domain = f"ETA {eta_text(status, now)}", decides(status)
        longest = (
            ((f"{eta} ({fit(domain, 30)})", GOOD_BAR),) if domain and status.get("n_domains", 0) > 1 else ()
        )
        shortest = (("ETA ?", 0),) if eta.startswith("ETA ?") else ()
        found.append(_Figure(9, (*longest, (eta, MIN_BAR), (eta, 0), *shortest)))
        found.append(_Figure(1, ((rate(status["rate_per_min"] / 60), MIN_BAR),)))
    found += [
        _Figure(4 + n, ((f"{counts[state]:,} {state}", MIN_BAR),), style)
        for n, (state, style) in enumerate((("dead", "red"), ("cancelled", "")))
        if counts.get(state)
    ]
    if n_flying := counts.get("leased", 0):
        found.append(_Figure(2, ((f"{n_flying:,} in flight", WIDE_BAR),)))
    if n_tracks := status.get("tracks", 0):
        found.append(_Figure(3, ((f"{n_tracks:,} tracks", WIDE_BAR),)))
    return found


def _head(status: BatchStatus, width: int, now: float, *, is_running: bool, is_ascii: bool) -> Text:
    """Return state, bar and figures; the least important figures are left out where there is no room."""
    state, total = status["state"], status["total"]
    shown: list[tuple[int, str, str]] = []
    used = cell_len(state)
    for figure in _figures(status, now, is_running=is_running):
        for words, bar in figure.words:
            if used + 2 + cell_len(words) + (2 + bar if bar else 0) <= width:
                shown.append((figure.place, words, figure.style))
                used += 2 + cell_len(words)
                break
    text = Text(no_wrap=True).append(fit(state, width), "bold")
    room = width - used - 2
    if room >= MIN_BAR:
        n = room * n_done(status["counts"]) // total if total else room
        filled, empty = ("#", ".") if is_ascii else ("━", "─")
        text.append("  " + filled * n, "green").append(empty * (room - n), "bright_black")
    for _, words, style in sorted(shown):
        text.append("  " + words, style)
    return text


def _domains(status: BatchStatus, width: int, room: int, now: float) -> list[Text]:
    """Return a line for each of the domains that decide when the batch ends."""
    order = in_order(status, now)
    if not order or room <= 0:
        return []
    n_more, _ = n_more_domains(status, order[:room])
    order = order[: room - 1 if n_more else room]
    names = [one_line(name) for name in order]
    is_small = width < SMALL
    columns = [f"{status['domains'][name]['open']:,}{'' if is_small else ' open'}" for name in order]
    open_width = max(map(len, columns), default=0)
    most = width - open_width - 4 if is_small else int(NAME_SHARE * width)
    name_width = min(max(0, most), max(map(cell_len, names), default=0))
    lines = []
    for name, shown, is_open in zip(order, names, columns, strict=True):
        domain = status["domains"][name]
        why = why_text(domain, now)
        name_cell, open_cell = set_cell_size(fit(shown, name_width), name_width), f"{is_open:>{open_width}}"
        if is_small:
            cells = [name_cell, open_cell]
        elif width < NARROW and why:
            cells = [name_cell, why]
        else:
            flying = f"{domain['in_flight']:>2,} in flight" if width >= WIDE and "in_flight" in domain else ""
            cells = [name_cell, open_cell, flying, pace_text(domain), why]
        lines.append(
            Text(fit("  " + "  ".join(filter(None, cells)), width), "yellow" if why else "", no_wrap=True)
        )
    if n_more:
        n_more, n_elsewhere = n_more_domains(status, order)
        more = f"  {n_more:,} more domain{'' if n_more == 1 else 's'}  {n_elsewhere:,} open"
        lines.append(Text(fit(more, width), "bright_black", no_wrap=True))
    return lines


def _failure(failure: Failure, width: int) -> Text:
    """Return a failure on one line: whether it is tried again, why, and the URL, whose end stays."""
    mark = "  dead   " if failure.is_dead else "  retry  "
    room = max(0, width - len(mark))
    url, reason = failure.url, failure.reason
    style = "red" if failure.is_dead else "yellow"
    if width < SMALL:
        return Text(fit(f"{mark}{reason}", width), style, no_wrap=True)
    if cell_len(reason) + 2 + cell_len(url) > room:
        url = fit_url(url, max(room // 2, room - cell_len(reason) - 2))
        reason = fit(reason, max(0, room - cell_len(url) - 2))
    return Text(fit(f"{mark}{reason}: {url}", width), style, no_wrap=True)
