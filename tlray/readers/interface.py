"""The interface of a reader of files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from tlray.model import ParsedPage

HEAD_BYTES = 64 * 1024
"""How much of a file `FileReader.recognises` is shown."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read, decompressed, out of its archive."""

    name: str
    """Its base name, without a folder: a user's folders never reach the results."""
    body: bytes
    url: str = ""
    """``file:///NAME``, what an archive says (the address of a WARC record), or what the user says (``--url``)."""
    encoding: str | None = None
    """What the user says (``--encoding``); None: found out from the content."""
    zone: tzinfo | None = None
    """The zone of local clock times in it; None: unknown."""

    @property
    def head(self) -> bytes:
        """The beginning, by which kinds are told apart."""
        return self.body[:HEAD_BYTES]


class FileReader(Protocol):
    """Reads one kind of file."""

    @property
    def kind(self) -> str:
        """The word of ``--as``: ``cue``, ``traktor``."""
        ...

    @property
    def version(self) -> str:
        """Name and version, ``cue/1``; raise it when results change."""
        ...

    def recognises(self, head: bytes, name: str) -> bool:
        """True if a file is of this kind: by its content, by its name only where content cannot tell."""
        ...

    def read(self, file: SourceFile) -> ParsedPage:
        """Read all sets in a file. Never raises: what is not understood is ``PageKind.UNKNOWN`` with a reason."""
        ...
