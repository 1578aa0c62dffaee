"""ZIP archives: all files of an export in one, for formats with a file a set or a recording."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tlray.export.files import files_of, written
from tlray.export.interface import Format, LeftOut
from tlray.io.disk.atomic_output import os_errors_explained, whole_file
from tlray.model import Tracklist

MEDIA_TYPE = "application/zip"
MAX_NAMED = 100_000
"""``left-out.txt`` in the archive names so many sets that were left out."""


def write_zip(sets: Iterable[Tracklist], format_: Format, out: Path, options: Any = None) -> int:
    """Write an archive of all files and a list of what was left out; return the number of files.

    Without any file, the list says why. `StorageFull` for a full disk.
    """
    n_files = 0
    left_out: list[str] = []

    def report(one: LeftOut) -> None:
        if len(left_out) < MAX_NAMED:
            left_out.append(f"{one.title} [{one.source_id or ''}]: {one.reason}\n")

    with (
        os_errors_explained(str(out)),
        whole_file(out) as staged,
        zipfile.ZipFile(staged, "x", zipfile.ZIP_DEFLATED) as archive,
    ):
        for file in files_of(format_, sets, options):
            if isinstance(file, LeftOut):
                report(file)
                continue
            with archive.open(file.name, "w") as stream:
                for chunk in written(file.chunks, report):
                    stream.write(chunk)
            n_files += 1
        if left_out or not n_files:
            archive.writestr("left-out.txt", "".join(left_out) or "there are no sets\n")
    return n_files
