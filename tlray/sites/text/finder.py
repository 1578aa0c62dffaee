"""The list in a text, or the reason why there is none. An invented list is worse than none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tlray.model import Track
from tlray.sites.text.blocks import Run, Sort, runs_of, sort_of
from tlray.sites.text.characters import clean, lines_of
from tlray.sites.text.layout import prepared
from tlray.sites.text.lines import Kind, Line, lex
from tlray.sites.text.names import without_wiki_marks
from tlray.sites.text.rows import Reading, Row, read, row_of, section_name
from tlray.sites.text.starts import Dialect

MAX_CHARS = 4_000_000
MAX_ROWS = 5_000
"""Longer texts and lists are not read: no set is that long."""


@dataclass(frozen=True, slots=True)
class FoundList:
    """The list of a text."""

    tracks: list[Track]
    issues: list[str]
    """Short words for `Tracklist.quality_issues`: ``order_uncertain``, ``cue_minutes``, ``cue_clock``, ``gap`` …"""
    above: list[str]
    """The lines above it that have text, without the heading that announces it."""
    head: str | None = None
    """The heading that announces it: ``Tracklist:``."""


@dataclass(frozen=True, slots=True)
class NoList:
    """There is no list, or none that is certain."""

    reason: str
    """A few words for a person: ``no list of tracks``, ``times without artist and title``."""


def find_list(
    text: str,
    *,
    dialect: Dialect = Dialect.PLAIN,
    duration_s: float | None = None,
    names: Sequence[str] = (),
    whole: bool = False,
) -> FoundList | NoList:
    """Find the list of tracks in a text and read it.

    ``duration_s``: of the recording, where it is known. ``names``: DJs who are known to play; they tell artists from titles.
    ``whole``: the caller has cut the list out, each line that has text is a row, a heading or a gap (wikitext).
    """
    if len(text) > MAX_CHARS:
        return NoList(f"a text of {len(text)} characters: more than {MAX_CHARS}")
    raws = lines_of(text)
    if dialect is Dialect.MIXESDB:
        return _read_whole(_wiki_rows(raws), dialect, duration_s)
    lines = prepared(raws)
    if whole:
        run = Run(
            [line.at for line in lines if line.kind is Kind.OTHER and sort_of(line) is not Sort.HEADING],
            is_strong=True,
        )
        run.headings = [line.at for line in lines if sort_of(line) is Sort.HEADING]
        return _judged(lines, run, duration_s, names, dialect) if run.rows else NoList("no lines")
    runs = sorted(runs_of(lines), key=lambda run: _weight(lines, run), reverse=True)
    reason = NoList("no list of tracks")
    for run in runs[:5]:
        found = _judged(lines, run, duration_s, names, dialect)
        if isinstance(found, FoundList):
            return found
        reason = reason if reason.reason != "no list of tracks" else found
    return reason


def parse_line(line: str, *, dialect: Dialect = Dialect.PLAIN) -> Track | None:
    """Read one line by itself: number, time, artist, title, label. None for a line without text.

    A list reads better as a whole (`find_list`): numbers, separators, times and the order of names are decided by all of its lines.
    """
    text = clean(line)
    if dialect is Dialect.MIXESDB:
        rows = _wiki_rows([text])[0]
    else:
        parsed = lex(text)
        rows = [row_of(parsed)] if parsed.body else []
    return read(rows[:1], dialect=dialect).tracks[0] if rows else None


def _weight(lines: Sequence[Line], run: Run) -> float:
    n_timed = sum(lines[at].lead is not None for at in run.rows)
    return (
        (len(run.rows) + 0.5 * n_timed) * (2 if run.head is not None else 1) * (1.5 if run.is_strong else 1)
    )


def _judged(
    lines: Sequence[Line], run: Run, duration_s: float | None, names: Sequence[str], dialect: Dialect
) -> FoundList | NoList:
    if len(run.rows) > MAX_ROWS:
        return NoList(f"{len(run.rows)} rows: more than {MAX_ROWS}")
    reading = read(_rows(lines, run), dialect=dialect, duration_s=duration_s, names=names)
    reason = _why_not(lines, run, reading)
    if reason:
        return NoList(reason)
    first = min([run.rows[0], *([run.head] if run.head is not None else [])])
    above = [line.raw for line in lines[:first] if line.kind not in (Kind.BLANK, Kind.RULE)]
    head = lines[run.head].raw if run.head is not None else None
    return FoundList(reading.tracks, reading.issues, above, head)


def _rows(lines: Sequence[Line], run: Run) -> list[Row]:
    rows: list[Row] = []
    headings = list(run.headings)
    section: str | None = None
    part = 0
    last_number: int | None = None
    for at in run.rows:
        row = row_of(lines[at])
        while headings and headings[0] < at:
            named = section_name(lines[headings.pop(0)].raw)
            section, part = named or section, part + bool(rows)
        if row.number is not None:
            part += last_number is not None and row.number <= 1 < last_number
            last_number = row.number
        row.section, row.part = section, part
        rows.append(row)
    return rows


def _why_not(lines: Sequence[Line], run: Run, reading: Reading) -> str | None:
    """Return why a run is no list of tracks; None if it is one."""
    n = len(reading.tracks)
    timed = [track.cue_text for track in reading.tracks if track.cue_text]
    named = reading.n_named / n
    long = sum(
        len(track.text.split()) > 16 or (track.text.endswith((".", "!")) and len(track.text.split()) > 7)
        for track in reading.tracks
    )
    if n < (2 if run.head is not None and run.is_strong else 3):
        return f"{n} lines that look like tracks: too few to be a list"
    if long * 3 > n:
        return "lines of prose"
    if named < 0.5 and not (run.head is not None and (named >= 0.3 or lines[run.rows[0]].number is not None)):
        return "times without artist and title" if timed else "no artist and title in most lines"
    if run.head is not None:
        return None
    if timed and _is_timetable(run, lines):
        return "a timetable"
    if not run.is_strong and n < 6 and not (n >= 4 and _sounds_like_music(reading)):
        return f"{n} lines that may be tracks, without number, time or heading: too few to be certain"
    if not timed and not _sounds_like_music(reading) and not _look_like_names(reading):
        return "lines that are no names of artists and tracks"
    return None


_MUSIC = re.compile(
    r"[(\[][^()\[\]]*\b(?:mix|remix|edit|dub|version|rework|bootleg|vip|instrumental|feat|ft)\b|\b(?:feat|ft|vs)\.?\s|\bremix\b",
    re.IGNORECASE,
)


def _sounds_like_music(reading: Reading) -> bool:
    hits = sum(bool(_MUSIC.search(track.text)) or bool(track.labels) for track in reading.tracks)
    return hits >= 2 and hits * 8 >= len(reading.tracks)


def _look_like_names(reading: Reading) -> bool:
    """True if nearly all rows are two short names, not a term and what it means."""
    good = sum(
        bool(track.artist)
        and len(track.artist.split()) <= 7
        and len(track.title.split()) <= 9
        and not re.search(
            r"[`{}\\=]|[.;:]$|^--|\b(?:the|is|are|will|which|should)\s\w+\s\w+\s\w+", track.text
        )
        for track in reading.tracks
    )
    capital = sum(not (track.artist[:1].islower() and track.title[:1].islower()) for track in reading.tracks)
    return good * 10 >= len(reading.tracks) * 9 and capital * 2 >= len(reading.tracks)


def _is_timetable(run: Run, lines: Sequence[Line]) -> bool:
    times = [lead for at in run.rows if (lead := lines[at].lead) and lead.parts]
    late = bool(times) and len(times[0].parts) == 2 and 6 <= times[0].parts[0] <= 23
    return late and all(len(cue.parts) == 2 and cue.parts[0] <= 23 and cue.parts[1] % 5 == 0 for cue in times)


_GAP = re.compile(r"\.{3,}|…")


def _wiki_rows(raws: Sequence[str]) -> tuple[list[Row], bool]:
    """Return the rows of wikitext, and True if it has gaps: ``# line`` or bare lines, ``;Chapter``, ``...``."""
    lines, sections, section, part, gap = [], [], None, 0, False
    announced: list[tuple[str, bool]] = []
    for raw in raws:
        text = re.sub(r"^(?:[#*]+|<list>|</list>)\s*", "", raw)
        if _GAP.fullmatch(text):
            gap = True
        elif (text.startswith((";", "==", "'''")) and text.endswith(("=", "'''"))) or text.startswith(";"):
            section, part = section_name(text.strip("'")), part + 1
        elif text and not re.fullmatch(r"</?\w+>|\{\{.*|\}\}|\[\[(?:Category|File):.*", text):
            cue, rest = re.match(r"(\[[\d?:. ]{1,10}\])?\s*(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
            plain, what, guessed = without_wiki_marks(rest)
            lines.append(f"{cue or ''} {plain}".strip())
            sections.append((section, part))
            announced.append((what, guessed))
    found = prepared(lines, minutes_in_brackets=True) if lines else []
    rows = []
    for line, (name, number), (what, guessed) in zip(found, sections, announced, strict=True):
        row = row_of(line)
        row.section, row.part, row.announced, row.guessed = name, number, what, guessed
        rows.append(row)
    return rows, gap


def _read_whole(
    rows_and_gap: tuple[list[Row], bool], dialect: Dialect, duration_s: float | None
) -> FoundList | NoList:
    rows, gap = rows_and_gap
    if not rows:
        return NoList("no lines")
    if len(rows) > MAX_ROWS:
        return NoList(f"{len(rows)} rows: more than {MAX_ROWS}")
    reading = read(rows, dialect=dialect, duration_s=duration_s)
    return FoundList(reading.tracks, [*reading.issues, *(["gap"] if gap else [])], [])
