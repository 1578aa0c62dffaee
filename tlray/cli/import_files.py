"""``tlray import``: files and folders become a batch like any other; no site is asked."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer

from tlray.cli.export import export_batch
from tlray.cli.import_at_service import import_at_service
from tlray.cli.options import HomeOption
from tlray.cli.parse import require_kind, require_readable_paths
from tlray.cli.path_checks import see_that_they_can_be_written
from tlray.cli.scrape import print_end, run_to_end
from tlray.cli.service_options import TOKEN
from tlray.core.submission.lines import Chunk, RefusedLine
from tlray.core.submission.rules import NoGoodLine
from tlray.errors import UsageError
from tlray.export.formats import parse_spec
from tlray.io.disk.home import Home
from tlray.io.intake.file_list import CHUNK_FILES, all_members, file_chunks
from tlray.io.intake.members import Refusal
from tlray.io.process.malloc import keep_freed_memory
from tlray.readers.registry import kind_of
from tlray.scrape_options import ScrapeOptions
from tlray.settings import read_settings

MAX_STDIN_BYTES = 2**30
SOME_NOT_READ = 3


def import_files(  # noqa: PLR0913, PLR0917 - each option is one of the command's promises
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH|-]...", help="Files, folders of files, or - for stdin.", show_default=False
        ),
    ] = None,
    home: HomeOption = None,
    resume: Annotated[
        str | None, typer.Option(metavar="BATCH_ID", help="Go on with an import that was interrupted.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--as", help="Read them as this kind, whatever they look like.", metavar="KIND")
    ] = "",
    encoding: Annotated[
        str, typer.Option(help="The encoding of text in them, where they do not say.", metavar="ENCODING")
    ] = "",
    name: Annotated[str, typer.Option(help="A name to find the batch by.")] = "",
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help=f"Send them to a running service; a token for it stands in {TOKEN}.",
            show_default=False,
        ),
    ] = None,
    max_workers: Annotated[
        int | None, typer.Option(help="Tasks at once while this batch runs; by default the cores.")
    ] = None,
    export: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT[:PATH]", help="Export at the end; see `tlray formats`."),
    ] = None,
    no_archive: Annotated[
        bool, typer.Option("--no-archive", help="Do not keep copies of the files.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count the files of each kind; no Ray.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON line.")] = False,
) -> None:
    """Import files that hold tracklists, all that `tlray parse` reads, into a batch; Ctrl-C drains, --resume goes on.

    Example: tlray import ~/sets --export csv
    """
    require_kind(kind, encoding)
    keep_freed_memory()
    given = paths or []
    if resume is not None and (given or dry_run):
        raise UsageError("--resume goes on with an import as it is; leave paths and --dry-run out")
    if resume is None and not given:
        raise UsageError("no file given; give files, folders, or - for stdin")
    require_readable_paths([Path(path) for path in given if path != "-"])
    if url is not None:
        if resume is not None or export or dry_run or max_workers is not None or "-" in given:
            raise UsageError(
                "--url sends files as they are; leave -, --resume, --export, --dry-run, --max-workers out"
            )
        import_at_service(
            url, [Path(path) for path in given], home=home, as_json=as_json,
            new={"name": name or None, "keep_pages": None if not no_archive else "false"},
            reading={"as": kind, "encoding": encoding},
        )  # fmt: skip
        return
    settings = read_settings(home=home, max_workers=max_workers)
    exports = [(format_, path) for format_, path in map(parse_spec, export or [])]
    see_that_they_can_be_written(exports)
    files = [
        _copy_of_stdin(Home.of(settings.home, settings.storage)) if path == "-" else Path(path)
        for path in given
    ]
    copies = [file for file, path in zip(files, given, strict=True) if path == "-"]
    result = None
    try:
        if dry_run:
            _print_kinds(files, kind, encoding, as_json=as_json)
            return
        options = ScrapeOptions(name=name, keep_pages=not no_archive, fresh_for=0)
        chunks = None if resume is not None else _beginning(file_chunks(files, kind=kind, encoding=encoding))
        result = run_to_end(
            settings, iter(()), None if resume else options, resume, None, dashboard=False, files=chunks
        )
    except NoGoodLine as error:
        raise UsageError(_nothing_to_read(error.refused)) from None
    finally:
        # one that is left may be read by --resume or `tlray retry`
        if dry_run or (result is not None and result.is_complete):
            for copy in copies:
                copy.unlink(missing_ok=True)
                copy.parent.rmdir()
    for format_, path in exports:
        export_batch(Home.of(settings.home, settings.storage), result.batch_id, format_, path)
    print_end(result, as_json=as_json)


def _beginning(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Return the same chunks, once some are seen to be worth starting Ray for; UsageError where there is nothing to read."""
    first = next(chunks, Chunk())
    if not first.entries and len(first.refused) < CHUNK_FILES:
        raise UsageError(_nothing_to_read(first.refused))
    return chain((first,), chunks)


def _nothing_to_read(refused: Sequence[RefusedLine]) -> str:
    why = "they are empty" if not refused else f"{refused[0].text[:80]!r}: {refused[0].reason}"
    return f"no file there that can be read: {why}"


def _copy_of_stdin(home: Home) -> Path:
    """Copy stdin to where a worker can open it."""
    path = home.create().path / "imports" / token_hex(4) / "stdin"
    path.parent.mkdir(mode=0o700, parents=True)
    n_left = MAX_STDIN_BYTES
    with path.open("xb") as copy:
        while block := sys.stdin.buffer.read(2**20):
            n_left -= len(block)
            if n_left < 0:
                path.unlink()
                raise UsageError(f"more than {MAX_STDIN_BYTES:,} bytes on stdin; give a file")
            copy.write(block)
    return path


def _print_kinds(files: Sequence[Path], kind: str, encoding: str, *, as_json: bool) -> None:
    """Print how many files there are of each kind; the reasons of those that are of none go to stderr."""
    kinds: Counter[str] = Counter()
    n_refused = 0
    for _, name, member in all_members(files, encoding):
        if isinstance(member, Refusal):
            n_refused += 1
            shown = name.encode("utf-8", "replace").decode()
            sys.stderr.write(f"not read: {shown!r}: {member.reason}\n")
        else:
            kinds[kind or kind_of(member.file) or "unknown"] += 1
    if as_json:
        answer = {"kinds": dict(kinds), "total": kinds.total(), "n_rejected": n_refused}
        sys.stdout.write(json.dumps(answer) + "\n")
    else:
        sys.stdout.writelines(f"{n:>9,}  {found}\n" for found, n in kinds.most_common())
    if n_refused or kinds["unknown"]:
        raise typer.Exit(SOME_NOT_READ)
