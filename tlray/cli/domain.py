"""``tlray domain``: the state of a domain; end its rest, set its rate, pause it.

With ``--url`` a running service is asked, by an admin's token; else the home's coordinator, or its journal where none works.
"""

from __future__ import annotations

import json
import time
import urllib.parse
from pathlib import Path
from typing import Annotated

import typer

from tlray.cli.offline_control import by_coordinator
from tlray.cli.options import HomeOption
from tlray.cli.service_options import Json, OrService, service
from tlray.core.model.durations import spacing_in_words
from tlray.core.model.progress import DomainStatus
from tlray.core.politeness.rate_text import parse_rate
from tlray.core.politeness.site_profile import parse_politeness_key
from tlray.errors import UsageError
from tlray.io.client.responses import one_line
from tlray.io.disk.home import Home
from tlray.io.disk.local_time import rest_text
from tlray.io.journal.domain_status import stored_statuses
from tlray.io.journal.opening import has_journal, open_reader
from tlray.io.offline.opening import offline_journal
from tlray.settings import read_settings

NO_RATE = "none"


def domain(
    host: Annotated[str, typer.Argument(help="A host, or host:port for that port alone.")],
    home: HomeOption = None,
    url: OrService = None,
    lift: Annotated[
        bool,
        typer.Option("--lift", help="End its rest now: the site's owner agrees, or the answer was absurd."),
    ] = False,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="N/s", help=f"Fetches a second at most, for all batches; {NO_RATE} takes it back."
        ),
    ] = None,
    pause: Annotated[
        bool | None, typer.Option("--pause/--no-pause", help="Begin nothing more of it, or go on.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how a domain stands: its rate, and why and until when it rests; or steer it.

    Example: tlray domain 1001tracklists.com --lift
    """
    try:
        name = parse_politeness_key(host)
    except ValueError as error:
        raise UsageError(str(error)) from None
    changes: dict[str, object] = {}
    if rate is not None:
        changes["rate"] = None if rate == NO_RATE else _rate(rate)
    if pause is not None:
        changes["is_paused"] = pause
    if url is not None:
        rows = [_of_service(url, home, name, changes, is_lifted=lift)]
    else:
        rows = _of_home(home, name, changes, is_lifted=lift)
    for one in rows:
        print(json.dumps(one) if as_json else _text(one, time.time()))


def _rate(text: str) -> float:
    try:
        rate, burst = parse_rate(text)
    except ValueError as error:
        raise UsageError(f"--rate: {error}") from None
    if burst != 1:
        raise UsageError(
            f"--rate {text!r}: a rate for all batches has no burst and is not found by itself; write 2/s"
        )
    return rate


def _of_service(
    url: str, home: Path | None, name: str, changes: dict[str, object], *, is_lifted: bool
) -> DomainStatus:
    path = f"/api/v1/domains/{urllib.parse.quote(name, safe='')}"
    names = {"rate": "max_rate", "is_paused": "paused"}
    body: dict[str, object] = {names[key]: value for key, value in changes.items()}
    if is_lifted:
        body["lift"] = True
    with service(url, home=home) as client:
        domain: DomainStatus = (
            client.request("PATCH", path, body=body) if body else client.request("GET", path)
        )
    return domain


def _of_home(
    home: Path | None, name: str, changes: dict[str, object], *, is_lifted: bool
) -> list[DomainStatus]:
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    rows = _as_it_is(where, name)
    if not rows and not changes:
        raise UsageError(f"nothing was ever to be fetched from {name} in {where.path}")
    if changes or is_lifted:
        if by_coordinator(where, lambda c: c.set_domain(name, changes, is_lifted)) is None:
            with offline_journal(where) as journal:
                journal.set_domain(name, changes, lift_at=time.time() if is_lifted else None)
        return _as_it_is(where, name)
    return by_coordinator(where, lambda c: c.domains_of_host(name)) or rows


def _as_it_is(home: Home, name: str) -> list[DomainStatus]:
    """Return what the journal knows of a domain, and of a host at its ports."""
    if not has_journal(home):
        return []
    with open_reader(home.path) as journal:
        return stored_statuses(journal, name, wall=time.time())


def _text(domain: DomainStatus, now: float) -> str:
    """Return one line: how fast, whether it is paused, and its rest."""
    pace = (
        "no ceiling" if domain["max_rate"] is None else f"at most {spacing_in_words(1 / domain['max_rate'])}"
    )
    words = [f"{pace}, {domain['concurrency']} at a time"]
    if domain["paused"]:
        words.append("paused by an admin")
    if domain["cooling_until"] is not None:
        words.append(rest_text(domain["cooling_until"], now))
    if domain["reason"]:
        words.append(one_line(domain["reason"]))
    return f"{domain['domain']}: " + "; ".join([*words, f"{domain['open']} items open"])
