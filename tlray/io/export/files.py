"""Export files: ``--out PATH`` for every format, whole or not at all.

==================================  =====================================================================
PATH                                what is written
==================================  =====================================================================
``-``                               stdout; formats of text that fit one file
ends with the format's own suffix   that one file (of a recording: only if there is exactly one)
anything else, or a folder          a folder: a file a set (json, csv), one a recording (cue, chapters),
                                    ``tracklists.jsonl``, or ``tracklists.parquet`` and ``tracks.parquet``
==================================  =====================================================================

All of it arrives, or nothing (`tlray.io.disk.atomic_output`). Files that exist are replaced. A device or a pipe is
written to as it is. A path that ends with another format's suffix is a slip, and refused. A reader that
closed the pipe raises `BrokenPipeError`, as it does everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from tlray.errors import CannotFinish, UsageError
from tlray.export.files import files_of, written
from tlray.export.formats import all_formats
from tlray.export.interface import Format, LeftOut
from tlray.io.disk.atomic_output import os_errors_explained, whole_file, whole_folder
from tlray.model import Tracklist

T = TypeVar("T")
MAX_NAMED = 1000
"""A `Summary` names so many files and sets that were left out, and counts all."""
STDOUT = "-"


@dataclass(slots=True)
class Summary:
    """The result of an export."""

    format: str
    out: str
    n_sets: int = 0
    n_files: int = 0
    n_left_out: int = 0
    files: list[Path] = field(default_factory=list)
    """The first `MAX_NAMED` of them."""
    left_out: list[LeftOut] = field(default_factory=list)
    """The first `MAX_NAMED` of what the format cannot hold: in CUE, recordings without a cue."""

    def add_file(self, path: Path) -> None:
        """Count a file that was written."""
        self.n_files += 1
        if self.n_files <= MAX_NAMED:
            self.files.append(path)

    def add_left_out(self, left_out: LeftOut) -> None:
        """Count a set, or a recording, that was left out."""
        self.n_left_out += 1
        if self.n_left_out <= MAX_NAMED:
            self.left_out.append(left_out)


def write(
    sets: Iterable[Tracklist],
    format_: Format,
    out: Path | str,
    options: Any = None,
    *,
    stdout: BinaryIO | None = None,
) -> Summary:
    """Write ``sets`` to ``out`` as the table above says; ``stdout`` stands in for the process's own.

    Raises `UsageError` for a place that cannot be written, `StorageFull` for a full disk.
    """
    summary = Summary(format_.name, str(out))
    options = format_.options if options is None else options
    sets = _counted(sets, summary)
    with os_errors_explained(str(out)):
        require_fitting_path(format_, str(out))
        if str(out) == STDOUT:
            _write_stdout(sets, format_, options, summary, stdout)
        elif Path(out).is_dir() or not format_.fits_name(str(out)):
            _write_folder(sets, format_, Path(out), options, summary)
        else:
            _write_one(sets, format_, Path(out), options, summary)
    return summary


def require_fitting_path(format_: Format, out: str) -> None:
    """Raise `UsageError` if ``out`` cannot take this format: another format's suffix, or stdout for a binary one."""
    if out == STDOUT:
        if not format_.is_text:
            raise UsageError(
                f"{format_.name} cannot go to stdout; name a file ({format_.suffix}) or a folder"
            )
        return
    suffix = None if Path(out).is_dir() or format_.fits_name(out) else _suffix(out)
    if suffix is not None:
        raise UsageError(f"{out} ends with {suffix}, but {format_.name} files end with {format_.suffix}")


def _write_stdout(
    sets: Iterator[Tracklist], format_: Format, options: Any, summary: Summary, stdout: BinaryIO | None
) -> None:
    stream = stdout or sys.stdout.buffer
    stream.writelines(_one(sets, format_, options, summary))
    stream.flush()
    summary.n_files = 1


def _write_one(sets: Iterator[Tracklist], format_: Format, out: Path, options: Any, summary: Summary) -> None:
    target = out.resolve()  # what a link points to is replaced, not the link
    if target.exists() and not target.is_file():
        if not format_.is_text:
            raise UsageError(f"{out} is no file, and {format_.name} cannot be written to a device or a pipe")
        with target.open("wb") as stream:
            stream.writelines(_one(sets, format_, options, summary))
        summary.add_file(out)
        return
    with whole_file(target) as staged, staged.open("xb") as stream:
        stream.writelines(_one(sets, format_, options, summary))
    summary.add_file(out)


def _write_folder(
    sets: Iterator[Tracklist], format_: Format, out: Path, options: Any, summary: Summary
) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is no folder; name a folder, or a file that ends with {format_.suffix}")
    with whole_folder(out) as staging:
        if format_.into_folder is not None:
            for path in format_.into_folder(sets, staging, options):
                summary.add_file(out / path.name)
            return
        for file in files_of(format_, sets, options):
            if isinstance(file, LeftOut):
                summary.add_left_out(file)
                continue
            with (staging / file.name).open("xb") as stream:
                stream.writelines(written(file.chunks, summary.add_left_out))
            summary.add_file(out / file.name)


def _suffix(out: str) -> str | None:
    """Return the suffix of ``out``, if it is one of a format's."""
    return Path(out).suffix if any(format_.fits_name(out) for format_ in all_formats()) else None


def _one(sets: Iterator[Tracklist], format_: Format, options: Any, summary: Summary) -> Iterator[bytes]:
    """Yield the chunks of the one file that holds all ``sets``."""
    if format_.together is not None:
        return written(format_.together(sets, options), summary.add_left_out)
    first: list[bytes] | None = None
    n_files = 0
    for file in files_of(format_, sets, options):
        if isinstance(file, LeftOut):
            summary.add_left_out(file)
            continue
        n_files += 1
        if first is None:
            first = list(written(file.chunks, summary.add_left_out))
    if first is None or n_files > 1:
        raise UsageError(_not_one(format_, n_files, summary))
    return iter(first)


def _not_one(format_: Format, n_files: int, summary: Summary) -> str:
    if n_files:
        return f"{n_files} {format_.name} files do not fit one file; name a folder (without {format_.suffix})"
    why = "; ".join(sorted({left_out.reason for left_out in summary.left_out})[:3]) or "there are no sets"
    return f"nothing to write as {format_.name}: {why}"


def readable(results: Iterable[T]) -> Iterator[T]:
    """Yield results; an OSError of theirs is not to be taken for one of the output."""
    rest = iter(results)
    while True:
        try:
            one = next(rest)
        except StopIteration:
            return
        except OSError as error:
            raise CannotFinish(f"the results cannot be read: {error}") from error
        yield one


def _counted(sets: Iterable[Tracklist], summary: Summary) -> Iterator[Tracklist]:
    for tracklist in readable(sets):
        summary.n_sets += 1
        yield tracklist
