"""``tlray submit``: hand a list to a running service; short or of a million lines, all of it or nothing."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, TextIO

import typer

from tlray.cli.command_end import INCOMPLETE
from tlray.cli.intake_summary import print_received
from tlray.cli.options import ApiTermsOption, FindOption, MaxFoundOption, asked_options, duration_s, is_whole
from tlray.cli.scrape import Urls
from tlray.cli.service_options import ServiceUrl, service
from tlray.cli.stdio import terminal
from tlray.cli.watch import follow_to_end
from tlray.core.submission.lines import RefusedLine
from tlray.core.submission.rules import NoGoodLine
from tlray.errors import Interrupted, UsageError
from tlray.io.client.http_client import DEFAULT_URL, ServiceClient
from tlray.io.client.submit import SUBMIT, send_list
from tlray.io.intake.url_list import open_arguments
from tlray.scrape_options import ScrapeOptions

TELL_EVERY_S = 5.0


def submit(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    urls: Urls = None,
    url: ServiceUrl = DEFAULT_URL,
    name: Annotated[str, typer.Option(help="A name to find the batch by.")] = "",
    priority: Annotated[str, typer.Option(help="immediate, normal or low.")] = "normal",
    rate: Annotated[
        list[str] | None, typer.Option(metavar="DOMAIN=N/s", help="Fetches a second; N/8s, N/m and N/s:BURST too.")
    ] = None,
    concurrency: Annotated[
        list[str] | None, typer.Option(metavar="DOMAIN=N", help="Fetches in flight at once.")
    ] = None,
    ignore_crawl_delay: Annotated[
        list[str] | None,
        typer.Option(metavar="DOMAIN", help="The owner of the site agreed to more than its robots.txt asks for; an admin's."),
    ] = None,
    api_terms: ApiTermsOption = None,
    find: FindOption = False,
    max_found: MaxFoundOption = None,
    max_attempts: Annotated[
        list[str] | None,
        typer.Option(metavar="N|DOMAIN=N", help="Attempts before an item is a dead letter; by default 5."),
    ] = None,
    fresh_for: Annotated[
        str | None,
        typer.Option(metavar="24h", help="Pages fetched so lately are not fetched again; by default 24h, 0: fetch all."),
    ] = None,
    no_archive: Annotated[bool, typer.Option("--no-archive", help="Do not keep the pages as they came.")] = False,
    not_before: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Nothing begins before, such as 2026-12-31T03:00+01:00.")
    ] = None,
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="Told of the end, of dead letters, of blocks.")] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Told of the same.")] = None,
    template: Annotated[str | None, typer.Option(metavar="NAME", help="A template, in the place of URLs.")] = None,
    var: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A value for it, or 1..50; said again, one more.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Sent again under the same key, a list makes no second batch.")
    ] = None,
    max_wait: Annotated[
        str | None, typer.Option(metavar="10m", help="Give up (exit 4) when there is no room for so long.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the batch to its end.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the receipt, or with --watch the summary, as one JSON line.")
    ] = False,
) -> None:  # fmt: skip
    """Hand a list to a running service, all of it or nothing; prints the batch's id, with --watch on stderr.
    Exit 3 when lines were rejected.

    Example: tlray submit urls.txt --url http://127.0.0.1:8000 --watch
    """
    options = asked_options(
        rate, concurrency, ignore_crawl_delay, name, priority, max_attempts or [],
        api_terms=api_terms, find=find, max_found=max_found, keep_pages=not no_archive, fresh_for=fresh_for or "24h",
    )  # fmt: skip
    options.checked()
    moment = None if not_before is None else _moment(not_before)
    asked = {**_asked(options, fresh_for), "not_before": moment, "webhook": webhook, "email": email}
    asked = {name: value for name, value in asked.items() if value is not None}
    max_wait_s = math.inf if max_wait is None else duration_s(max_wait, "--max-wait")
    if template is None and not urls:
        raise NoGoodLine(())
    if template is not None and urls:
        raise UsageError("give URLs or --template, not both")
    if template is None and var:
        raise UsageError("--var gives a value to a --template; name one")
    values = variables(var or [])
    is_kept, key = key is not None, key or secrets.token_hex(16)
    with service(url) as client:
        if template is not None:
            body = {**asked, "template": template, "variables": values}
            answer = client.request("POST", SUBMIT, body=body, key=key, max_wait_s=max_wait_s)
        else:
            sent, lines = SendingLines(), open_arguments(urls or [])
            try:
                answer = send_list(
                    client, lines, asked, key=key, is_kept=is_kept, max_wait_s=max_wait_s, on_sent=sent.tell
                )
            except KeyboardInterrupt:
                raise Interrupted("") from None
            finally:
                sent.close()
        _end(client, answer, watch=watch, as_json=as_json)


def variables(pairs: list[str]) -> dict[str, Any]:
    """Read repeated ``NAME=VALUE``: one value, several, or a range ``1..50``."""
    values: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise UsageError(f"--var {pair!r} is not of the form NAME=VALUE, such as --var year=2026")
        values.setdefault(name.strip(), []).append(value.strip())
    return {name: _value(values) for name, values in values.items()}


def _value(values: list[str]) -> object:
    first, dots, last = values[0].partition("..")
    if len(values) == 1 and dots and all(map(is_whole, (first, last))):
        return {"from": int(first), "to": int(last)}
    return values if len(values) > 1 else values[0]


def _asked(options: ScrapeOptions, fresh_for: str | None) -> dict[str, Any]:
    """Return the options as a request says them: only those that were given, for a template may say others."""
    plain = ScrapeOptions()
    given = {f.name: getattr(options, f.name) for f in fields(options)}
    given = {name: value for name, value in given.items() if value != getattr(plain, name)}
    if fresh_for is not None:
        given["fresh_for"] = fresh_for
    of_batch: dict[str, Any] = {name: given.pop(name) for name in ("name", "priority") if name in given}
    return {**of_batch, "options": {n: list(v) if isinstance(v, tuple) else v for n, v in given.items()}}


def _moment(text: str) -> str:
    """Return a moment with its offset; one without any is this machine's."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.astimezone()).isoformat()
    except (
        ValueError,
        OverflowError,
    ):  # the first and the last day of the calendar are in no other time zone
        raise UsageError(
            f"--not-before {text[:40]!r} is no moment; write 2026-12-31T03:00 or …T03:00+01:00"
        ) from None


def _end(client: ServiceClient, answer: dict[str, Any], *, watch: bool, as_json: bool) -> None:
    rejected, duplicates = receipt_lines(answer)
    print_received(
        answer["batch_id"], answer["total"], answer["n_rejected"], answer["duplicates"], rejected, duplicates,
        hint="--json has the first 1,000", warnings=answer.get("warnings", ()),
    )  # fmt: skip
    if watch:
        follow_to_end(client, answer["batch_id"], as_json=as_json)
        return
    print(json.dumps(answer) if as_json else answer["batch_id"])
    if answer["n_rejected"]:
        raise typer.Exit(INCOMPLETE)


def receipt_lines(receipt: dict[str, Any]) -> tuple[list[RefusedLine], list[RefusedLine]]:
    """Return the rejected and the duplicate lines of a receipt."""
    rejected = [RefusedLine(row["line"], row["url"], row["reason"]) for row in receipt["rejected"]]
    duplicates = [
        RefusedLine(row["line"], row["url"], f"same page as line {row['first_line']}", row["first_line"])
        for row in receipt["duplicate_lines"]
    ]
    return rejected, duplicates


class SendingLines:
    """Tells how much of a list has been sent: in place on a terminal, a line every 5 s elsewhere."""

    def __init__(
        self, what: str = "lines", *, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._out = out or terminal()
        self._clock = clock
        self._next_at = clock() + TELL_EVERY_S
        self._is_on_a_line = False

    def tell(self, n_lines: int, n_pieces: int) -> None:
        """Say it, if it is time to."""
        words = f"sent {n_lines:,} {self._what} in {n_pieces:,} pieces"
        if self._out.isatty():
            self._out.write(f"\r{words}")
            self._is_on_a_line = True
        elif self._clock() >= self._next_at:
            self._next_at = self._clock() + TELL_EVERY_S
            self._out.write(f"{words}\n")
        self._out.flush()

    def close(self) -> None:
        """Leave the last words where they stand."""
        if self._is_on_a_line:
            self._out.write("\n")
