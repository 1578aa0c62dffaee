"""The list in a text, or the reason why there is none. An invented list is worse than none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tlray.model import Track
from tlray.sites.text.blocks import Run, Sort, runs_of, sort_of
from tlray.sites.text.characters import clean, lines_of
from tlray.sites.text.evidence import why_not
from tlray.sites.text.layout import prepared
from tlray.sites.text.lines import Kind, Line, lex
from tlray.sites.text.names import without_wiki_marks
from tlray.sites.text.rows import Row, read, row_of, section_name
from tlray.sites.text.starts import Dialect
from tlray.sites.text.tables import untabled

MAX_CHARS = 1_000_000
MAX_LINES = 20_000
MAX_ROWS = 2_000
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
    if sum(map(bool, raws)) > MAX_LINES:
        return NoList(f"more than {MAX_LINES} lines")
    if dialect is Dialect.MIXESDB:
        return _read_whole(_wiki_rows(raws), dialect, duration_s)
    lines = prepared(untabled(raws), is_list=whole)
    if whole:
        run = Run(
            [
                line.at
                for line in lines
                if line.kind is Kind.OTHER and line.body and sort_of(line) is not Sort.HEADING
            ],
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

    A list reads better as a whole (`find_list`): all of its lines decide on numbers, separators, times and the order of names.
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
    reason = why_not(lines, run, reading)
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
    found = prepared(lines, is_list=True, minutes_in_brackets=True) if lines else []
    rows = []
    for line, (name, number), (what, guessed) in zip(found, sections, announced, strict=True):
        if not line.body:
            continue
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
