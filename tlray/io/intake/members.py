"""The contents of a container: members, or refusals with a reason; and the bounds that hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import BinaryIO
from urllib.parse import quote

from tlray.readers.interface import SourceFile

MAX_MEMBER_BYTES = 64 * 2**20
"""A larger member is refused: a tracklist of a thousand rows has half a megabyte."""
MAX_RATIO = 200
"""Archives that expand further are bombs. Text reaches some 20, a list of equal lines 100."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file to read."""

    locator: str
    """Where it lies in its container: "" for a file that is its own only member."""
    file: SourceFile
    offset: int | None = None
    """The byte in its container at which `open_member` finds it without reading what comes before."""
    packed: bytes = b""
    """The file as it lies there, if that is gzip: so it is archived."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that is not read."""

    where: str
    """Its path below the folder, or its name in the archive; "" for the file itself."""
    reason: str


class RefusedError(Exception):
    """A member cannot be read; the text is the reason."""


class BombError(RefusedError):
    """So much comes out of an archive that the rest of it is not read."""


@dataclass(frozen=True, slots=True)
class Given:
    """Statements of the user about a file."""

    name: str
    """Its base name."""
    url: str = ""
    encoding: str | None = None
    zone: tzinfo | None = None

    def unzipped(self) -> Given:
        """Return the same, named as the file is inside its gzip."""
        return replace(self, name=self.name.removesuffix(".gz"))

    def source(
        self, body: bytes, *, name: str = "", url: str = "", encoding: str | None = None
    ) -> SourceFile:
        """Return a file, by what its container says of it where the user says nothing."""
        name = base_name(name or self.name)
        said_url = self.url or url or file_url(name)
        return SourceFile(name, body, said_url, self.encoding or encoding, self.zone)


@dataclass(slots=True)
class Budget:
    """The most that an archive of a given size may expand to."""

    archive_bytes: int
    n_left: int = field(init=False)

    def __post_init__(self) -> None:
        self.n_left = MAX_MEMBER_BYTES + MAX_RATIO * self.archive_bytes

    def spend(self, n_bytes: int) -> None:
        """Count bytes that came out; BombError once they are too many."""
        self.n_left -= n_bytes
        if self.n_left < 0:
            raise BombError(f"expands more than {MAX_RATIO} times: a bomb, the rest is not read")


def read_bounded(stream: BinaryIO, n_bytes: int = MAX_MEMBER_BYTES) -> bytes:
    """Read a stream to its end; RefusedError if it is longer than a member may be.

    ``n_bytes``: its size, where that is known. Python sets aside as much memory as it is asked to read, which took longer than
    the reading: 140 of 165 µs for a page of 300 kB.
    """
    body = stream.read(n_bytes + 1)
    if len(body) > n_bytes:  # it has grown meanwhile
        body += stream.read(MAX_MEMBER_BYTES + 1 - len(body))
    if len(body) > MAX_MEMBER_BYTES:
        raise RefusedError(too_large())
    return body


def too_large(n_bytes: int | None = None) -> str:
    """Return the reason for refusing a member by its size."""
    size = "" if n_bytes is None else f" ({n_bytes:,} bytes)"
    return f"too large{size}: at most {MAX_MEMBER_BYTES:,} bytes are read"


def base_name(name: str) -> str:
    """Return the last part of a path as text, whatever its bytes are."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return last.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def file_url(name: str) -> str:
    """Return the URL of a file without its folder."""
    return "file:///" + quote(name)
