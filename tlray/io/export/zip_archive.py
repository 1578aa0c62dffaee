"""Many files of one export in one: a ZIP archive, for formats that are one file a recording."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from tlray.export import files
from tlray.export.interface import Format, LeftOut
from tlray.export.options import DEFAULTS, Options
from tlray.io.disk.atomic_output import os_errors_explained, whole_file
from tlray.model import Tracklist

CONTENT_TYPE = "application/zip"
MAX_TOLD = 100_000
"""Sets that were left out and are named in the archive's ``left-out.txt``."""


def write_zip(sets: Iterable[Tracklist], format_: Format, out: Path, options: Options = DEFAULTS) -> int:
    """Write an archive of all files, and of a list of what was left out; return how many files.

    Where there is none, that list alone says why. `StorageFull` for a full disk.
    """
    n_files = 0
    left_out: list[str] = []
    with (
        os_errors_explained(str(out)),
        whole_file(out) as staged,
        zipfile.ZipFile(staged, "x", zipfile.ZIP_DEFLATED) as archive,
    ):
        for file in files.folder(format_, sets, options):
            if isinstance(file, LeftOut):
                if len(left_out) < MAX_TOLD:
                    left_out.append(f"{file.title} [{file.source_id or ''}]: {file.why}\n")
                continue
            with archive.open(file.name, "w") as stream:
                for chunk in file.chunks:
                    stream.write(chunk)
            n_files += 1
        if left_out or not n_files:
            archive.writestr("left-out.txt", "".join(left_out) or "there are no sets\n")
    return n_files
