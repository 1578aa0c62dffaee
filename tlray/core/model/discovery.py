"""Discovery: the URLs that a page lists, and which of them become items of its batch.

A page that lists sets (a category, a search, the show of a DJ, a feed) is an item like any other. Its outcome carries what it
lists: sets, and the page on which the list goes on. The journal adds them to the batch in the transaction of the report itself,
so a kill loses none, and a second report adds none. `admit` decides which: a URL that the batch has already is known, so a loop
of pages ends, and ``max_found`` sets are added over the whole batch, not one more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tlray.core.model.item import FrontierItem

DEFAULT_FOUND = 1_000
"""Sets that a batch may find unless it is asked for another number."""
MOST_FOUND = 100_000
MOST_ON_A_PAGE = 10_000
"""Links of one page that are looked at."""
MAX_BARREN = 20
"""Pages of a list in a row without a new set; a list that never ends is followed no further."""
ONLY_FOUND = "found: not fetched"
"""The reason of a set in a batch that only finds."""


class FoundUrl(NamedTuple):
    """One link of a page."""

    url: str
    domain: str
    fingerprint: str
    is_list: bool = False
    """True if it is a page on which the list goes on; else it is a set."""


@dataclass(frozen=True, slots=True)
class PageFound:
    """What a page lists, and the bounds of its batch: a part of a changeset."""

    item: FrontierItem
    urls: tuple[FoundUrl, ...]
    from_public: bool
    """True if a public address gave the page: no private address is fetched that it names."""
    max_found: int
    is_only: bool
    """True if its batch fetches no sets."""
    note: str | None = None
    """What the task left out."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What becomes of a page's links."""

    new: tuple[FoundUrl, ...] = ()
    n_known: int = 0
    """Sets that the batch has already."""
    n_left_out: int = 0
    """Sets beyond ``max_found``."""
    is_cut: bool = False
    """True if the list goes on, and is not followed."""
    is_full: bool = False
    """True if ``max_found`` is reached."""
    n_barren: int = 0
    """Pages of the list in a row without a new set, up to and with this one."""

    @property
    def n_sets(self) -> int:
        """New sets."""
        return len(self.new) - self.n_lists

    @property
    def n_lists(self) -> int:
        """New pages of lists."""
        return sum(url.is_list for url in self.new)

    def reason(self, page: PageFound) -> str:
        """Say what a page listed, for its item."""
        n_listed = self.n_sets + self.n_known + self.n_left_out
        parts = [f"{n_listed} {'set' if n_listed == 1 else 'sets'} listed, {self.n_sets} new"]
        if self.n_left_out:
            parts.append(f"{self.n_left_out} left out")
        if self.is_cut:
            parts.append("it goes on, and is not followed")
        if self.is_full and (self.n_left_out or self.is_cut):
            parts[-1] += f": max-found {page.max_found} is reached"
        elif self.is_cut:
            parts[-1] += f": {self.n_barren} pages in a row have no new set"
        return "; ".join((*parts, *filter(None, (page.note,))))


@dataclass(frozen=True, slots=True)
class AddedItems:
    """The items that a page has added to its batch, as the journal has written them."""

    item_id: int
    """The page's item."""
    batch: int
    reason: str
    n_sets: int = 0
    n_lists: int = 0
    queued: Mapping[str, int] = field(default_factory=dict)
    """Domain → new queued items."""
    n_skipped: int = 0
    """New items that are not fetched."""


class Committed(NamedTuple):
    """The effect of a changeset in the journal."""

    killed: list[tuple[int, int]]
    """Of each lane's death: how many queued and waiting items it has ended."""
    added: list[AddedItems]
    """Of each page that lists sets."""


def admit(page: PageFound, known: Collection[str], *, n_found: int, n_barren: int) -> Admitted:
    """Return which links of a page become items. ``known`` are fingerprints of its batch, which has found ``n_found`` sets so
    far; ``n_barren`` pages of the list before this one had no new set."""
    seen = set(known)
    sets = [url for url in page.urls if not url.is_list]
    new, n_known = _unseen(sets, seen)
    room = max(0, page.max_found - n_found)
    sets, n_left_out = new[:room], len(new[room:])
    lists, _ = _unseen((url for url in page.urls if url.is_list), seen)
    is_full = n_found + len(sets) >= page.max_found
    n_barren = 0 if sets else n_barren + 1
    is_cut = bool(lists) and (is_full or n_barren >= MAX_BARREN)
    new_urls = (*sets, *(() if is_cut else lists))
    return Admitted(new_urls, n_known, n_left_out, is_cut, is_full, n_barren)


def _unseen(urls: Iterable[FoundUrl], seen: set[str]) -> tuple[list[FoundUrl], int]:
    """Return the URLs that were not seen, each once, and the number of the others."""
    new, n_seen = [], 0
    for url in urls:
        if url.fingerprint in seen:
            n_seen += 1
        else:
            seen.add(url.fingerprint)
            new.append(url)
    return new, n_seen


def added_items(page: PageFound, admitted: Admitted) -> AddedItems:
    """Return what `admit` lets in, in numbers."""
    queued: dict[str, int] = {}
    n_skipped = 0
    for url in admitted.new:
        if page.is_only and not url.is_list:
            n_skipped += 1
        else:
            queued[url.domain] = queued.get(url.domain, 0) + 1
    return AddedItems(
        page.item.id, page.item.batch, admitted.reason(page), admitted.n_sets, admitted.n_lists, queued, n_skipped
    )  # fmt: skip
