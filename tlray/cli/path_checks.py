"""Checks of the files that a command names, before Ray is started: lists to read, places to export to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tlray.errors import UsageError
from tlray.export.interface import Format
from tlray.io.export.files import require_fitting_path
from tlray.io.intake.url_list import require_list_file


def see_that_files_are_there(arguments: Iterable[str]) -> None:
    """Raise UsageError where an argument names a list that cannot be read: the first 5,000 lines may come from another."""
    for argument in arguments:
        if "://" not in argument and argument != "-":
            require_list_file(Path(argument))


def see_that_they_can_be_written(exports: Iterable[tuple[Format, str | None]]) -> None:
    """Raise UsageError where an export at the end could not be written to its place."""
    for format_, out in exports:
        if out is None:
            continue
        require_fitting_path(format_, out)
        if out == "-":
            continue
        place = Path(out).absolute()
        nearest = next(p for p in (place, *place.parents) if p.exists())
        if nearest != place and not nearest.is_dir():
            raise UsageError(
                f"{out} cannot be written: {nearest} is no folder; name another place with --export"
            )
        written = place.parent if place.is_file() else nearest  # a file is replaced, in its folder
        if not os.access(written, os.W_OK):
            raise UsageError(
                f"{out} cannot be written: no permission for {written}; name another place with --export"
            )
