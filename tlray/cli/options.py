"""Options that several commands share, and the parsers of their values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from tlray.core.model.discovery import DEFAULT_FOUND
from tlray.core.model.durations import LONGEST_S, parse_duration_s
from tlray.errors import UsageError
from tlray.scrape_options import ScrapeOptions

MAX_DIGITS = 18
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Where everything lies; by default $TLRAY_HOME, else ~/.tlray.",
        show_default=False,
    ),
]

ApiTermsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--api-terms",
        metavar="SITE",
        help="Use the API of this site under its own published terms, although robots.txt disallows it; such as musicbrainz.",
    ),
]


FindOption = Annotated[
    bool,
    typer.Option("--find", help="Scrape what pages list, too: a category, a search, a show, a DJ, a feed."),
]

MaxFoundOption = Annotated[
    int | None,
    typer.Option(
        "--max-found",
        metavar="N",
        help=f"Sets to find at most, over the whole batch; by default {DEFAULT_FOUND:,}.",
    ),
]


def duration_s(text: str, option: str) -> float:
    """Read ``90s``, ``30m``, ``2h`` or ``1d`` as seconds; UsageError names the option."""
    try:
        seconds = parse_duration_s(text)
    except ValueError as error:
        raise UsageError(f"{option} {error}") from None
    if seconds > LONGEST_S:
        raise UsageError(f"{option} {text[:40]!r} is more than 366d")
    return seconds


def per_domain(pairs: Iterable[str], option: str, example: str) -> dict[str, str]:
    """Read repeated ``DOMAIN=VALUE`` options; UsageError says what is wrong with the first bad one."""
    values: dict[str, str] = {}
    for pair in pairs:
        domain, equals, value = pair.partition("=")
        if not equals or not domain.strip() or not value.strip() or "/" in domain:
            raise UsageError(f"{option} {pair!r} is not of the form DOMAIN=VALUE, such as {option} {example}")
        values[domain.strip().lower()] = value.strip()
    return values


def is_whole(text: str) -> bool:
    """True if a text is a whole number of a length that means something: Python reads no numbers of thousands of digits."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def attempts(values: Iterable[str]) -> tuple[int | None, dict[str, int]]:
    """Read repeated ``N`` and ``DOMAIN=N``: for all domains (None: not said), and for single ones."""
    values = list(values)
    of_all = [value for value in values if "=" not in value]
    pairs = per_domain((value for value in values if "=" in value), "--max-attempts", "example.org=2")
    for value in (*of_all, *pairs.values()):
        if not is_whole(value):
            raise UsageError(f"--max-attempts {value[:40]!r} is no whole number; write 3, or example.org=3")
    return (int(of_all[-1]) if of_all else None), {domain: int(n) for domain, n in pairs.items()}


def asked_options(  # noqa: PLR0913 - an argument for each option that two commands share
    rate: list[str] | None, concurrency: list[str] | None, ignored: list[str] | None, name: str, priority: str,
    max_attempts: list[str], *, api_terms: list[str] | None = None, find: bool = False, max_found: int | None = None,
    is_only: bool = False, keep_pages: bool, fresh_for: str,
) -> ScrapeOptions:  # fmt: skip
    """Return what is asked for with a list; UsageError says which option cannot be read."""
    at_once = {}
    for domain, value in per_domain(concurrency or [], "--concurrency", "example.org=2").items():
        if not is_whole(value):
            raise UsageError(f"--concurrency {domain}={value[:40]!r} is no whole number, such as {domain}=2")
        at_once[domain] = int(value)
    of_all, of_domains = attempts(max_attempts)
    if max_found is not None and not find:
        raise UsageError("--max-found bounds what --find finds; add --find")
    return ScrapeOptions(
        name=name,
        priority=priority,
        rates=per_domain(rate or [], "--rate", "example.org=2/s"),
        concurrency=at_once,
        ignore_crawl_delay=tuple(ignored or ()),
        max_attempts=of_all,
        domains={domain: {"max_attempts": n} for domain, n in of_domains.items()},
        api_terms=tuple(api_terms or ()),
        find=find if max_found is None else {"max_found": max_found, "only": is_only},
        keep_pages=keep_pages,
        fresh_for=fresh_for,
    )
