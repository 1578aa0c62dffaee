"""One member of a file, opened again by its place, without reading what lies before it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZipFile, ZipInfo

from tlray.io.http.decompress import DecompressError
from tlray.io.intake.members import Budget, Given, Member, Refusal, RefusedError
from tlray.io.intake.open_file import open_file, read_zip_member
from tlray.io.intake.walk import unreadable
from tlray.io.intake.zipped import BROKEN, MAGIC, open_zip

CHANGED = "it is not there any more: the file has changed since it was listed"


def open_member(path: Path, given: Given, locator: str = "", offset: int | None = None) -> Member | Refusal:
    """Return a member by what `open_file` said of it, or why there is none. Never raises."""
    try:
        if offset is not None:
            return _at(path, given, locator, offset)
        return _first(open_file(path, given), locator)
    except (RefusedError, DecompressError) as error:
        return Refusal("", str(error))
    except OSError as error:
        return Refusal("", unreadable(error))
    except (zlib.error, *BROKEN) as error:
        return Refusal("", f"not a whole archive: {error}")


def _first(found: Iterator[Member | Refusal], locator: str | None) -> Member | Refusal:
    """Return the member at a locator, or the refusal of the whole file; ``None``: the first of either."""
    for member in found:
        is_it = member.locator == locator if isinstance(member, Member) else not member.where
        if locator is None or is_it:
            return member
    return Refusal("", CHANGED)


def _at(path: Path, given: Given, locator: str, offset: int) -> Member | Refusal:
    """Return what lies at a byte of an archive: a record of a WARC file, or a member of a zip."""
    from tlray.io.intake.warc import read_warc  # noqa: PLC0415 - most files are no WARC

    status = path.stat()
    budget = Budget(status.st_size)
    with path.open("rb") as stream:
        if stream.read(4) not in MAGIC:
            stream.seek(offset)
            return _first(read_warc(cast(BinaryIO, stream), given, budget), None)
    archive, members = _zip_of(path, status.st_mtime_ns, status.st_size)
    if (info := members.get(offset)) is None:
        return Refusal("", CHANGED)
    with archive.open(info) as file:
        return _first(read_zip_member(cast(BinaryIO, file), info.filename, given, budget), locator)


@lru_cache(maxsize=1)
def _zip_of(path: Path, _changed_at: int, _n_bytes: int) -> tuple[ZipFile, dict[int, ZipInfo]]:
    """Return a zip file, open, and its members by their place: they are read one after the other, and its list is long."""
    with path.open("rb") as stream, open_zip(stream):  # it checks the length of the list
        pass
    archive = ZipFile(path)  # a file that it has opened itself is closed with it
    return archive, {info.header_offset: info for info in archive.infolist()}
