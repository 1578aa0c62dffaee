"""``tlray scrape``: one batch to its end, on this machine's own Ray or on the cluster at RAY_ADDRESS; and ``tlray retry``."""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlray.batch_run import BatchResult, Listeners, resume_hint, run_batch
from tlray.cli.command_end import (
    draining,
    end_at_once,
    exit_if_incomplete,
    say,
    say_what_is_left,
    summary_line,
)
from tlray.cli.export import export_batch
from tlray.cli.intake_summary import print_received
from tlray.cli.options import (
    ApiTermsOption,
    FindOption,
    HomeOption,
    MaxFoundOption,
    asked_options,
    duration_s,
)
from tlray.cli.path_checks import see_that_files_are_there, see_that_they_can_be_written
from tlray.cli.progress import display
from tlray.cli.service_options import OrService, service
from tlray.cli.service_status import retry_on
from tlray.cli.status import quality_of
from tlray.cli.wait_notice import WaitingLines
from tlray.core.model.amounts import plural
from tlray.core.model.progress import n_done
from tlray.errors import Interrupted, RayLost, UsageError
from tlray.export.formats import parse_spec
from tlray.io.disk.home import Home
from tlray.io.intake.url_list import open_arguments
from tlray.io.journal.opening import open_reader, require_readable
from tlray.scrape_options import ScrapeOptions
from tlray.settings import Settings, read_settings

if TYPE_CHECKING:
    from tlray.cluster.driver.client import Submitted
    from tlray.core.submission.lines import Chunk

Urls = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[URL|FILE|-]...",
        help="URLs, files with one URL a line (.gz too), or - for stdin.",
        show_default=False,
    ),
]


def scrape(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    urls: Urls = None,
    home: HomeOption = None,
    resume: Annotated[
        str | None, typer.Option(metavar="BATCH_ID", help="Go on with a batch that was interrupted.")
    ] = None,
    name: Annotated[str, typer.Option(help="A name to find the batch by.")] = "",
    priority: Annotated[str, typer.Option(help="immediate, normal or low.")] = "normal",
    rate: Annotated[
        list[str] | None,
        typer.Option(metavar="DOMAIN=N/s", help="Fetches a second; N/8s, N/m and N/s:BURST too."),
    ] = None,
    concurrency: Annotated[
        list[str] | None, typer.Option(metavar="DOMAIN=N", help="Fetches in flight at once.")
    ] = None,
    ignore_crawl_delay: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DOMAIN",
            help="The owner of the site agreed to a higher rate than its robots.txt asks for.",
        ),
    ] = None,
    api_terms: ApiTermsOption = None,
    find: FindOption = False,
    max_found: MaxFoundOption = None,
    max_attempts: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N|DOMAIN=N",
            help="Attempts before an item is a dead letter, for all domains or for one; by default 5.",
        ),
    ] = None,
    domains_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Manners of single domains, and retries; by default domains.toml in the home.",
            show_default=False,
        ),
    ] = None,
    max_wait: Annotated[
        str | None,
        typer.Option(metavar="2h", help="Give up (exit 4) when every domain cools down for longer."),
    ] = None,
    max_workers: Annotated[
        int | None, typer.Option(help="Scrape tasks at once while this batch runs; by default the cores.")
    ] = None,
    fresh_for: Annotated[
        str,
        typer.Option(
            metavar="24h",
            help="A page that any batch of the home has fetched so lately is taken from there; 0: fetch every page.",
        ),
    ] = "24h",
    export: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT[:PATH]", help="Export at the end; see `tlray formats`."),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(
            help="Your e-mail or web page, for the sites' owners, of this batch; needed for public hosts."
        ),
    ] = None,
    no_archive: Annotated[
        bool, typer.Option("--no-archive", help="Do not keep the pages as they came.")
    ] = False,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Start the Ray dashboard with a Ray of our own.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Submit, and leave the batch to the cluster at RAY_ADDRESS.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON line.")] = False,
) -> None:
    """Scrape tracklists: every page once, politely, in parallel; Ctrl-C drains, --resume goes on.

    Example: tlray scrape urls.txt --contact you@example.org --export cue --export csv:tracks.csv
    """
    settings = read_settings(home=home, contact=contact, max_workers=max_workers, domains_file=domains_file)
    exports = [(format_, path) for format_, path in map(parse_spec, export or [])]
    see_that_they_can_be_written(exports)
    if detach and (exports or max_wait is not None):
        raise UsageError("--detach does not wait for the batch: leave --export and --max-wait out")
    wait_s = None if max_wait is None else duration_s(max_wait, "--max-wait")
    if resume is None:
        options = asked_options(
            rate,
            concurrency,
            ignore_crawl_delay,
            name,
            priority,
            max_attempts or [],
            api_terms=api_terms,
            find=find,
            max_found=max_found,
            keep_pages=not no_archive,
            fresh_for=fresh_for,
        )
        batch, _ = options.checked(settings)
        for domain in sorted(batch.politeness.crawl_delay_ignored):
            sys.stderr.write(
                f"warning: the crawl-delay of {domain} is ignored, because you say that its owner agreed\n"
            )
        for site in batch.terms.api_terms if batch.terms else ():
            sys.stderr.write(
                f"warning: the API of {site} is used under its own terms, though its robots.txt disallows it\n"
            )
        if not urls:
            raise UsageError("no URL given; give URLs, a file with one URL a line, or - for stdin")
        see_that_files_are_there(urls)
        lines = open_arguments(urls)
    else:
        if urls:
            raise UsageError("--resume goes on with a batch as it is; leave the URLs out")
        options, lines = None, iter(())
    overrides = {"contact": contact, "max_workers": max_workers}
    result = run_to_end(
        settings, lines, options, resume, wait_s, dashboard=dashboard, detach=detach, overrides=overrides
    )
    if detach:
        _tell_detached(result, as_json=as_json)
        return
    for format_, path in exports:
        export_batch(Home.of(settings.home, settings.storage), result.batch_id, format_, path)
    print_end(result, as_json=as_json)


def retry(
    batch_id: Annotated[str, typer.Argument(help="The batch whose dead letters are to be tried again.")],
    home: HomeOption = None,
    url: OrService = None,
    item: Annotated[
        list[int] | None,
        typer.Option(min=1, max=2**63 - 1, help="Only this item (repeatable); `tlray dead` shows the ids."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only dead letters whose reason contains this word.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON line.")] = False,
) -> None:
    """Try dead letters again, and go on to the batch's end.

    Example: tlray retry 20261123-120000-a1b2c3 --reason timeout
    """
    if url is not None:
        with service(url, home=home) as client:
            retry_on(client, batch_id, items=item, reason=reason, as_json=as_json)
        return
    settings = read_settings(home=home)
    result = run_to_end(
        settings,
        iter(()),
        None,
        batch_id,
        None,
        dashboard=False,
        retry_dead={"item_ids": item, "reason": reason},
    )
    print_end(result, as_json=as_json)


def run_to_end(  # noqa: PLR0913 - what is asked of a new batch, and of one that goes on
    settings: Settings, lines: Iterator[str], options: ScrapeOptions | None, resume: str | None, wait_s: float | None,
    *, dashboard: bool, detach: bool = False, retry_dead: dict[str, Any] | None = None, overrides: dict[str, Any] | None = None,
    files: Iterator[Chunk] | None = None, keeps: Callable[[str], bool] = lambda batch_id: True,
) -> BatchResult:  # fmt: skip
    """Run a new batch, of URLs or of files, or one that goes on, and show how far it is."""
    home = Home(settings.home)
    messages = Talk(resume)
    done, total = messages.resumed(home) if resume is not None else (0, None)
    shown = display(done, total)
    listeners = Listeners(
        on_start=lambda: say(f"{which_ray(home)} …"),
        on_submitted=messages.submitted,
        on_wait=WaitingLines().tell,
        on_progress=shown.show,
        wants_items=True,
        on_paused=messages.paused,
        on_lost=messages.lost,
        keeps=keeps,
    )
    try:
        # Ray prints what it has to say of its processes; stdout is for data
        with draining(messages.stopping, shown.close), redirect_stdout(sys.stderr):
            return run_batch(
                lines, settings=settings, options=options, resume=resume, retry_dead=retry_dead, overrides=overrides,
                max_wait_s=wait_s, files=files,
                dashboard=dashboard, detach=detach, listeners=listeners, stopping=messages.stopping,
            )  # fmt: skip
    except KeyboardInterrupt:
        raise Interrupted(messages.batch_id) from None
    finally:
        shown.close()


class Talk:
    """The lines on stderr about one batch, and the last line where Ray dies under it."""

    def __init__(self, batch_id: str | None) -> None:
        self.batch_id = batch_id or ""
        self.stopping = threading.Event()

    def resumed(self, home: Home) -> tuple[int, int]:
        """Say how far the batch is, as the journal has it; return its finished items and all of them."""
        require_readable(home)
        with open_reader(home.path) as journal:
            counts = journal.totals(journal.batch(self.batch_id))
        done, total = n_done(counts), sum(counts.values())
        say(f"batch {self.batch_id}: {done:,} of {plural(total, 'item')} done")
        return done, total

    def submitted(self, submitted: Submitted) -> None:
        """Say what became of the list."""
        self.batch_id = submitted.batch_id
        rejected = [line for line in submitted.refused if line.first_line is None]
        duplicates = [line for line in submitted.refused if line.first_line is not None]
        hint = f"`tlray status {submitted.batch_id} --lines` (with the same --home) names them all"
        print_received(
            submitted.batch_id,
            submitted.total,
            submitted.n_rejected,
            submitted.n_duplicates,
            rejected,
            duplicates,
            hint=hint,
            warnings=submitted.warnings,
        )

    def paused(self, batch_id: str) -> None:
        """Say that a drain has begun, and how to go on: whoever sent SIGTERM may not wait for its end."""
        say(f"batch {batch_id} is paused; {resume_hint(batch_id)}")

    def lost(self, what: str, kill_rest: Callable[[], None]) -> None:
        """End the process, from the watch's thread: the main thread may wait for Ray for ever."""
        stopped = self.stopping.is_set()  # the signal has reached Ray's processes too
        error = Interrupted(self.batch_id) if stopped else RayLost(what, resume_hint(self.batch_id))
        end_at_once(f"tlray: {error}", error.exit_code, first=kill_rest)


def which_ray(home: Home) -> str:
    """Say which Ray will do the work, as far as can be seen at once; `tlray.cluster.driver.session` finds it."""
    address = os.environ.get("RAY_ADDRESS")
    if address and address != "local":
        return f"joining Ray (RAY_ADDRESS={address})"
    return f"joining the Ray that works in {home.path}" if not address and home.is_held() else "starting Ray"


def _tell_detached(result: BatchResult, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result.to_json()) + "\n")
    where = f"{result.batch_id} --home {result.home}"
    say(
        f"the coordinator goes on with batch {result.batch_id} ({plural(result.total, 'set')}) without this process"
    )
    say(f"`tlray status {where}` shows how far it is, `tlray scrape --resume {where}` follows it to its end")


def print_end(result: BatchResult, *, as_json: bool) -> None:
    """Print how a batch ended; exit code 3 where it is not complete."""
    home = Path(result.home)
    if as_json:
        quality = quality_of(home, result.batch_id) if result.tracks else None
        sys.stdout.write(json.dumps({**result.to_json(), "quality": quality}) + "\n")
    storage = Home.of(home, read_settings().storage).storage
    place = f"{storage.uri if storage else home}/results/{result.batch_id}"
    sys.stderr.write(f"{summary_line(result)}\nresults in {place}\n")
    if result.n_found:
        with open_reader(home) as journal:
            terms = journal.batch(result.batch_id).options.terms
        say_what_is_found(result.n_found, 0 if terms is None else terms.max_found)
    is_default = home == read_settings().home
    say_what_is_left(
        result, result.batch_id if is_default else f"{result.batch_id} --home {shlex.quote(str(home))}"
    )
    exit_if_incomplete(result)


def say_what_is_found(n_found: int, max_found: int) -> None:
    """Say how many sets pages of lists have added, and how to go on where that is as many as may be."""
    say(f"found on pages that list them: {plural(n_found, 'set')}")
    if 0 < max_found <= n_found:
        say(
            f"--max-found {max_found:,} is reached: the reason of each page says what was left out; run it again with a"
            " larger one, and sets that were fetched lately are not fetched again"
        )
