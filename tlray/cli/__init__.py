"""The command line: ``tlray``. Data goes to stdout, messages to stderr.

Each command is a module. Ray, pandas and Arrow are loaded by the commands that use them, so that the others start at once.
Exit codes are in `tlray.errors` and ``docs/operations.md``. A rule that library or service need too has no place here.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from typing import Annotated, Any

import typer

from tlray import __version__
from tlray.cli.aggregate import aggregate
from tlray.cli.audit import audit
from tlray.cli.changes import changes
from tlray.cli.command_end import EXIT_S, SOON_S, leave_within, leaving_nothing_half_done, print_error
from tlray.cli.compact import compact
from tlray.cli.consume import consume
from tlray.cli.control import cancel, pause, resume
from tlray.cli.demo import demo
from tlray.cli.doctor import doctor
from tlray.cli.domain import domain
from tlray.cli.export import export, formats
from tlray.cli.find import find
from tlray.cli.import_files import import_files
from tlray.cli.journal import journal
from tlray.cli.parse import parse
from tlray.cli.publish import publish
from tlray.cli.refresh import refresh
from tlray.cli.reparse import reparse
from tlray.cli.scrape import retry, scrape
from tlray.cli.search import search
from tlray.cli.serve import serve
from tlray.cli.status import dead, list_batches, status
from tlray.cli.stdio import ReaderGone, plain_streams
from tlray.cli.stop import stop
from tlray.cli.submit import submit
from tlray.cli.token import token
from tlray.cli.watch import watch
from tlray.errors import TlrayError, UsageError
from tlray.io.process.event_log import LogConfig, write_log
from tlray.settings import read_settings

app = typer.Typer(
    name="tlray",
    help="Catalogue DJ sets by the thousand: a polite, durable batch scraper on Ray.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(is_asked: bool) -> None:
    if is_asked:
        sys.stdout.write(f"tlray {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None: ...


_WrongUsage: Any = typer.BadParameter.__mro__[1]
"""Click's UsageError. Typer ships a click of its own and does not export this class, only one below it."""

for name, command in (
    ("scrape", scrape),
    ("find", find),
    ("parse", parse),
    ("import", import_files),
    ("reparse", reparse),
    ("export", export),
    ("formats", formats),
    ("search", search),
    ("changes", changes),
    ("aggregate", aggregate),
    ("compact", compact),
    ("refresh", refresh),
    ("list", list_batches),
    ("status", status),
    ("dead", dead),
    ("retry", retry),
    ("audit", audit),
    ("serve", serve),
    ("stop", stop),
    ("submit", submit),
    ("watch", watch),
    ("pause", pause),
    ("resume", resume),
    ("cancel", cancel),
    ("domain", domain),
    ("doctor", doctor),
    ("consume", consume),
    ("publish", publish),
    ("demo", demo),
):
    writes_files = name in {"export", "changes", "aggregate", "compact"}
    app.command(name)(leaving_nothing_half_done(command) if writes_files else command)
app.add_typer(token, name="token")
app.add_typer(journal, name="journal")


@cache
def _command() -> Any:
    """Return the command with its options. To make it takes longer than most commands run, so it is made once in a process."""
    return typer.main.get_command(app)


def main() -> None:
    """Run the command that the arguments name and end with its exit code."""
    code = run(sys.argv[1:])
    is_doctor = sys.argv[1:2] == ["doctor"]  # a thread of it may still wait for a name server
    leave_within(code, SOON_S if is_doctor else EXIT_S)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code; every error that we foresee is one line on stderr."""
    try:
        with plain_streams():
            _write_log()
            return _run(arguments)
    except ReaderGone:
        return 0


def _write_log() -> None:
    """Write what tlray logs in the form that is set. Where none is set, a command's warnings are lines for a person."""
    with suppress(UsageError):  # the command says so itself
        settings = read_settings()
        if "log_format" in settings.model_fields_set:
            write_log(LogConfig(settings.log_format, "warning"))


def _run(arguments: list[str]) -> int:
    try:
        code = int(_command()(arguments, prog_name="tlray", standalone_mode=False) or 0)
        sys.stdout.flush()
    except TlrayError as error:
        print_error(error)
        return error.exit_code
    except _WrongUsage as error:
        error.show()
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except SystemExit as end:  # the library's own end where it sees that a reader has gone
        if isinstance(end.__context__, BrokenPipeError):
            raise ReaderGone from None
        raise
    return code
