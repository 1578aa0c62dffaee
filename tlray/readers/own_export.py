"""tlray's own exports, read back: JSON (a set, or an array of sets), JSON lines, and the lines of ``tlray parse``."""

from __future__ import annotations

import codecs
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tlray.model import PageKind, ParsedPage, Tracklist
from tlray.readers.interface import SourceFile
from tlray.readers.made import is_site_name
from tlray.readers.sniff import head_text, json_keys

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_OF_A_SET = frozenset({"url", "site", "source_id", "title"})
_OF_A_LINE = frozenset({"file", "kind", "reason", "tracklists"})


@dataclass(slots=True)
class _Parsed:
    """A line of ``tlray parse``."""

    tracklists: list[Tracklist]


class OwnExportReader:
    """JSON that tlray wrote."""

    kind = "tlray"
    version = "tlray/1"

    def recognises(self, head: bytes, name: str) -> bool:
        """True if it is JSON with the fields of a set."""
        del name
        keys = json_keys(head_text(head))
        return keys is not None and (keys >= _OF_A_SET or keys >= _OF_A_LINE)

    def read(self, file: SourceFile) -> ParsedPage:
        """Read all sets, as they were written."""
        try:
            sets = _sets(file.body.removeprefix(codecs.BOM_UTF8).strip())
        except ValueError as error:  # pydantic's ValidationError is one
            return ParsedPage(PageKind.UNKNOWN, f"not as tlray writes it: {_first_fault(error)}")
        if not sets:
            return ParsedPage(PageKind.UNKNOWN, "no set in it")
        return ParsedPage(PageKind.TRACKLIST, tracklists=tuple(sets))


def _sets(text: bytes) -> list[Tracklist]:
    sets: list[Tracklist] = []
    if text.startswith(b"["):
        sets = _adapter(list[Tracklist]).validate_json(text, strict=True)
    else:
        is_lines = text.partition(b"\n")[0].rstrip().endswith(b"}")
        for line in text.split(b"\n") if is_lines else [text]:
            if line.strip():
                keys = json_keys(head_text(line[:4096])) or frozenset()
                if keys >= _OF_A_LINE:
                    sets += _adapter(_Parsed).validate_json(line, strict=True).tracklists
                else:
                    sets.append(_adapter(Tracklist).validate_json(line, strict=True))
    for made in sets:
        made.track_count = len(made.tracks)
        if not all(math.isfinite(found) for found in _numbers(made) if found is not None):
            raise ValueError("a number that is not finite")
        if not is_site_name(made.site):
            raise ValueError(f"site: {made.site!r} is no name of a site")
    return sets


def _numbers(made: Tracklist) -> list[float | None]:
    of_tracks = [number for track in made.tracks for number in (track.cue_s, track.duration_s)]
    return [made.duration_s, made.quality, *of_tracks]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - no other kind of file needs it

    return TypeAdapter(kind)


def _first_fault(error: ValueError) -> str:
    """Say in one line where the first fault is."""
    for fault in getattr(error, "errors", list)():
        where = ".".join(str(part) for part in fault["loc"])
        return f"{where}: {fault['msg']}"[:160].removeprefix(": ")
    return str(error)[:160]
