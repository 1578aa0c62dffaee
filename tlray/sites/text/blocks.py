"""The place of the list in a text: one run of neighbouring lines, and what speaks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tlray.sites.text.lines import MAX_TRACK_CHARS, Kind, Line
from tlray.sites.text.names import is_unknown
from tlray.sites.text.separators import Separator, is_loose
from tlray.sites.text.wording import is_about_others, is_marked, is_part, is_plain_head, is_prose


class Sort(StrEnum):
    """The role of a line in a run."""

    STRONG = "strong"
    """It has a number that counts, or a time."""
    PAIR = "pair"
    """Artist and title without a mark."""
    UNKNOWN = "unknown"
    """``?``, ``ID``."""
    WITH = "with"
    HEADING = "heading"
    NOTE = "note"
    NOTHING = "nothing"
    """Blank, a rule or a link: neither joins nor ends a run."""
    END = "end"
    """A credit."""
    START = "start"
    """``Tracklist:``."""


@dataclass(slots=True)
class Run:
    """Lines that might be the list."""

    rows: list[int] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    head: int | None = None
    """The line that announces it."""
    is_strong: bool = False
    is_spaced: bool = False
    """Blank lines stand between its rows."""


MAX_ITEM_CHARS = 120
_MAX_NOTES = 4
_MAX_BELOW_HEAD = 30
_MAX_WITH = 12
"""Rows played with one other."""
_MIN_PART = 3
_SHORT = 60
"""Lines between the heading and the first row."""
_ANNOUNCED_ONLY = (Separator.COLON, Separator.DOTS, Separator.TAB, Separator.TIGHT)
_PAIRED = (Separator.DASH, Separator.BY, Separator.QUOTED, Separator.SLASH, Separator.PIPE, Separator.TILDE)


def sort_of(line: Line) -> Sort:  # noqa: PLR0911 - a list of rules, one a line
    """Say what a line can be."""
    if line.kind in (Kind.BLANK, Kind.RULE, Kind.LINK):
        return Sort.NOTHING
    if line.kind is Kind.HEAD:
        return Sort.START
    marked = line.number is not None or line.lead is not None
    if len(line.raw) > MAX_TRACK_CHARS or (
        is_prose(line.body) and not (marked and is_loose(line.body, Separator.DASH))
    ):
        return Sort.NOTE
    if line.is_with and line.body:
        return Sort.WITH
    if marked and line.body:
        return Sort.STRONG
    if line.kind is Kind.CREDIT:
        return Sort.HEADING if is_part(line.raw) else Sort.END
    if is_unknown(line.body):
        return Sort.UNKNOWN
    if (
        line.raw.endswith((":", "："))
        or (is_part(line.raw) and len(line.raw.split()) <= 10)
        or line.raw.startswith((";", "=="))
    ):
        return Sort.HEADING
    if any(is_loose(line.body, kind) for kind in _PAIRED) or _is_half_dashed(line.body):
        return Sort.PAIR
    if is_marked(line.raw) and len(line.raw.split()) <= 8:
        return Sort.HEADING
    return Sort.NOTE


def _is_half_dashed(body: str) -> bool:
    return any(dash in body for dash in (" -", "- ", "–", "—")) and 2 <= len(body.split()) <= 14


def runs_of(lines: Sequence[Line]) -> list[Run]:
    """Return all runs of a text that have at least two rows."""
    builder = _Builder(lines)
    for at in range(len(lines)):
        builder.take(at)
    builder.close()
    return _merged(builder, [run for run in builder.runs if len(run.rows) >= 2])


def _merged(builder: _Builder, runs: Sequence[Run]) -> list[Run]:
    """Join the parts of one list: bare lines on both sides of a part's heading, or of a few short lines below one heading."""
    merged: list[Run] = []
    for run in runs:
        last = merged[-1] if merged else None
        if (
            last
            and not last.is_strong
            and not run.is_strong
            and min(len(last.rows), len(run.rows)) >= _MIN_PART
        ):
            between = range(last.rows[-1] + 1, run.rows[0])
            lines = [builder.lines[at].raw for at in between if builder.lines[at].raw]
            ends = any(builder.sorts[at] in (Sort.START, Sort.END) for at in between) or any(
                map(is_about_others, lines)
            )
            has_part = any(map(is_part, lines)) and len(between) <= _MAX_BELOW_HEAD
            is_near = (
                last.head is not None
                and len(lines) <= _MAX_NOTES
                and all(len(line) < _SHORT for line in lines)
            )
            if not ends and (has_part or is_near):
                last.rows += run.rows
                last.headings += run.headings
                continue
        merged.append(run)
    return merged


class _Builder:
    """Reads lines in their order and keeps the run that is open."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.sorts = [sort_of(line) for line in lines]
        self.runs: list[Run] = []
        self.run = Run()
        self.n_notes = 0
        self.n_blank = 0
        self.headings: list[int] = []
        self.head: int | None = None
        self.titles: list[int] = []
        """Lines without separator amid a bare list, which may be titles."""

    def take(self, at: int) -> None:
        """Let one line join, end or begin a run."""
        sort = self.sorts[at]
        if sort is Sort.NOTHING:
            self.n_blank += self.lines[at].kind is not Kind.LINK
        elif sort is Sort.START:
            self._start(at)
        elif sort is Sort.STRONG:
            self._strong(at)
        elif sort in (Sort.PAIR, Sort.UNKNOWN, Sort.WITH):
            self._bare(at, sort)
        elif sort is Sort.HEADING and is_about_others(self.lines[at].raw):
            self.close()
            self.head = None
        elif sort is Sort.HEADING:
            self.headings.append(at)
        elif sort is Sort.END:
            self.n_notes += _MAX_NOTES + 1 if not self.run.is_strong else 1
            self.titles.clear()
        elif self._is_item(at):
            self._bare(at, Sort.PAIR)
        else:
            self.n_notes += 1
            if self.run.rows and not self.n_blank:
                self.titles.append(at)

    def _is_item(self, at: int) -> bool:
        """True for a line that only its place makes a track: one more bullet, or ``Artist: Title`` below ``Tracklist``."""
        line, rows = self.lines[at], self.run.rows
        if len(line.raw) > MAX_ITEM_CHARS or self.n_notes or self.run.is_strong:
            return False
        if rows and not self.n_blank and line.bulleted and self.lines[rows[-1]].bulleted:
            return not is_prose(line.raw)
        if rows and not self.n_blank and line.trail and self.lines[rows[-1]].trail:
            return True
        head = self.run.head if rows else self.head
        announced = (
            head is not None and is_plain_head(self.lines[head].raw) and (bool(rows) or at - head <= 3)
        )
        return announced and any(is_loose(line.body, kind) for kind in _ANNOUNCED_ONLY)

    def close(self) -> None:
        """End the open run."""
        if self.run.rows:
            self.runs.append(self.run)
        self.run, self.n_notes, self.n_blank = Run(), 0, 0
        self.titles.clear()

    def _start(self, at: int) -> None:
        if self.run.is_strong and self._counts_on(at):
            self.headings.append(at)
            return
        self.close()
        self.headings.clear()
        self.head = at

    def _counts_on(self, at: int) -> bool:
        """True if the numbering goes on behind a line."""
        following = next((line for line in self.lines[at + 1 : at + 6] if line.number is not None), None)
        last = self._last_main.number
        return following is not None and last is not None and following.number == last + 1

    @property
    def _last_main(self) -> Line:
        """The last row that was not played with the one above it: those have no numbers."""
        rows = [self.lines[row] for row in self.run.rows[-_MAX_WITH:]]
        return next((row for row in reversed(rows) if not row.is_with or row.number is not None), rows[-1])

    def _strong(self, at: int) -> None:
        line = self.lines[at]
        if self.run.rows and not self._joins_strong(line):
            self.close()
        self._add(at, is_strong=True)

    def _joins_strong(self, line: Line) -> bool:
        if not self.run.is_strong:
            # bare lines above a numbered or timed list are no part of it
            return False
        last = self._last_main
        if line.number is not None and last.number is not None and line.number == last.number + 1:
            return True
        if (
            (line.number is None) != (last.number is None)
            and self.lines[self.run.rows[0]].number is not None
            and line.lead is None
        ):
            return False
        return self.n_notes <= _MAX_NOTES

    def _bare(self, at: int, sort: Sort) -> None:
        run = self.run
        if not run.rows:
            if sort is Sort.WITH:
                self.n_notes += 1
                return
        elif run.is_strong:
            self._beside_strong(at, sort)
            return
        elif not self._joins_bare(at):
            self.close()
        elif self.titles and not self.n_blank and len(self.titles) <= 2 and len(run.rows) >= 2:
            run.rows += [title for title in self.titles if len(self.lines[title].raw.split()) <= 10]
        self._add(at, is_strong=False)

    def _beside_strong(self, at: int, sort: Sort) -> None:
        """A line without a mark amid a numbered or timed list: played with the row above, or one whose time is not known."""
        is_numbered = any(self.lines[row].number is not None for row in self.run.rows)
        adjacent = not self.n_notes and not self.n_blank and not self.headings
        if adjacent and (sort is Sort.WITH or not is_numbered):
            self._add(at, is_strong=True)
        elif self.n_blank or self.headings:
            if self._is_bare_block(at):
                self.close()
                self._add(at, is_strong=False)
            else:
                self.n_notes += 1
        else:
            self.n_notes += 1

    def _is_bare_block(self, at: int) -> bool:
        return (
            all(sort in (Sort.PAIR, Sort.UNKNOWN) for sort in self.sorts[at : at + 3])
            and len(self.sorts) >= at + 3
        )

    def _joins_bare(self, at: int) -> bool:
        if self.n_notes > 2 or (self.n_notes and (self.n_blank or not self.titles)):
            return False
        if not self.n_blank:
            return True
        run = self.run
        if len(run.rows) == 1:
            run.is_spaced = True
        if run.is_spaced:
            return self.n_blank <= 3
        next_sort = self.sorts[at + 1] if at + 1 < len(self.sorts) else Sort.NOTHING
        return next_sort in (Sort.PAIR, Sort.UNKNOWN, Sort.WITH)

    def _add(self, at: int, *, is_strong: bool) -> None:
        run = self.run
        if not run.rows:
            run.head, run.is_strong = self._head_above(at), is_strong
            self.headings = [heading for heading in self.headings if at - heading <= 3]
        run.headings += self.headings
        run.rows.append(at)
        self.n_notes = self.n_blank = 0
        self.headings = []
        self.titles.clear()

    def _head_above(self, at: int) -> int | None:
        """Return the line that announces the list, unless prose stands between them."""
        if self.head is None or at - self.head > _MAX_BELOW_HEAD:
            return None
        between = self.sorts[self.head + 1 : at]
        prose = sum(sort in (Sort.NOTE, Sort.END) for sort in between)
        rows = sum(sort in (Sort.PAIR, Sort.STRONG) for sort in between)
        return self.head if prose <= 2 and rows <= 1 else None
