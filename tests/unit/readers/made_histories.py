"""Files of DJ programs, invented: the same grammar as real ones, other content."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import quoteattr

from tlray.model import ParsedPage, Tracklist
from tlray.readers.interface import FileReader, SourceFile


def read(reader: FileReader, body: bytes | str, name: str, **given: object) -> ParsedPage:
    data = body.encode() if isinstance(body, str) else body
    return reader.read(SourceFile(name, data, f"file:///{name}", **given))  # type: ignore[arg-type]


def the_set(reader: FileReader, body: bytes | str, name: str, **given: object) -> Tracklist:
    page = read(reader, body, name, **given)
    assert page.reason is None, page.reason
    (only,) = page.tracklists
    return only


def names(made: Tracklist) -> list[tuple[str, str]]:
    return [(track.artist, track.title) for track in made.tracks]


def chunk(name: bytes, value: bytes) -> bytes:
    return name + struct.pack(">I", len(value)) + value


def session_row(fields: Mapping[int, str | tuple[int, int]]) -> bytes:
    """A row of a Serato session; a number is given as (value, bytes)."""
    packed = b""
    for number, value in fields.items():
        data = (
            value.encode("utf-16-be") + b"\0\0"
            if isinstance(value, str)
            else value[0].to_bytes(value[1], "big")
        )
        packed += chunk(struct.pack(">I", number), data)
    return chunk(b"oent", chunk(b"adat", packed))


def session(*rows: bytes) -> bytes:
    return chunk(b"vrsn", "1.0/Serato Scratch LIVE Review".encode("utf-16-be")) + b"".join(rows)


def play(
    row: int, title: str, start: int, *, artist: str = "Ada", lasted: int = 300, **more: tuple[int, int]
) -> bytes:
    fields: dict[int, str | tuple[int, int]] = {
        1: (row, 4), 2: "/Users/ada/Music/x.mp3", 6: title, 7: artist, 28: (start, 4), 45: (lasted, 4), 50: (1, 1),
    }  # fmt: skip
    return session_row(fields | {int(name[1:]): value for name, value in more.items()})


def nml(entries: Iterable[Mapping[str, str]], *playlists: str) -> str:
    """A Traktor file; an entry's file is its FILE in one folder."""
    collection = ""
    for entry in entries:
        of_info = {"LABEL", "GENRE", "PLAYTIME_FLOAT", "CATALOG_NO", "MIX"}
        own = "".join(f" {k}={quoteattr(v)}" for k, v in entry.items() if k not in of_info | {"FILE"})
        info = "".join(f" {k}={quoteattr(v)}" for k, v in entry.items() if k in of_info)
        collection += (
            f'<ENTRY{own}><LOCATION DIR="/:Users/:ada/:" FILE={quoteattr(entry["FILE"])} VOLUME="Disk"></LOCATION>'
            f"<INFO{info}></INFO></ENTRY>\n"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n<NML VERSION="19"><HEAD PROGRAM="Traktor"></HEAD>\n'
        f'<COLLECTION>{collection}</COLLECTION>\n<PLAYLISTS><NODE TYPE="FOLDER" NAME="$ROOT"><SUBNODES>'
        f"{''.join(playlists)}</SUBNODES></NODE></PLAYLISTS></NML>"
    )


def playlist(*rows: str, name: str = "HISTORY", kind: str = "PROTOCOL") -> str:
    return (
        f'<NODE TYPE="PLAYLIST" NAME={quoteattr(name)}><PLAYLIST ENTRIES="{len(rows)}" TYPE="{kind}" UUID="1">'
        f"{''.join(rows)}</PLAYLIST></NODE>"
    )


def row(file: str, **extended: object) -> str:
    data = "".join(f' {k}="{v}"' for k, v in extended.items())
    return (
        f'<ENTRY><PRIMARYKEY TYPE="TRACK" KEY={quoteattr("Disk/:Users/:ada/:" + file)}></PRIMARYKEY>'
        + (f'<EXTENDEDDATA EXTENDEDTYPE="HistoryData"{data}></EXTENDEDDATA>' if extended else "")
        + "</ENTRY>"
    )


def packed(year: int, month: int, day: int) -> int:
    return year << 16 | month << 8 | day
