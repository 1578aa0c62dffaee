"""Sets as a table: one row a track, the set's columns before it, RFC 4180, UTF-8.

Lists are joined with `` / ``, what is not known is empty, numbers are numbers and booleans do not occur.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula (OWASP, "CSV injection"), after blanks
and quotes or as a fullwidth ``＝ ＋ － ＠`` too, and a title is written by strangers. Many spreadsheets separate at ``;``, tab
or ``|``, also inside of quotes, or take ``'`` for the quote. So two marks are set (`defused`), and `restored` takes them away:

- ``'`` before a text that begins so. Spreadsheets show it, and run nothing. Its cell is quoted, or ``'`` could be the quote.
- ``’`` behind each ``;``, ``,``, ``|``, tab or end of a line inside of a text where the rest begins so.

Only texts are changed; no number of ours is negative.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlray.core.model import merged
from tlray.export.interface import Format, SetFile
from tlray.export.json_shape import encode, finite, moment
from tlray.export.options import CsvOptions
from tlray.model import Track, Tracklist

Cell = str | int | float | None

SET_COLUMNS = (
    "url", "site", "source_id", "set_title", "set_date", "set_djs",
    "set_sources", "set_genres", "set_duration_s", "set_published", "set_licence", "set_attribution",
)  # fmt: skip
TRACK_COLUMNS = (
    "index", "number", "kind", "parent", "section", "recording", "cue_s", "cue_precision",
    "cue_text", "played_at", "artist", "title", "labels", "catalogue_number",
    "identity", "track_id", "track_url", "duration_s", "genres", "artwork_url", "media_id", "text",
)  # fmt: skip
COLUMNS = SET_COLUMNS + TRACK_COLUMNS
MERGED_COLUMNS = tuple(f"set_{name}" for name in merged.SET_COLUMNS) + merged.ROW_COLUMNS
"""Behind the others, of merged sets: the source of each field, and what sources say differently."""

_FORMULA = "[-=+@＝＋－＠﹢﹣﹦﹫−]"
_UNSEEN = "\x00-\x20\x7f-\xa0\xad\u034f\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff"
_PASSED_OVER = f"[\"'’{_UNSEEN}]*"
"""Quotes, blanks, and what nobody sees."""
_HARMLESS = re.compile("[A-Za-z0-9][^;,|\t\r\n]*")
"""The shape of nearly every text: there is nothing to mark."""
_AT_START = re.compile(f"'*[\t\r\n]|{_PASSED_OVER}{_FORMULA}")
_AFTER_SEPARATORS = re.compile(f"[;,|\t\r\n]{_PASSED_OVER}(?P<formula>{_FORMULA})?")
"""From a separator on all that is passed over, in one step: a row of a million tabs is gone through once."""
_QUOTED = re.compile("[\"',\r\n]")


def per_set(tracklist: Tracklist, options: CsvOptions) -> Iterator[SetFile]:
    """Yield one file with a header of its own."""
    yield SetFile(together([tracklist], options))


def together(sets: Iterable[Tracklist], options: CsvOptions) -> Iterator[bytes]:
    """Yield one table under one header; a chunk a set."""
    is_merged, sets = merged.peeked(sets)
    header = COLUMNS + MERGED_COLUMNS if is_merged else COLUMNS
    yield (b"\xef\xbb\xbf" if options.bom else b"") + lines([header])
    for tracklist in sets:
        of_set, of_merged = _line(_set_cells(tracklist)), _cells(merged.set_values(tracklist))
        rows = (
            _line(_track_cells(track) + of_merged + _cells(merged.row_values(track)))
            for track in tracklist.tracks
        )
        yield encode("".join(f"{of_set},{row}\r\n" for row in rows))


def defused(text: str) -> str:
    """Return ``text`` such that no spreadsheet runs a part of it."""
    if _HARMLESS.fullmatch(text):
        return text
    return ("'" if _AT_START.match(text) else "") + _AFTER_SEPARATORS.sub(_marked, text)


def restored(cell: str) -> str:
    """Return the text of which `defused` made ``cell``."""
    text = _AFTER_SEPARATORS.sub(_unmarked, cell)
    return text[1:] if text.startswith("'") and _AT_START.match(text, 1) else text


def _marked(run: re.Match[str]) -> str:
    return re.sub("[;,|\t\r\n]", r"\g<0>’", run[0]) if run["formula"] else run[0]


def _unmarked(run: re.Match[str]) -> str:
    return re.sub("([;,|\t\r\n])’", r"\1", run[0]) if run["formula"] else run[0]


def _set_cells(t: Tracklist) -> tuple[Cell, ...]:
    return (
        defused(t.url),
        defused(t.site),
        _text(t.source_id),
        defused(t.title),
        moment(t.date),
        _joined(t.djs),
        _joined(t.sources),
        _joined(t.genres),
        finite(t.duration_s),
        moment(t.published),
        _text(t.licence),
        _text(t.attribution),
    )


def _track_cells(t: Track) -> tuple[Cell, ...]:
    return (
        t.index,
        t.number,
        t.kind.value,
        t.parent,
        _text(t.section),
        t.recording,
        finite(t.cue_s),
        t.cue_precision.value,
        _text(t.cue_text),
        moment(t.played_at),
        defused(t.artist),
        defused(t.title),
        _joined(t.labels),
        _text(t.catalogue_number),
        t.identity.value,
        _text(t.track_id),
        _text(t.track_url),
        finite(t.duration_s),
        _joined(t.genres),
        _text(t.artwork_url),
        _text(t.media_id),
        defused(t.text),
    )


def lines(rows: Iterable[tuple[Cell, ...]]) -> bytes:
    """Return rows of cells as lines of CSV. Texts are `defused` already."""
    return encode("".join(_line(row) + "\r\n" for row in rows))


def _line(row: Iterable[Cell]) -> str:
    return ",".join(map(cell, row))


def cell(value: Cell) -> str:
    """Return a cell as it is written. A text is `defused` already."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value
    return str(value)


def _cells(values: Iterable[list[str] | str | None]) -> tuple[Cell, ...]:
    return tuple(_joined(value) if isinstance(value, list) else _text(value) for value in values)


def _joined(values: list[str]) -> str:
    return defused(" / ".join(values)) if values else ""


def _text(value: str | None) -> str | None:
    return None if value is None else defused(value)


FORMAT = Format(
    name="csv",
    suffix=".csv",
    media_type="text/csv; charset=utf-8",
    about="CSV: one row a track, with the columns of its set; safe to open in a spreadsheet",
    options=CsvOptions(),
    stem="tracks",
    per_set=per_set,
    together=together,
)
