"""``tlray doctor``: check a set-up and say how to correct what is wrong. It starts no Ray and changes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from tlray.cli.options import HomeOption
from tlray.io.doctor.report import Grade, Result, examine
from tlray.settings import read_settings

CANNOT_WORK = 4
MARKS = {Grade.OK: "ok     ", Grade.WARNING: "warning", Grade.FAILED: "FAILED "}


def doctor(
    home: HomeOption = None,
    site: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Look at the robots.txt of this site, too (repeatable)."),
    ] = None,
    contact: Annotated[
        str | None, typer.Option(help="As for `tlray scrape`; by default TLRAY_CONTACT.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check machine, Ray, home, journal, storage and servers; exit 4 where a check failed.

    A warning (exit 0) is about something that works. Servers are asked as the settings (TLRAY_…) name them.

    Example: tlray doctor --site https://www.1001tracklists.com
    """
    from tlray.io.doctor.checks import LATE, checks_of  # noqa: PLC0415 - what it asks all parts with is loaded here
    from tlray.io.doctor.sites import site_url  # noqa: PLC0415

    settings = read_settings(home=home, contact=contact)
    urls = list(dict.fromkeys(map(site_url, site or [])))
    results = examine(checks_of(settings, urls), late=LATE)
    print(json.dumps(_document(results)) if as_json else _text(results))
    n_failed = sum(result.grade is Grade.FAILED for result in results.values())
    n_warnings = sum(result.grade is Grade.WARNING for result in results.values())
    sys.stderr.write(f"{len(results)} checks: {n_failed} failed, {n_warnings} warnings\n")
    if n_failed:
        raise typer.Exit(CANNOT_WORK)


def _document(results: Mapping[str, Result]) -> dict[str, object]:
    grades = [result.grade for result in results.values()]
    rows = [
        {"check": name, "status": result.grade.value, "what": result.what, "hint": result.hint or None}
        for name, result in results.items()
    ]
    return {**{grade.value: grades.count(grade) for grade in Grade}, "checks": rows}


def _text(results: Mapping[str, Result]) -> str:
    width = max(map(len, (name for name in results if " " not in name)))
    lines = []
    for name, result in results.items():
        lines.append(f"{MARKS[result.grade]}  {name.partition(' ')[0]:<{width}}  {result.what}")
        if result.hint and result.grade is not Grade.OK:
            lines.append(f"{'':{len(MARKS[Grade.OK]) + width + 4}}→ {result.hint}")
    return "\n".join(lines)
