"""The check of files before they are imported: of what kind each is, and what cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tlray.core.submission.lines import RefusedLine
from tlray.io.intake.file_list import all_members, fingerprint_of
from tlray.io.intake.members import Refusal
from tlray.readers.registry import kind_of


class CheckedFile(NamedTuple):
    """A file, or a member of an archive, that can be opened."""

    line: int
    name: str
    kind: str | None
    """None: no reader knows it."""
    fingerprint: str


def checked_files(
    files: Iterable[tuple[Path, str]], *, kind: str = "", encoding: str = ""
) -> Iterator[CheckedFile | RefusedLine]:
    """Look into files, one by one, as `file_lines` would read them."""
    line = 0
    for path, given_name in files:
        for _, name, member in all_members([path], encoding, name=given_name):
            line += 1
            if isinstance(member, Refusal):
                yield RefusedLine(line, name, member.reason)
            else:
                found = kind or kind_of(member.file)
                yield CheckedFile(line, name, found, fingerprint_of(member.file, kind))
