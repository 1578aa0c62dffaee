"""Traktor's NML (version 19): a playlist a set, and each recording with a cue point a chapter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from tlray.export.chapters import Chapters, chapter_title
from tlray.export.dj_library import Entry, gathered, one_file
from tlray.export.interface import Format, LeftOut, SetFile
from tlray.export.json_shape import encode
from tlray.export.options import ChapterOptions
from tlray.export.safe_text import in_xml, xml_comment
from tlray.model import Track, Tracklist

_FOLDER = "/:"


def per_set(tracklist: Tracklist, options: ChapterOptions) -> Iterator[SetFile | LeftOut]:
    """Yield one document."""
    return one_file(together([tracklist], options))


def together(sets: Iterable[Tracklist], options: ChapterOptions) -> Iterator[bytes | LeftOut]:
    """Yield one document."""
    for library in gathered(sets, Traktor(), options):
        if isinstance(library, LeftOut):
            yield library
            continue
        yield encode(
            '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<NML VERSION="19">\n'
            '<HEAD COMPANY="" PROGRAM="tlray"></HEAD>\n<MUSICFOLDERS></MUSICFOLDERS>\n'
            f'<COLLECTION ENTRIES="{library.n_entries}">\n'
        )
        yield from library.entries.read()
        yield encode(
            '</COLLECTION>\n<SETS ENTRIES="0"></SETS>\n<PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT">'
            f'<SUBNODES COUNT="{library.n_playlists}">\n'
        )
        yield from library.playlists.read()
        yield b"</SUBNODES></NODE></PLAYLISTS>\n</NML>\n"


class Traktor:
    """The elements of Traktor."""

    def track(self, entry: Entry, track: Track) -> str:
        """Return an ``ENTRY``."""
        info = {
            "LABEL": " / ".join(track.labels),
            "GENRE": ", ".join(track.genres),
            "CATALOG_NO": track.catalogue_number or "",
            **_length(track.duration_s),
        }
        return _entry(entry, track.title or track.text, track.artist, info)

    def recording(self, entry: Entry, chapters: Chapters) -> str:
        """Return an ``ENTRY`` with its cue points."""
        cues = [
            f'<CUE_V2 NAME="{in_xml(chapter_title(start))}" DISPL_ORDER="0" TYPE="0" START="{start.at}.000000"'
            ' LEN="0.000000" REPEATS="-1" HOTCUE="-1"></CUE_V2>\n'
            for start in chapters.recording.starts
        ]
        notes = [f"{xml_comment(note)}\n" for note in chapters.notes]
        info = {"GENRE": ", ".join(chapters.tracklist.genres)}
        if chapters.end is not None:
            info |= _length(chapters.end / 1000)
        return _entry(entry, chapters.title, chapters.djs, info, "".join([*notes, *cues]))

    def playlist(self, title: str, number: int, entries: list[Entry]) -> str:
        """Return a ``NODE``; its UUID follows from its place and title, so that every run writes the same."""
        uuid = hashlib.blake2b(f"{number} {title}".encode("utf-8", "replace"), digest_size=16).hexdigest()
        keys = "".join(
            f'<ENTRY><PRIMARYKEY TYPE="TRACK" KEY="{in_xml(_FOLDER + entry.file_name)}"></PRIMARYKEY></ENTRY>\n'
            for entry in entries
        )
        return (
            f'<NODE TYPE="PLAYLIST" NAME="{in_xml(title)}"><PLAYLIST ENTRIES="{len(entries)}" TYPE="LIST" UUID="{uuid}">\n'
            f"{keys}</PLAYLIST></NODE>\n"
        )


def _entry(entry: Entry, title: str, artist: str, info: dict[str, str], inner: str = "") -> str:
    return (
        f"<ENTRY {_attributes(TITLE=title, ARTIST=artist)}>"
        f'<LOCATION DIR="{_FOLDER}" FILE="{in_xml(entry.file_name)}" VOLUME="" VOLUMEID=""></LOCATION>'
        f"<INFO {_attributes(**info)}></INFO>\n{inner}</ENTRY>\n"
    )


def _attributes(**given: str) -> str:
    return " ".join(f'{name}="{text}"' for name, value in given.items() if (text := in_xml(value)))


def _length(seconds: float | None) -> dict[str, str]:
    if seconds is None or not 0 < seconds < 1e6:
        return {}
    return {"PLAYTIME": str(int(seconds)), "PLAYTIME_FLOAT": f"{seconds:.6f}"}


FORMAT = Format(
    name="traktor",
    suffix=".nml",
    media_type="application/xml",
    about="Traktor's NML: a playlist a set, and each recording with its cue points",
    options=ChapterOptions(),
    per_set=per_set,
    together=together,
)
