"""What can be wrong with a batch's books, and what can be done about it?

An audit compares three witnesses: the journal's counts, its items, and the files that its manifest names. Each
disagreement is a `Finding`; `check_books` finds those that need no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tlray.core.model.lifecycle import BatchState, ItemState

MAX_EXAMPLES = 100
"""Findings of a kind that are kept with their place; all are counted."""


class FindingKind(StrEnum):
    """What is wrong."""

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
    _K.JOURNAL: "put state.db back from a backup; what is in results/ stays readable",
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
"""What can be done about each kind."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    kind: FindingKind
    what: str
    part: str | None = None
    """The part's stem, or the file."""
    item_id: int | None = None
    line: int | None = None
    """Of the batch's list."""
    url: str | None = None

    @property
    def where(self) -> str:
        """The place in words; "" where it is the whole batch."""
        places = (
            ("part", self.part), ("item", self.item_id), ("line", self.line), ("", self.url),
        )  # fmt: skip
        return ", ".join(f"{name} {place}".strip() for name, place in places if place is not None)


@dataclass(slots=True)
class Findings:
    """Everything that was found, counted by kind; of each kind only the first are kept."""

    counts: dict[FindingKind, int] = field(default_factory=dict)
    examples: dict[FindingKind, list[Finding]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Take one in."""
        self.counts[finding.kind] = self.counts.get(finding.kind, 0) + 1
        examples = self.examples.setdefault(finding.kind, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(finding)

    def __len__(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Books:
    """What a journal says of one batch, counted twice wherever two tables tell of it."""

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
    """Items that the list made when it was taken in; None of a batch of an older tlray."""

    @property
    def total(self) -> int:
        """Items."""
        return sum(self.counts.values())

    @property
    def n_open(self) -> int:
        """Items that are not final."""
        return sum(n for state, n in self.counts.items() if not state.is_final)


def check_books(books: Books) -> Iterator[Finding]:
    """Say where two counts of the same thing differ, and where a finished batch is not."""
    given = books.total + books.n_duplicates + books.n_rejected
    if given != books.n_lines:
        yield Finding(
            _K.BOOKS,
            f"{books.total} items + {books.n_duplicates} duplicates + {books.n_rejected} rejected lines are {given},"
            f" but the list's lines on record are {books.n_lines}",
        )
    if books.n_items_made is not None and books.n_items_made != books.total:
        yield Finding(_K.BOOKS, f"its list made {books.n_items_made} items, {books.total} are in the journal")
    for told, counted, name in (
        (books.n_duplicates, books.n_duplicate_lines, "duplicate lines"),
        (books.n_rejected, books.n_rejected_lines, "rejected lines"),
        (books.n_sets, books.n_sets_of_parts, "sets"),
        (books.n_tracks, books.n_tracks_of_parts, "tracks"),
    ):
        if told != counted:
            yield Finding(_K.BOOKS, f"the batch counts {told} {name}, its rows add up to {counted}")
    if books.state.is_final and books.n_open:
        yield Finding(_K.BOOKS, f"it is {books.state}, but {books.n_open} items are open")
    if books.state is BatchState.COMPLETED and books.counts.get(ItemState.CANCELLED):
        yield Finding(
            _K.BOOKS, f"it is completed, but {books.counts[ItemState.CANCELLED]} items are cancelled"
        )
