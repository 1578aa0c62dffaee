"""rekordbox's XML (Preferences, Advanced, rekordbox xml): a playlist a set, and each recording with a memory cue a chapter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from tlray.export.chapters import MS, Chapters, chapter_title
from tlray.export.dj_library import Entry, gathered, one_file
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import in_xml, xml_comment
from tlray.model import Track, Tracklist


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile | LeftOut]:
    """Yield one document."""
    return one_file(together([tracklist], options))


def together(sets: Iterable[Tracklist], options: ChapterOptions) -> Iterator[bytes | LeftOut]:
    """Yield one document."""
    for library in gathered(sets, Rekordbox(), options):
        if isinstance(library, LeftOut):
            yield library
            continue
        yield encode(
            '<?xml version="1.0" encoding="UTF-8"?>\n<DJ_PLAYLISTS Version="1.0.0">\n'
            '  <PRODUCT Name="tlray" Version="1" Company=""/>\n'
            f'  <COLLECTION Entries="{library.n_entries}">\n'
        )
        yield from library.entries.read()
        yield encode(
            f'  </COLLECTION>\n  <PLAYLISTS>\n    <NODE Type="0" Name="ROOT" Count="{library.n_playlists}">\n'
        )
        yield from library.playlists.read()
        yield b"    </NODE>\n  </PLAYLISTS>\n</DJ_PLAYLISTS>\n"


class Rekordbox:
    """The elements of rekordbox."""

    def track(self, entry: Entry, track: Track) -> str:
        """Return a ``TRACK``."""
        return _element(
            entry,
            Name=track.title or track.text,
            Artist=track.artist,
            Genre=", ".join(track.genres),
            TotalTime=_whole(track.duration_s),
            Label=" / ".join(track.labels),
        )

    def recording(self, entry: Entry, chapters: Chapters) -> str:
        """Return a ``TRACK`` with its memory cues."""
        marks = [
            f'      <POSITION_MARK Name="{in_xml(chapter_title(start))}" Type="0" Start="{start.at / MS:.3f}" Num="-1"/>\n'
            for start in chapters.recording.starts
        ]
        notes = [f"      {xml_comment(note)}\n" for note in chapters.notes]
        genre = ", ".join(chapters.tracklist.genres)
        whole = "" if chapters.end is None else str(chapters.end // MS)
        head = _element(entry, Name=chapters.title, Artist=chapters.djs, Genre=genre, TotalTime=whole)
        return head.removesuffix("/>\n") + ">\n" + "".join([*notes, *marks]) + "    </TRACK>\n"

    def playlist(self, title: str, number: int, entries: list[Entry]) -> str:
        """Return a ``NODE``."""
        del number
        keys = "".join(f'        <TRACK Key="{entry.number}"/>\n' for entry in entries)
        head = f'      <NODE Name="{in_xml(title)}" Type="1" KeyType="0" Entries="{len(entries)}">\n'
        return head + keys + "      </NODE>\n"


def _element(entry: Entry, **given: str) -> str:
    given["Location"] = f"file://localhost/{quote(entry.file_name)}"
    attributes = " ".join(f'{name}="{text}"' for name, value in given.items() if (text := in_xml(value)))
    return f'    <TRACK TrackID="{entry.number}" {attributes}/>\n'


def _whole(seconds: float | None) -> str:
    return str(int(seconds)) if seconds is not None and 0 < seconds < 1e6 else ""


FORMAT = Format(
    name="rekordbox",
    suffix=".rekordbox.xml",
    media_type="application/xml",
    about="rekordbox's XML: a playlist a set, and each recording with its memory cues",
    options=ChapterOptions(),
    per_set=per_set,
    together=together,
)
