"""The grammar of M3U lists as DJ programs write them: ``#EXTINF``, ``#EXTVDJ``, a path a row.

Of a path only the base name is used, and only where a row says nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tlray.readers.assembly import MAX_ROWS, stem_of
from tlray.sites.fields import clean, split_name

FROM_FILES = "names_from_files"
MAX_LINE_CHARS = 20_000
_LINE_END = re.compile(r"\r\n|\r|\n")
_EXTINF = re.compile(r"#EXTINF:?\s*(-?\d{1,9}(?:\.\d{1,9})?)?([^,]*),?(.*)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(/?)([a-z]{1,20})>", re.IGNORECASE)
_ESCAPED = re.compile("&(amp|lt|gt|quot|apos|#39);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'"}
_NUMBERED = re.compile(r"(?:\d{1,2}-\d{2}|\d{2,3})[ ._-]+(?=\S)")
_PLACE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$|[/\\]")
_OF_CHANNELS = re.compile(
    r"^#EXTINF:[^,\r\n]{0,500}?\b(?:tvg-\w{1,20}|group-title|radio)=", re.IGNORECASE | re.MULTILINE
)
_STATION = re.compile(r"(?:https?|rtmp|rtsp|mms|icyx?)://", re.IGNORECASE)
_AUDIO = re.compile(r"\.(?:mp3|m4a|mp4|flac|wav|aiff?|aac|ogg|opus|wma)(?:[?#]|$)", re.IGNORECASE)
_DOUBLE_BLANK = re.compile(r"(\S.*?)\s{2,}(\S.*)")


@dataclass(slots=True)
class Entry:
    """A row."""

    info: str = ""
    """What follows the comma of ``#EXTINF``."""
    length_s: float | None = None
    fields: dict[str, str] = field(default_factory=dict)
    """The values of ``#EXTVDJ``."""
    stem: str = ""
    """The file's name without folders and suffix."""
    folders: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """True if nothing at all is known of it."""
        return not (self.info or self.fields or self.stem)


def is_m3u(text: str) -> bool:
    """True if a text is an M3U list by its first line, or has a row of VirtualDJ's. A playlist of HTTP streaming is none."""
    first = text.lstrip("\ufeff \t\r\n")[:200].upper()
    return (
        first.startswith(("#EXTM3U", "#EXTINF", "#EXTVDJ")) or "\n#EXTVDJ:" in text
    ) and "#EXT-X-" not in text


def why_no_tracks(text: str) -> str | None:
    """Return why a list is none of tracks: it has parts of a stream, channels or stations; None if it may be one."""
    head = text[:100_000]
    if "#EXT-X-" in head:
        return "a playlist of HTTP streaming, no list of tracks"
    if _OF_CHANNELS.search(head):
        return "a list of channels, not of tracks"
    places = [line.strip() for line in head.splitlines() if line.strip() and not line.startswith("#")]
    are_stations = bool(places) and all(
        _STATION.match(place) and not _AUDIO.search(place) for place in places
    )
    has_lengths = any(
        (_info(line)[0] or 0) > 0 for line in head.splitlines() if line.upper().startswith("#EXTINF")
    )
    return (
        "a list of stations, not of tracks"
        if are_stations and not has_lengths and "#EXTVDJ:" not in head
        else None
    )


def is_bare(text: str) -> bool:
    """True if the lines of a list without ``#EXTM3U`` are places of files."""
    lines = [line.strip() for line in text[:20_000].splitlines() if line.strip() and not line.startswith("#")]
    return 2 * sum(bool(_PLACE.search(line[-300:])) for line in lines) > len(lines)


def parse_m3u(text: str) -> list[Entry]:
    """Read all rows, in order."""
    entries: list[Entry] = []
    row = Entry()
    for line in _LINE_END.split(text):
        line = line[:MAX_LINE_CHARS].strip(" \t\ufeff\0")  # noqa: PLW2901
        if not line:
            continue
        if len(entries) > MAX_ROWS:
            break
        if line.upper().startswith("#EXTVDJ:"):
            if row.fields:  # the row before has no path
                entries.append(row)
                row = Entry()
            row.fields = _fields(line)
        elif line.upper().startswith("#EXTINF"):
            if row.info:
                entries.append(row)
                row = Entry()
            row.length_s, row.info = _info(line)
        elif not line.startswith("#"):
            row.stem, row.folders = _file(line)
            entries.append(row)
            row = Entry()
    entries.append(row)
    return [entry for entry in entries if not entry.is_empty]


def names(entries: Sequence[Entry]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return artist and title of every row, and what is wrong: names that stand in those of files only."""
    bare = [entry.stem for entry in entries if not (entry.info or entry.fields.get("title"))]
    is_numbered = sum(bool(_NUMBERED.match(stem)) for stem in bare) * 2 > len(bare)
    found = []
    for entry in entries:
        if title := entry.fields.get("title"):
            found.append((entry.fields.get("artist", ""), title))
        elif entry.info:
            found.append(_split_info(entry))
        else:
            found.append(split_name(_NUMBERED.sub("", entry.stem, count=1) if is_numbered else entry.stem))
    return found, [FROM_FILES] if bare else []


def _info(line: str) -> tuple[float | None, str]:
    found = _EXTINF.match(line)
    if found is None:
        return None, ""
    length = float(found[1]) if found[1] else -1.0
    return (length if length > 0 else None), found[3].strip()


def _fields(line: str) -> dict[str, str]:
    """Read ``<artist>A & B</artist><title>T</title>``, which is no XML: names are not escaped."""
    fields: dict[str, str] = {}
    name, begin = "", 0
    for tag in _TAG.finditer(line):
        closes, this = bool(tag[1]), tag[2].lower()
        if not name and not closes:
            name, begin = this, tag.end()
        elif closes and this == name:
            fields.setdefault(name, _unescaped(line[begin : tag.start()]))
            name = ""
    return fields


def _split_info(entry: Entry) -> tuple[str, str]:
    artist, title = split_name(entry.info)
    doubled = _DOUBLE_BLANK.fullmatch(entry.info)
    if not artist and doubled and clean(doubled[1]) in entry.folders:
        return doubled[1], doubled[2]
    return artist, title


def _file(path: str) -> tuple[str, frozenset[str]]:
    if "://" in path and not path.lower().startswith("file:"):
        return "", frozenset()  # of a streaming service: netsearch://dz1873796677
    return stem_of(path), frozenset(clean(part) for part in re.split(r"[/\\]", path)[:-1])


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: _ENTITIES[found[1]], value).strip()
