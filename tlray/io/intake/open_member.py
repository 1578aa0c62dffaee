"""One member of a file, opened again by its place, without reading what lies before it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZipFile, ZipInfo

from tlray.io.http.decompress import DecompressError
from tlray.io.intake.members import Budget, Given, Member, Refusal, RefusedError
from tlray.io.intake.open_file import open_file, read_zip_member
from tlray.io.intake.walk import unreadable
from tlray.io.intake.zipped import BROKEN, MAGIC, open_zip

_WARC = (b"WARC/", b"\x1f\x8b")
_START_BYTES = 16
CHANGED = "it is not there any more: the file has changed since it was listed"


def open_member(path: Path, given: Given, locator: str = "", offset: int | None = None) -> Member | Refusal:
    """Return a member by what `open_file` said of it, or why there is none. Never raises."""
    try:
        if offset is None and not locator:
            return _first(open_file(path, given), locator)
        return _by_place(path, given, locator, offset)
    except (RefusedError, DecompressError) as error:
        return Refusal("", str(error))
    except OSError as error:
        return Refusal("", unreadable(error))
    except (zlib.error, *BROKEN) as error:
        return Refusal("", f"not a whole archive: {error}")


def _by_place(path: Path, given: Given, locator: str, offset: int | None) -> Member | Refusal:
    """Return a member of an archive: a record of a WARC file at a byte, or what is in a member of a zip, or a block of lines."""
    status = path.stat()
    version = (path, status.st_mtime_ns, status.st_size)
    if offset is None:
        return _contents(given, None, *version).find(locator)
    with path.open("rb") as stream:
        stream.seek(offset)
        start = stream.read(_START_BYTES)
        if start.lstrip().startswith(_WARC):
            stream.seek(offset)
            return _first(_read_warc(stream, given, status.st_size), None)
    if not start.startswith(MAGIC):
        raise RefusedError(CHANGED)
    return _contents(given, offset, *version).find(locator)


def _read_warc(stream: BinaryIO, given: Given, n_bytes: int) -> Iterator[Member | Refusal]:
    from tlray.io.intake.warc import read_warc  # noqa: PLC0415 - most files are no WARC

    return read_warc(stream, given, Budget(n_bytes))


def _first(found: Iterator[Member | Refusal], locator: str | None) -> Member | Refusal:
    """Return the member at a locator, or the refusal of the whole file; ``None``: the first of either."""
    for member in found:
        is_it = member.locator == locator if isinstance(member, Member) else not member.where
        if locator is None or is_it:
            return member
    return Refusal("", CHANGED)


class _Contents:
    """Members that can only be read one after the other. Items come in that order, so each search goes on after the last one."""

    def __init__(self, read: Callable[[], Iterator[Member | Refusal]]) -> None:
        self._read = read
        self._rest: Iterator[Member | Refusal] = iter(())

    def find(self, locator: str) -> Member | Refusal:
        """Return the member at a locator, from the last one on, else from the beginning."""
        found = _first(self._rest, locator)
        if isinstance(found, Refusal):
            self._rest = self._read()
            found = _first(self._rest, locator)
        return found


@lru_cache(maxsize=1)
def _contents(given: Given, offset: int | None, path: Path, changed_at: int, n_bytes: int) -> _Contents:
    """Return what is in a file, or in the member of a zip that begins at a byte."""
    if offset is None:
        return _Contents(lambda: open_file(path, given))
    archive, members = _zip_of(path, changed_at, n_bytes)
    info = members.get(offset)
    if info is None:
        raise RefusedError(CHANGED)

    def read() -> Iterator[Member | Refusal]:
        with archive.open(info) as file:
            yield from read_zip_member(cast(BinaryIO, file), info.filename, given, Budget(n_bytes))

    return _Contents(read)


@lru_cache(maxsize=1)
def _zip_of(path: Path, _changed_at: int, _n_bytes: int) -> tuple[ZipFile, dict[int, ZipInfo]]:
    """Return a zip file, open, and its members by their place: they are read one after the other, and its list is long."""
    with path.open("rb") as stream, open_zip(stream):  # it checks the length of the list
        pass
    archive = ZipFile(path)  # a file that it has opened itself is closed with it
    return archive, {info.header_offset: info for info in archive.infolist()}
