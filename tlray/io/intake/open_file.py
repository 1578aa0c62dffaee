"""A file of any kind, opened: what kind of container it is, by its content, and the members in it."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from tlray.io.http.decompress import DecompressError, ExpandsTooFarError, decompress
from tlray.io.intake.members import (
    MAX_MEMBER_BYTES,
    BombError,
    Budget,
    Given,
    Member,
    Refusal,
    RefusedError,
    base_name,
    read_bounded,
    too_large,
)
from tlray.io.intake.mhtml import is_mhtml, read_mhtml
from tlray.io.intake.own_lines import BLOCK_BYTES, is_own_lines, read_own_lines
from tlray.io.intake.walk import unreadable
from tlray.readers.interface import HEAD_BYTES

START_BYTES = 8 * 1024
"""What of a gzip file is looked at before all of it is undone."""
GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_WARC_MAGIC = b"WARC/"


def open_file(path: Path, given: Given | None = None) -> Iterator[Member | Refusal]:
    """Yield the members of a file in its order. Never raises for what is in it, nor for a file that cannot be read."""
    given = given or Given(base_name(path.name))
    try:
        # without O_NONBLOCK a named pipe would hold us up for ever
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                yield Refusal("", "neither a file nor a folder")
                return
            yield from read_stream(cast(BinaryIO, stream), given, status.st_size)
    except OSError as error:
        yield Refusal("", unreadable(error))


def read_stream(stream: BinaryIO, given: Given, n_bytes: int) -> Iterator[Member | Refusal]:
    """Yield the members of an open file of a given size, in which one can seek."""
    try:
        yield from _read(stream, given, n_bytes, Budget(n_bytes))
    except RefusedError as error:
        yield Refusal("", str(error))
    except ExpandsTooFarError:
        yield Refusal("", too_large())
    except (DecompressError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        yield Refusal("", f"not a whole gzip file: {error}")


def _read(stream: BinaryIO, given: Given, n_bytes: int, budget: Budget) -> Iterator[Member | Refusal]:
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    if head.startswith(_ZIP_MAGIC):
        yield from _read_zip(stream, given, budget)
    elif head.startswith(GZIP_MAGIC):
        yield from _read_gzip(stream, head, given, n_bytes, budget)
    elif head.startswith(_WARC_MAGIC):
        yield from _read_warc(stream, given, budget)
    elif n_bytes > BLOCK_BYTES and is_own_lines(head):
        yield from read_own_lines(stream, given)
    elif n_bytes > MAX_MEMBER_BYTES:
        raise RefusedError(too_large(n_bytes))
    else:
        yield _member(read_bounded(stream, n_bytes), given)


def _read_gzip(
    stream: BinaryIO, head: bytes, given: Given, n_bytes: int, budget: Budget
) -> Iterator[Member | Refusal]:
    start = decompress(head, "gzip", max_bytes=START_BYTES, cut=True)
    inner = given.unzipped()
    if start.startswith(_WARC_MAGIC):
        yield from _read_warc(stream, inner, budget)
    elif is_own_lines(start):
        yield from read_own_lines(cast(BinaryIO, gzip.GzipFile(fileobj=stream)), inner, budget)
    elif n_bytes > MAX_MEMBER_BYTES:
        raise RefusedError(too_large(n_bytes))
    else:
        packed = stream.read()
        body = decompress(packed, "gzip", max_bytes=MAX_MEMBER_BYTES)
        if body.startswith((GZIP_MAGIC, *_ZIP_MAGIC)):
            raise RefusedError("an archive inside an archive")
        member = _member(body, inner)
        yield replace(member, packed=packed) if member.file.body is body else member


def _read_zip(stream: BinaryIO, given: Given, budget: Budget) -> Iterator[Member | Refusal]:
    from tlray.io.intake.zipped import BROKEN, open_zip, stored_at, zip_members  # noqa: PLC0415 - most files are no zip

    with open_zip(stream) as archive:
        for info in zip_members(archive):
            if isinstance(info, Refusal):
                yield info
                continue
            try:
                budget.spend(info.file_size)
                start = stored_at(stream, info)
                with archive.open(info) as file:
                    for found in read_zip_member(cast(BinaryIO, file), info.filename, given, budget):
                        if isinstance(found, Refusal):
                            yield found
                        elif start is None or found.offset is None:
                            yield replace(found, offset=info.header_offset)
                        else:
                            yield replace(found, offset=start + found.offset)
            except BombError:
                raise
            except (RefusedError, DecompressError, *BROKEN) as error:
                yield Refusal(info.filename, str(error))


def read_zip_member(file: BinaryIO, name: str, given: Given, budget: Budget) -> Iterator[Member | Refusal]:
    """Yield what is in a member of a zip: a WARC file's pages, or the member itself."""
    given = replace(given, name=base_name(name))
    head = file.read(HEAD_BYTES)
    file.seek(0)
    is_gzip = head.startswith(GZIP_MAGIC)
    start = decompress(head, "gzip", max_bytes=64, cut=True) if is_gzip else head
    if start.startswith(_WARC_MAGIC):
        for found in _read_warc(file, given, budget):
            if isinstance(found, Member):
                yield Member(f"{name} {found.locator}", found.file, found.offset)
            else:
                yield Refusal(f"{name} {found.where}".strip(), found.reason)
    elif start.startswith((GZIP_MAGIC, *_ZIP_MAGIC)):
        raise RefusedError("an archive inside an archive")
    elif is_gzip:
        body = decompress(read_bounded(file), "gzip", max_bytes=MAX_MEMBER_BYTES)
        yield Member(name, _member(body, given.unzipped()).file)
    else:
        yield Member(name, _member(read_bounded(file), given).file)


def _read_warc(stream: BinaryIO, given: Given, budget: Budget) -> Iterator[Member | Refusal]:
    from tlray.io.intake.warc import read_warc  # noqa: PLC0415 - most files are no WARC

    yield from read_warc(stream, given, budget)


def _member(body: bytes, given: Given) -> Member:
    """Return a file that is its own only member; of MHTML the page."""
    if is_mhtml(body[:HEAD_BYTES]):
        page = read_mhtml(body)
        return Member("", given.source(page.body, url=page.url, encoding=page.charset))
    return Member("", given.source(body))
