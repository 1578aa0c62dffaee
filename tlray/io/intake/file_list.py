"""The files that a user imports, as the lines of a list: a file, or a member of an archive, is one item.

Its fingerprint is that of its content; of a saved page of a known site the site's id of the set. What cannot be read is a refused
line with its reason. Memory does not grow with the number of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path

from tlray.core.model.file_source import FILE_DOMAIN, FILE_PREFIX, FileSource
from tlray.core.submission.lines import Chunk, Entry, RefusedLine
from tlray.io.intake.members import Given, Member, Refusal, base_name
from tlray.io.intake.open_file import open_file
from tlray.io.intake.url_list import read_line, refused_line
from tlray.io.intake.walk import walk
from tlray.readers.interface import SourceFile
from tlray.readers.page import page_url
from tlray.readers.sniff import Shape, shape_of

CHUNK_FILES = 500
"""Fewer than lines of a list: a reader waits for the first of them to be opened."""


def file_chunks(paths: Iterable[Path], *, kind: str = "", encoding: str = "") -> Iterator[Chunk]:
    """Read files and folders chunk by chunk."""
    lines = file_lines(((path, "") for path in paths), kind=kind, encoding=encoding)
    for first in lines:
        yield Chunk.of(chain((first,), islice(lines, CHUNK_FILES - 1)))


def file_lines(
    files: Iterable[tuple[Path, str]], *, kind: str = "", encoding: str = "", first_line: int = 1
) -> Iterator[Entry | RefusedLine]:
    """Read files and folders line by line; an uploaded file has a name that its path does not have, others ""."""
    number = first_line
    for path, given_name in files:
        for found, name, member in all_members([path], encoding, name=given_name):
            if isinstance(member, Refusal):
                yield refused_line(number, name, member.reason)
            else:
                source = FileSource(str(found), member.locator, member.offset, kind, encoding, given_name)
                yield Entry(
                    number, member.file.url, FILE_DOMAIN, fingerprint_of(member.file, kind), source.url
                )
            number += 1


def all_members(
    paths: Iterable[Path], encoding: str = "", *, name: str = ""
) -> Iterator[tuple[Path, str, Member | Refusal]]:
    """Yield what is in files and folders: where it is opened, its name below the folder, and the member or why there is none."""
    for root in map(Path.absolute, paths):
        root_name = name or root.name
        for found in walk(root):
            if isinstance(found, Refusal):
                yield root, _joined(root_name, found.where), Refusal("", found.reason)
                continue
            shown = _joined(root_name, found.position)
            given = Given(base_name(name or found.path.name), encoding=encoding or None)
            n_members = 0
            for member in open_file(found.path, given):
                n_members += 1
                where = member.locator if isinstance(member, Member) else member.where
                yield found.path, _joined(shown, where), member
            if not n_members:
                yield found.path, shown, Refusal("", "empty")


def _joined(name: str, below: str) -> str:
    return f"{name}/{below}" if below else name


def fingerprint_of(file: SourceFile, kind: str) -> str:
    """Return the identity of a file; with the prefix of files, for a page that was saved once is no answer to a scrape."""
    if kind in ("", "page", "warc") and shape_of(file.head) is Shape.HTML and (url := page_url(file)):
        known = read_line(1, url)
        if isinstance(known, Entry) and not known.fingerprint.startswith("url:"):
            return FILE_PREFIX + known.fingerprint
    return FILE_PREFIX + blake2b(file.body, digest_size=16).hexdigest()
