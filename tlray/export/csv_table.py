"""How do sets become a table? One row a track, the set's columns before it, RFC 4180, UTF-8.

Lists are joined with `` / ``, what is not known is empty, numbers are numbers and booleans do not occur.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula (OWASP, "CSV injection"),
after leading blanks or as a fullwidth ``＝ ＋ － ＠`` too, and a title is written by strangers. Such a text
gets an apostrophe in front, which spreadsheets take as "this is text". To undo it: drop a leading ``'``
where what follows would have got one. Only texts are changed; no number of ours is negative.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator

from tlray.export.interface import Piece
from tlray.export.json_shape import encode
from tlray.export.options import Options
from tlray.model import Track, Tracklist

Cell = str | int | float | None

SET_COLUMNS = (
    "url", "site", "source_id", "set_title", "set_date", "set_djs",
    "set_sources", "set_genres", "set_duration_s",
)  # fmt: skip
TRACK_COLUMNS = (
    "index", "number", "kind", "parent", "section", "recording", "cue_s", "artist", "title",
    "labels", "identity", "track_id", "track_url", "duration_s", "genres", "artwork_url", "media_id", "text",
)  # fmt: skip
COLUMNS = SET_COLUMNS + TRACK_COLUMNS

_FORMULA = tuple("=+-@＝＋－＠﹢﹣﹦﹫−")
_BREAKS = ("\t", "\r", "\n")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"


def per_set(tracklist: Tracklist, options: Options) -> Iterator[Piece]:
    """One file with a header of its own."""
    yield Piece(together([tracklist], options))


def together(sets: Iterable[Tracklist], options: Options) -> Iterator[bytes]:
    """One table under one header; a chunk a set."""
    yield (b"\xef\xbb\xbf" if options.bom else b"") + _lines([COLUMNS])
    for tracklist in sets:
        of_set = _set_cells(tracklist)
        yield _lines(of_set + _track_cells(track) for track in tracklist.tracks)


def defused(text: str) -> str:
    """``text`` such that no spreadsheet runs it: with an apostrophe in front where it would."""
    visible = text.lstrip().lstrip(_INVISIBLE).lstrip()
    return "'" + text if text.startswith(_BREAKS) or visible.startswith(_FORMULA) else text


def _set_cells(t: Tracklist) -> tuple[Cell, ...]:
    return (
        defused(t.url),
        defused(t.site),
        _text(t.source_id),
        defused(t.title),
        t.date.isoformat() if t.date else None,
        _joined(t.djs),
        _joined(t.sources),
        _joined(t.genres),
        _number(t.duration_s),
    )


def _track_cells(t: Track) -> tuple[Cell, ...]:
    return (
        t.index,
        t.number,
        t.kind.value,
        t.parent,
        _text(t.section),
        t.recording,
        _number(t.cue_s),
        defused(t.artist),
        defused(t.title),
        _joined(t.labels),
        t.identity.value,
        _text(t.track_id),
        _text(t.track_url),
        _number(t.duration_s),
        _joined(t.genres),
        _text(t.artwork_url),
        _text(t.media_id),
        defused(t.text),
    )


def _lines(rows: Iterable[tuple[Cell, ...]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return encode(buffer.getvalue())


def _joined(values: list[str]) -> str:
    return defused(" / ".join(values))


def _text(value: str | None) -> str | None:
    return None if value is None else defused(value)


def _number(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None
