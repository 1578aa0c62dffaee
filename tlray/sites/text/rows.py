"""Rows of a run: their names, times, sections and kinds, as `Track`s."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from tlray.model import Track, TrackKind
from tlray.sites.text.characters import one_blank
from tlray.sites.text.cues import Cue, trailing
from tlray.sites.text.labels import LabelHabit, habit_of, released
from tlray.sites.text.lines import Line
from tlray.sites.text.names import (
    Name,
    doubts,
    identity_of,
    is_marked_doubtful,
    is_unknown,
    named,
    without_doubt,
)
from tlray.sites.text.order import Order, order_of
from tlray.sites.text.separators import Separator, majority, split
from tlray.sites.text.starts import Dialect, Start, starts_of


@dataclass(slots=True)
class Row:
    """One line of the list."""

    body: str
    number: int | None = None
    cue: Cue | None = None
    behind: Cue | None = None
    """The time behind the name."""
    is_with: bool = False
    section: str | None = None
    guessed: bool = False
    announced: str = ""
    """What stands in bold before the artist: ``Track of the week:``."""
    part: int = 0
    """Counts headings and restarts of the numbering."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A list that is read."""

    tracks: list[Track]
    issues: list[str]
    n_named: int
    """Rows whose artist and title are apart, or that are said to be unknown."""
    separator: Separator | None = None


_MASHED = re.compile(r"\s+vs\.?\s+", re.IGNORECASE)
_ALONG = re.compile(r"\s+(?:w/\s*|\+\+\s*)", re.IGNORECASE)
_EDGES = " \t;=*_#<>[]【】~|•-"
_FILE = re.compile(r"\.(?:mp3|wav|flac|m4a|aiff?|ogg|opus|aac|wma)\b", re.IGNORECASE)
_FILE_END = re.compile(_FILE.pattern + "$", re.IGNORECASE)
_MIN_FOR_OWN_ORDER = 5


def row_of(line: Line) -> Row:
    """Make a row of a line."""
    return Row(line.body, line.number, line.lead, is_with=line.is_with)


def section_name(raw: str) -> str | None:
    """Return the name that a heading gives to the rows below it."""
    return one_blank(raw.lstrip(_EDGES).rstrip(f"{_EDGES}:：")) or None


def read(
    rows: Sequence[Row],
    *,
    dialect: Dialect = Dialect.PLAIN,
    duration_s: float | None = None,
    names: Sequence[str] = (),
) -> Reading:
    """Read the rows of one list together."""
    issues: list[str] = []
    behind = _take_times_behind(rows)
    if behind and _has_title_row(rows):
        rows = rows[1:]
    if sum(row.body.endswith(".") for row in rows) * 5 > len(rows) * 4 and len(rows) > 3:
        for row in rows:
            row.body = row.body.rstrip(".")
    if sum(bool(_FILE_END.search(row.body)) for row in rows) * 2 > len(rows):
        for row in rows:
            row.body = _FILE_END.sub("", row.body)
    bodies = [row.body for row in rows]
    separator = majority([body for body in bodies if not is_unknown(body)])
    if dialect is Dialect.MIXESDB:
        separator = Separator.DASH
    labels_only = dialect is Dialect.MIXESDB
    habit = LabelHabit() if labels_only else habit_of(bodies, separator)
    orders = _orders(rows, separator, names, dialect)
    if Order.UNCERTAIN in orders:
        issues.append("order_uncertain")
    doubted = sum(map(doubts, bodies)) >= 2
    parts = [at > 0 and row.part != rows[at - 1].part for at, row in enumerate(rows)]
    starts = starts_of(
        [(row.behind if behind else row.cue) for row in rows],
        dialect=dialect,
        behind=behind,
        starts_part=parts,
        follows=[row.is_with for row in rows],
        duration_s=duration_s,
    )
    issues += starts.issues
    tracks: list[Track] = []
    n_named = 0
    for row, order, start in zip(rows, orders, starts.rows, strict=True):
        name, labels, number = _named(row.body, separator, habit, order, labels_only=labels_only)
        if (doubted or is_marked_doubtful(name.title)) and (sure := without_doubt(name.title)) != name.title:
            name, row.guessed = Name(name.artist, sure), True
        n_named += bool(name.artist)
        tracks.append(_track(row, name, labels, number, start, row.behind if behind else row.cue))
        if separator:
            tracks += _alongside(row, separator, habit, order, tracks[-1])
    if any(row.guessed for row in rows):
        issues.append("guessed")
    _number(tracks)
    return Reading(tracks, issues, n_named, separator)


def _take_times_behind(rows: Sequence[Row]) -> bool:
    """Take the times off the ends of lines where most lines have one; True if they are the only ones."""
    found = [trailing(row.body) for row in rows]
    if sum(cue is not None for cue in found) * 10 < len(rows) * 6:
        return False
    for row, ended in zip(rows, found, strict=True):
        if ended:
            row.behind = ended[0]
            row.body = row.body[: ended[1]].rstrip(" \t-–—|@")
    return sum(row.cue is not None for row in rows) * 2 < len(rows)


def _has_title_row(rows: Sequence[Row]) -> bool:
    """True if the first row names the set: it has no time behind it, and the last has none, or it names a file."""
    first, *others = rows
    if first.behind or len(others) < 3 or sum(row.behind is None for row in others) > 1:
        return False
    return others[-1].behind is None or bool(_FILE.search(first.body))


def _orders(
    rows: Sequence[Row], separator: Separator | None, names: Sequence[str], dialect: Dialect
) -> list[Order]:
    """Return the order of each row: a part of some length decides for itself."""
    if separator is None or separator in (Separator.BY, Separator.QUOTED) or dialect is Dialect.MIXESDB:
        return [Order.ARTIST] * len(rows)
    pairs = [split(row.body, separator) for row in rows]
    known = [pair for pair in pairs if pair]
    whole = order_of(known, names)
    by_part: dict[int, Order] = {}
    for part in {row.part for row in rows}:
        own = [pair for pair, row in zip(pairs, rows, strict=True) if pair and row.part == part]
        if _MIN_FOR_OWN_ORDER <= len(own) < len(known):
            section = next((row.section for row in rows if row.part == part), None)
            by_part[part] = order_of(own, [*names, *_people(section)])
    return [by_part.get(row.part, whole) for row in rows]


def _people(section: str | None) -> list[str]:
    return [part.strip() for part in re.split(r"\s[-–—]\s|:\s|\bby\b", section or "") if part.strip()]


def _named(
    body: str, separator: Separator | None, habit: LabelHabit, order: Order, *, labels_only: bool
) -> tuple[Name, list[str], str | None]:
    cut = released(body, habit, only_labels=labels_only)
    if cut.labels or cut.catalogue_number:
        body = cut.title
    name = named(
        one_blank(body) if separator is not Separator.TAB else body,
        separator,
        title_first=order is Order.TITLE,
    )
    return name, cut.labels, cut.catalogue_number


def _track(
    row: Row, name: Name, labels: list[str], number: str | None, start: Start, cue: Cue | None
) -> Track:
    text = one_blank(f"{row.announced} {row.body}" if row.announced else row.body)
    return Track(
        index=0,
        number=None if row.is_with else row.number,
        kind=TrackKind.WITH if row.is_with else TrackKind.MAIN,
        section=row.section,
        recording=start.recording,
        cue_s=start.cue_s,
        cue_precision=start.precision,
        cue_text=cue.text if cue else None,
        duration_s=start.duration_s,
        artist=one_blank(name.artist),
        title=one_blank(name.title),
        labels=labels,
        catalogue_number=number,
        identity=identity_of(name),
        text=unicodedata.normalize("NFC", text),
    )


def _alongside(row: Row, separator: Separator, habit: LabelHabit, order: Order, main: Track) -> list[Track]:
    """Return the rows that one line holds besides its own: ``A - B w/ C - D``, ``A - B vs. C - D``."""
    for pattern, kind in ((_ALONG, TrackKind.WITH), (_MASHED, TrackKind.MASHUP_PART)):
        pieces = pattern.split(row.body)
        if not 2 <= len(pieces) <= 6 or any(split(piece, separator) is None for piece in pieces):
            continue
        made = [_named(piece, separator, habit, order, labels_only=False) for piece in pieces]
        if kind is TrackKind.WITH:
            main.artist, main.title = made[0][0]
            main.labels, main.catalogue_number = made[0][1], made[0][2]
            main.identity, main.text = identity_of(made[0][0]), one_blank(pieces[0])
            made, pieces = made[1:], pieces[1:]
        else:
            main.artist = " vs. ".join(name.artist for name, _, _ in made)
            main.title = " vs. ".join(name.title for name, _, _ in made)
        return [
            Track(
                index=0,
                number=None,
                kind=kind,
                section=row.section,
                recording=main.recording,
                artist=name.artist,
                title=name.title,
                labels=labels,
                catalogue_number=number,
                identity=identity_of(name),
                text=one_blank(piece),
            )
            for (name, labels, number), piece in zip(made, pieces, strict=True)
        ]
    return []


def _number(tracks: Sequence[Track]) -> None:
    """Count all rows, and let each but a main row belong to the main row above it."""
    main = None
    for index, track in enumerate(tracks, 1):
        track.index = index
        if track.kind is TrackKind.MAIN:
            main = index
        else:
            track.parent = main
            if main is None:
                track.kind = TrackKind.MAIN
