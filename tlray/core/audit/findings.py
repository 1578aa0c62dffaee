"""Findings of an audit, and what to do about each.

An audit compares three sources: the journal's counts, its items, and the files of its manifest. Each difference is a `Finding`;
`check_counts` finds those that need no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tlray.core.model.amounts import plural
from tlray.core.model.lifecycle import BatchState, ItemState

MAX_EXAMPLES = 100
"""Findings of a kind that are reported with their place; all are counted."""


class FindingKind(StrEnum):
    """The kind of a finding."""

    JOURNAL = "journal"
    BOOKS = "books"
    NO_REASON = "no-reason"
    PART_MISSING = "part-missing"
    PART_DAMAGED = "part-damaged"
    PART_DIFFERS = "part-differs"
    ORPHAN = "orphan"
    ROW_MISSING = "row-missing"
    ROW_TWICE = "row-twice"
    ROW_STRANGE = "row-strange"
    TRACKS_DIFFER = "tracks-differ"
    PAGE_MISSING = "page-missing"


_K = FindingKind
_ANEW = "put the file back from a backup, or scrape the URLs of its items (row-missing) as a new batch"
REMEDIES: Mapping[FindingKind, str] = {
    _K.JOURNAL: "put the journal (state.db) back from a backup; what is in results/ stays readable",
    _K.BOOKS: "tell us, with `tlray audit --json`: this is a bug of tlray, or somebody has changed the journal",
    _K.NO_REASON: "`tlray dead` shows what was tried, `tlray retry` tries again; and tell us",
    _K.PART_MISSING: _ANEW,
    _K.PART_DAMAGED: _ANEW,
    _K.PART_DIFFERS: _ANEW,
    _K.ORPHAN: "move the file away: pandas reads it, and nothing vouches for its rows",
    _K.ROW_MISSING: "scrape the URL as a new batch, unless its part can be put back",
    _K.ROW_TWICE: "drop_duplicates(['item_id', 'set_index']) when reading; and tell us",
    _K.ROW_STRANGE: "leave out these item_ids when reading; and tell us",
    _K.TRACKS_DIFFER: "scrape the URL as a new batch; and tell us",
    _K.PAGE_MISSING: "nothing is wrong with the rows; the page cannot be read again without fetching it",
}
"""What to do about each kind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, and its place."""

    kind: FindingKind
    what: str
    part: str | None = None
    """The part's stem, or the file."""
    item_id: int | None = None
    line: int | None = None
    """Its line in the batch's list."""
    url: str | None = None

    @property
    def where(self) -> str:
        """The place in words; "" for the whole batch."""
        places = (
            ("part", self.part), ("item", self.item_id), ("line", self.line), ("", self.url),
        )  # fmt: skip
        return ", ".join(f"{name} {place}".strip() for name, place in places if place is not None)


@dataclass(slots=True)
class Findings:
    """All findings, counted by kind; the first of each kind are examples."""

    counts: dict[FindingKind, int] = field(default_factory=dict)
    examples: dict[FindingKind, list[Finding]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self.counts[finding.kind] = self.counts.get(finding.kind, 0) + 1
        examples = self.examples.setdefault(finding.kind, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(finding)

    def __len__(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The counts of one batch in a journal, twice if two tables have them."""

    state: BatchState
    counts: Mapping[ItemState, int]
    n_lines: int
    """Different numbers of lines, over items and refused lines."""
    n_duplicates: int
    n_rejected: int
    n_duplicate_lines: int
    n_rejected_lines: int
    n_sets: int
    n_tracks: int
    n_sets_of_parts: int
    n_tracks_of_parts: int
    n_items_made: int | None = None
    """Items that the list made when it was received, and pages of lists since; None for a batch of an older tlray."""
    n_found: int = 0
    """Items that pages of lists have added: sets and further pages. They stand on no line of their own."""
    n_found_items: int = 0
    """Those items, counted."""

    @property
    def total(self) -> int:
        """Items."""
        return sum(self.counts.values())

    @property
    def n_open(self) -> int:
        """Items that are not final."""
        return sum(n for state, n in self.counts.items() if not state.is_final)


def check_counts(books: BatchCounts) -> Iterator[Finding]:
    """Yield a finding for each pair of counts that differ, and for open items of a finished batch."""
    n_named = books.total - books.n_found
    given = n_named + books.n_duplicates + books.n_rejected
    if given != books.n_lines:
        yield Finding(
            _K.BOOKS,
            f"{n_named} items + {books.n_duplicates} duplicates + {books.n_rejected} rejected lines are {given},"
            f" but the list's lines on record are {books.n_lines}",
        )
    if books.n_items_made is not None and books.n_items_made != books.total:
        yield Finding(
            _K.BOOKS, f"its list made {plural(books.n_items_made, 'item')}, {books.total} are in the journal"
        )
    for stored, counted, name in (
        (books.n_duplicates, books.n_duplicate_lines, "duplicate lines"),
        (books.n_rejected, books.n_rejected_lines, "rejected lines"),
        (books.n_found, books.n_found_items, "found items"),
        (books.n_sets, books.n_sets_of_parts, "sets"),
        (books.n_tracks, books.n_tracks_of_parts, "tracks"),
    ):
        if stored != counted:
            yield Finding(_K.BOOKS, f"the batch counts {stored} {name}, its rows add up to {counted}")
    if books.state.is_final and books.n_open:
        yield Finding(_K.BOOKS, f"it is {books.state}, but {plural(books.n_open, 'item')} open")
    if books.state is BatchState.COMPLETED and books.counts.get(ItemState.CANCELLED):
        yield Finding(
            _K.BOOKS, f"it is completed, but {plural(books.counts[ItemState.CANCELLED], 'item')} cancelled"
        )
