"""A library of a DJ program made of sets: each track once, a playlist a set, and each recording as a track with its chapters.

The files of the tracks are unknown. Each has the name ``Artist - Title.mp3`` without a folder, by which a program finds it again
when its user names the folder. Both lists are packed while they are gathered, because each says at its beginning how long it is.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tlray.export.chapters import MS, Chapters, chapters_of
from tlray.export.filenames import Names
from tlray.export.interface import LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import one_line
from tlray.export.starts import line
from tlray.model import Track, TrackKind, Tracklist


class Entry(NamedTuple):
    """A track of the library."""

    number: int
    """1.., in the order of the file."""
    file_name: str


class Dialect(Protocol):
    """How a program writes an entry, and a playlist."""

    def track(self, entry: Entry, track: Track) -> str:
        """Return the entry of a track."""

    def recording(self, entry: Entry, chapters: Chapters) -> str:
        """Return the entry of a recording."""

    def playlist(self, title: str, number: int, entries: list[Entry]) -> str:
        """Return the playlist of a set, the ``number``-th of the file."""


class Packed:
    """Text that is added now and read later."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(1)
        self._chunks: list[bytes] = []

    def add(self, text: str) -> None:
        """Add text at the end."""
        self._chunks.append(self._packer.compress(encode(text)))

    def read(self) -> Iterator[bytes]:
        """Yield all of it; nothing can be added afterwards."""
        self._chunks.append(self._packer.flush())
        unpacker = zlib.decompressobj()
        return (plain for chunk in self._chunks if (plain := unpacker.decompress(chunk)))


@dataclass(slots=True)
class Library:
    """The entries and playlists of a file."""

    dialect: Dialect
    entries: Packed = field(default_factory=Packed)
    playlists: Packed = field(default_factory=Packed)
    n_entries: int = 0
    n_playlists: int = 0
    _known: dict[bytes, Entry] = field(default_factory=dict)
    _files: Names = field(default_factory=Names)
    _titles: Counter[str] = field(default_factory=Counter)

    def add(self, tracklist: Tracklist, options: ChapterOptions) -> Iterator[LeftOut]:
        """Add a set; yield what is left out of it."""
        rows = [track for track in tracklist.tracks if track.kind is not TrackKind.MASHUP_PART]
        entries = [self._entry(track) for track in rows]
        for found in chapters_of(tracklist, options, ticks_per_s=MS):
            if isinstance(found, LeftOut):
                yield found
            else:
                self.entries.add(self.dialect.recording(self._new(found.title), found))
        self.n_playlists += 1
        title = one_line(tracklist.title) or "untitled"
        self._titles[title] += 1
        title = f"{title} ({self._titles[title]})" if self._titles[title] > 1 else title
        self.playlists.add(self.dialect.playlist(title, self.n_playlists, entries))

    def _entry(self, track: Track) -> Entry:
        """Return the entry of a track, made if it is a new one."""
        name = one_line(line(track))
        key = hashlib.blake2b(
            f"{track.artist}\n{track.title}\n{name}".encode("utf-8", "replace"), digest_size=12
        ).digest()
        entry = self._known.get(key)
        if entry is None:
            entry = self._known[key] = self._new(name)
            self.entries.add(self.dialect.track(entry, track))
        return entry

    def _new(self, name: str) -> Entry:
        self.n_entries += 1
        return Entry(self.n_entries, self._files.take(name, suffix=".mp3"))


def gathered(
    sets: Iterable[Tracklist], dialect: Dialect, options: ChapterOptions
) -> Iterator[LeftOut | Library]:
    """Yield what is left out of the sets, then the library of all of them."""
    library = Library(dialect)
    for tracklist in sets:
        yield from library.add(tracklist, options)
    yield library


def one_file(chunks: Iterable[bytes | LeftOut]) -> Iterator[SetFile | LeftOut]:
    """Yield the library of one set as its file, and what is left out."""
    found = list(chunks)
    yield SetFile([chunk for chunk in found if not isinstance(chunk, LeftOut)])
    yield from (chunk for chunk in found if isinstance(chunk, LeftOut))
