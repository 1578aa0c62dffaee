"""``tlray reparse``: today's parsers read the archive again; nothing is fetched."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from tlray.cli.command_end import INCOMPLETE, draining, say
from tlray.cli.options import HomeOption
from tlray.core.model.amounts import plural
from tlray.core.model.lifecycle import BatchState
from tlray.errors import Interrupted, NoSuchBatch, UsageError
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader, require_readable
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.cluster.driver.reparse import PartDone

MAX_LINES_TOLD = 20


def reparse(
    batch_id: Annotated[
        str | None, typer.Argument(metavar="[BATCH_ID]", help="The batch.", show_default=False)
    ] = None,
    home: HomeOption = None,
    all_batches: Annotated[bool, typer.Option("--all", help="All batches that have ended.")] = False,
    changed_only: Annotated[
        bool,
        typer.Option(
            "--changed-only",
            help="Only pages of dead letters, and those read by another version of their parser.",
        ),
    ] = False,
    max_workers: Annotated[int | None, typer.Option(help="Tasks at once; by default the cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print each changed set as a JSON line.")] = False,
) -> None:
    """Read the archived pages again with today's parsers, and put what they find in the place of the old rows. A dead letter
    whose page they can read has succeeded. Interrupted, the same command goes on. Exit 3 when pages of sets have none for today's
    parsers: those keep their rows.

    Example: tlray reparse --all --changed-only
    """
    if (batch_id is None) is not all_batches:
        raise UsageError("give one batch, or --all")
    settings = read_settings(home=home, max_workers=max_workers)
    where = Home.of(settings.home, settings.storage)
    require_readable(where)
    batches = _ended(where, batch_id)
    told = _Told(as_json=as_json)
    if batches:
        from tlray.cluster.driver.client import Client  # noqa: PLC0415 - Ray is loaded where it is used
        from tlray.cluster.driver.reparse import cpus, reparse  # noqa: PLC0415
        from tlray.cluster.driver.session import open_session  # noqa: PLC0415

        stopping = threading.Event()
        out = sys.stdout
        with draining(stopping, lambda: None), redirect_stdout(sys.stderr):  # Ray's own words are no data
            session = open_session(where, settings)
            try:
                client = Client(session.coordinator, lost=lambda: session.lost)
                n_tasks = settings.max_workers or cpus()
                for done in reparse(
                    client, where, batches, changed_only=changed_only, max_tasks=n_tasks, stopping=stopping
                ):
                    with redirect_stdout(out):
                        told.tell(done)
            except Interrupted:
                with redirect_stdout(out):
                    told.tell_sum()
                raise
            finally:
                session.close()
    told.end()


def _ended(home: Home, batch_id: str | None) -> list[str]:
    """Return the batches to read again; UsageError if the one that is named is still at work."""
    with open_reader(home.path) as journal:
        if batch_id is None:
            return [row.batch_id for row, _ in journal.batch_summaries() if row.state.is_final]
        row = journal.find_batch(batch_id)
        if row is None:
            raise NoSuchBatch(batch_id, str(home.path))
    if not row.state.is_final:
        hint = "commit it first" if row.state is BatchState.RECEIVING else "wait for its end, or cancel it"
        raise UsageError(f"batch {batch_id} is {row.state}; {hint}")
    return [batch_id]


class _Told:
    """The changes as they are told, and their sum."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._kinds: Counter[str] = Counter()
        self._n_pages = self._n_skipped = self._n_changed = self._n_recovered = self._n_kept = (
            self._n_dead
        ) = 0

    def tell(self, done: PartDone) -> None:
        """Print the changes of a part."""
        result, batch_id = done.result, done.part.batch_id
        self._n_pages += result.n_pages
        self._n_skipped += result.n_skipped
        self._n_dead += result.n_dead
        self._n_recovered += len(result.recovered)
        for url, kinds in result.changed:
            self._n_changed += 1
            self._kinds.update(kinds)
            if self._as_json:
                print(json.dumps({"batch_id": batch_id, "url": url, "changes": kinds}), flush=True)
            elif self._n_changed <= MAX_LINES_TOLD:
                words = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
                print(f"{url}: {words}", flush=True)
        for url, reason in result.kept:
            self._n_kept += 1
            if self._n_kept <= MAX_LINES_TOLD:
                say(f"no set any more, its rows stay: {url}: {reason}")

    def end(self) -> None:
        """Print the sum, and end the command with 3 where pages of sets have none now."""
        self.tell_sum()
        if self._n_kept:
            raise typer.Exit(INCOMPLETE)

    def tell_sum(self) -> None:
        """Print the sum."""
        if not self._as_json and self._n_changed > MAX_LINES_TOLD:
            print(f"… and {self._n_changed - MAX_LINES_TOLD:,} more; --json has all")
        all_kinds = ", ".join(f"{n:,} {kind}" for kind, n in self._kinds.most_common())
        kinds = f" ({all_kinds})" if all_kinds else ""
        say(
            f"{plural(self._n_pages, 'page')} read again, {plural(self._n_changed, 'set')} changed{kinds},"
            f" {self._n_skipped:,} left as they are, {self._n_kept:,} without a set now"
        )
        if self._n_dead or self._n_recovered:
            say(
                f"of dead letters {self._n_recovered:,} have a set now, {self._n_dead:,} have none today either"
            )
