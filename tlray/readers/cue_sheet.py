"""The grammar of CUE sheets, as loose as real sheets are: a line a command, in any case and with any indent.

Quotes are optional and not escaped: what stands between the first and the last one is the value. Unknown lines are passed over.
A FILE holds for the indexes below it, so a track whose INDEX 00 lies in the file before belongs to that of its INDEX 01.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from tlray.readers.assembly import MAX_ROWS

MAX_LINE_CHARS = 4_000
_COMMAND = re.compile(r"([A-Za-z]+)(?:[ \t]+(.*))?", re.DOTALL)
_TRACK = re.compile(r"(\d{1,6})(?:\s+(\S+))?")
_INDEX = re.compile(r"(\d{1,3})\s+(\S.*)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_OTHER_QUOTES = {"'": "'", "“": "”", "„": "“", "‘": "’", "«": "»"}
_SHEET = re.compile(r"^[ \t\xa0\ufeff]*TRACK[ \t]+\d+[ \t]+\w", re.IGNORECASE | re.MULTILINE)
_INDEXED = re.compile(r"^[ \t\xa0]*INDEX[ \t]+\d+[ \t]+\d+:\d", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class SheetTrack:
    """A track as the sheet has it."""

    number: int
    title: str = ""
    performer: str | None = None
    start: str | None = None
    """The text of INDEX 01, or of the first index behind it; INDEX 00 is the pause before the track."""
    file: int | None = None
    """Which FILE ``start`` counts in: 1, 2, …; None where the sheet names none."""


@dataclass(slots=True)
class Sheet:
    """A sheet."""

    title: str = ""
    performer: str = ""
    tracks: list[SheetTrack] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    """REM: the key in capitals, and the value; of the whole sheet, and notes behind the last track."""
    commands: Counter[str] = field(default_factory=Counter)
    n_data_tracks: int = 0
    """Tracks that are no audio."""

    def remark(self, key: str) -> str:
        """Return the first value of a REM; "" where there is none."""
        return next((value for name, value in self.remarks if name == key), "")


def is_sheet(text: str) -> bool:
    """True if a text holds the commands of a CUE sheet."""
    text = text.replace("\r", "\n")
    return bool(_SHEET.search(text) and _INDEXED.search(text))


def parse_sheet(text: str) -> Sheet:
    """Read a sheet; one without any track is none."""
    sheet = Sheet()
    reader = _Reader(sheet)
    for line in _LINE_END.split(text):
        if len(line) <= MAX_LINE_CHARS and (found := _COMMAND.fullmatch(line.strip(" \t\ufeff\xa0\0\x1a"))):
            reader.take(found[1].upper(), (found[2] or "").strip())
    return sheet


class _Reader:
    """The position of the next line in the sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.track: SheetTrack | None = None
        self.n_files = 0
        self.is_data = False

    def take(self, command: str, value: str) -> None:
        self.sheet.commands[command] += 1
        match command:
            case "TRACK":
                self._begin(value)
            case "FILE":
                self.n_files += 1
            case "TITLE" | "PERFORMER":
                self._name(command, unquoted(value))
            case "INDEX":
                self._index(value)
            case "REM":
                self._remark(value)

    def _begin(self, value: str) -> None:
        found = _TRACK.match(value)
        self.track, self.is_data = None, False
        if found is None or len(self.sheet.tracks) > MAX_ROWS:
            return
        if (found[2] or "AUDIO").upper() not in ("AUDIO", "CDG", "AUDI0"):
            self.sheet.n_data_tracks += 1
            self.is_data = True
            return
        self.track = SheetTrack(int(found[1]), file=self.n_files or None)
        self.sheet.tracks.append(self.track)

    def _name(self, command: str, value: str) -> None:
        if self.track is not None:
            if command == "TITLE":
                self.track.title = self.track.title or value
            else:
                self.track.performer = self.track.performer or value
        elif not self.is_data:
            name = command.lower()
            setattr(self.sheet, name, getattr(self.sheet, name) or value)

    def _index(self, value: str) -> None:
        found = _INDEX.match(value)
        if found and self.track is not None and int(found[1]) > 0 and self.track.start is None:
            self.track.start = unquoted(found[2])
            self.track.file = self.n_files or None

    def _remark(self, value: str) -> None:
        key, _, text = value.replace("\t", " ").partition(" ")
        key, text = key.upper(), unquoted(text.strip())
        if self.track is None or key == "NOTE":
            self.sheet.remarks.append((key, text))
        elif key == "PERFORMER":  # rekordbox writes it so for the first track
            self.track.performer = self.track.performer or text


def unquoted(value: str) -> str:
    """Return a value without its quotes; quotes within it stay."""
    if not value.startswith('"'):
        closing = _OTHER_QUOTES.get(value[:1])
        return (value[1:-1] if closing and len(value) > 1 and value.endswith(closing) else value).strip()
    inner = value[1:]
    if inner.endswith('"') or inner.count('"') % 2:  # else the last one is missing
        inner = inner[: inner.rindex('"')]
    return inner.strip()
