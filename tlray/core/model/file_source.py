"""The place of an imported file: its path, and its place in an archive; written as a URL that only the journal has.

The item's own URL is ``file:///NAME`` without a folder, so that no path of a user's disk reaches results or exports.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

FILE_DOMAIN = "(files)"
"""The domain of all files. No host has such a name, so no URL of a list can be of it."""
FILE_PREFIX = "file:"
"""How their URLs and fingerprints begin."""
_RAW = "surrogateescape"
"""A path is bytes: those that are no UTF-8 come back as they were."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """Where a file is opened, and how it is read."""

    path: str
    """Absolute."""
    locator: str = ""
    """Its place in an archive (`tlray.io.intake.members.Member.locator`)."""
    offset: int | None = None
    """The byte in the archive at which it is found without reading what comes before."""
    kind: str = ""
    """The user's ``--as``; "" without."""
    encoding: str = ""
    """The user's ``--encoding``; "" without."""
    name: str = ""
    """The name of an uploaded file, which the disk does not have; "": the path's own."""

    @property
    def url(self) -> str:
        """The place as a URL."""
        said = {"as": self.kind, "encoding": self.encoding, "in": self.locator, "name": self.name}
        query = {name: value for name, value in said.items() if value}
        if self.offset is not None:
            query["at"] = str(self.offset)
        path = quote(self.path, errors=_RAW)
        return f"file://{path}?{urlencode(query, errors=_RAW)}" if query else f"file://{path}"

    @classmethod
    def parse(cls, url: str) -> FileSource:
        """Read the URL that `url` has written."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query, errors=_RAW).items()}
        offset = query.get("at")
        return cls(
            unquote(parts.path, errors=_RAW),
            query.get("in", ""),
            None if offset is None else int(offset),
            query.get("as", ""),
            query.get("encoding", ""),
            query.get("name", ""),
        )


def shown_url(url: str) -> str:
    """Return a URL as it may be shown: of a file without its folder, other URLs as they are."""
    return "file:///" + urlsplit(url).path.rpartition("/")[2] if url.startswith(FILE_PREFIX) else url
