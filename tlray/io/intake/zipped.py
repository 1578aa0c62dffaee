"""Zip files, WACZ among them: their members, in their order, read where they lie."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from tlray.io.intake.members import Refusal, RefusedError
from tlray.io.intake.walk import pages_beside

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
MAX_DIRECTORY_BYTES = 16 * 2**20
"""Of a zip file's list of members, which is read into memory: some 150,000 names."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LENGTHS_AT, _LENGTHS = 26, struct.Struct("<2H")
"""Of the name and the extra field, at the end of the head of a member."""
_LOCATOR_64 = struct.Struct("<4sLQL")
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    struct.error,
)
"""What zipfile raises for files that are none, or that it cannot read."""


def open_zip(stream: BinaryIO) -> zipfile.ZipFile:
    """Open a zip file; RefusedError where it is none, or where its list of members is too long."""
    try:
        n_bytes = _directory_bytes(stream)
        if n_bytes > MAX_DIRECTORY_BYTES:
            raise RefusedError(
                f"a list of members of {n_bytes:,} bytes; at most {MAX_DIRECTORY_BYTES:,} are read"
            )
        return zipfile.ZipFile(stream)
    except BROKEN as error:
        raise RefusedError(f"not a whole zip file: {error}") from None


def zip_members(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo | Refusal]:
    """Yield the files in a zip that can be read, and why others cannot. Of a WACZ, its WARC files only."""
    of_wacz = is_wacz(archive)
    for info in archive.infolist():
        if (
            info.is_dir()
            or (of_wacz and not info.filename.startswith("archive/"))
            or _is_asset(archive, info)
        ):
            continue
        reason = _refused(info)
        yield Refusal(info.filename, reason) if reason else info


def is_wacz(archive: zipfile.ZipFile) -> bool:
    """True if a zip file is a web archive (WACZ 1.1.1)."""
    names = archive.NameToInfo
    return "datapackage.json" in names and any(name.startswith("archive/") for name in names)


def stored_at(stream: BinaryIO, info: zipfile.ZipInfo) -> int | None:
    """Return the byte at which a member that is not compressed begins; None for a compressed one."""
    if info.compress_type != zipfile.ZIP_STORED:
        return None
    stream.seek(info.header_offset + _LENGTHS_AT)
    n_name, n_extra = _LENGTHS.unpack(stream.read(_LENGTHS.size))
    return info.header_offset + _LENGTHS_AT + _LENGTHS.size + int(n_name + n_extra)


def _is_asset(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """True if a file is what a browser saved beside a page that is in the zip, too."""
    folders = info.filename.split("/")[:-1]
    return any(
        "/".join([*folders[:depth], page]) in archive.NameToInfo
        for depth, folder in enumerate(folders)
        for page in pages_beside(folder)
    )


def _refused(info: zipfile.ZipInfo) -> str | None:
    """Return why a member is not read; None for one that is."""
    parts = info.filename.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        return "its name leads out of the archive"
    if parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts):
        return "hidden: its name begins with a dot, or is of macOS's own"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a symbolic link: links are not followed"
    if info.flag_bits & 1:
        return "encrypted"
    if info.compress_type not in _METHODS:
        return f"compressed by method {info.compress_type}, which is not read"
    return None


def _directory_bytes(stream: BinaryIO) -> int:
    """Return the size of a zip file's list of members, which `zipfile` reads whole."""
    stream.seek(0, 2)
    n_file = stream.tell()
    stream.seek(max(0, n_file - _END.size - 0xFFFF - _LOCATOR_64.size))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise RefusedError("not a whole zip file: no list of its members at its end")
    n_bytes: int = _END.unpack_from(tail, at)[5]
    locator = tail[max(0, at - _LOCATOR_64.size) : at]
    if locator.startswith(b"PK\x06\x07"):
        stream.seek(_LOCATOR_64.unpack(locator)[2])
        n_bytes = max(n_bytes if n_bytes != 0xFFFFFFFF else 0, _END_64.unpack(stream.read(_END_64.size))[8])
    stream.seek(0)
    return n_bytes
