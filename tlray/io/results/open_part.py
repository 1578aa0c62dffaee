"""A part that is being filled: rows and pages of one batch since the last report, and where each page will
lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.lease import LeasedItem
from tlray.io.http.response import Fetched
from tlray.io.results.rows import ItemKey
from tlray.io.results.warc import ArchiveWriter
from tlray.model import Tracklist


@dataclass(slots=True)
class OpenPart:
    """Rows and pages of one batch that are not staged yet."""

    batch_id: str
    rows: list[tuple[ItemKey, Tracklist]] = field(default_factory=list)
    pages: ArchiveWriter = field(default_factory=ArchiveWriter)

    def add(
        self, item: LeasedItem, fetched: Fetched, outcome: Outcome, sets: tuple[Tracklist, ...]
    ) -> Outcome:
        """Take in what came of an item; return its outcome with the place of its page in the archive."""
        for tracklist in sets:
            self.rows.append((ItemKey(item.batch_id, item.item_id, item.fingerprint), tracklist))
        if not item.keeps_page or not fetched.wire_body or outcome.kind is OutcomeKind.LISTED:
            return outcome
        return replace(outcome, raw=self.pages.add(fetched))

    def add_reused(self, item: LeasedItem, sets: Sequence[Tracklist]) -> Outcome:
        """Take in rows that another batch keeps of an item's page; their page stays in its archive."""
        if not sets:
            return Outcome(item.item_id, OutcomeKind.NOT_BEGUN, reused=item.reused)
        for tracklist in sets:
            key = ItemKey(item.batch_id, item.item_id, item.fingerprint)
            self.rows.append((key, replace(tracklist, url=item.url)))
        n_tracks = sum(len(tracklist.tracks) for tracklist in sets)
        return Outcome(
            item.item_id, OutcomeKind.ANSWERED, n_sets=len(sets), n_tracks=n_tracks, reused=item.reused
        )
