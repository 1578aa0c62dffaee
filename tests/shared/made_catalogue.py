"""A home with batches of any sets, made as the coordinator makes them, for tests of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from made_journal import change

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry
from tlray.io.disk.home import Home
from tlray.io.journal.rows import BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.rows import ItemKey
from tlray.model import Tracklist

DOMAIN = "a.test"


class MadeHome:
    """A home that nobody but the test writes to."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path).create()
        self.journal = SqliteJournal(self.home.journal)
        self._life = self.journal.begin_incarnation(is_restart=False)
        self.store = LocalStore(self.home)
        self._n_parts = 0

    def batch(
        self, batch_id: str, *pages: Sequence[Tracklist], owner: str = "", webhook: str | None = None
    ) -> None:
        """Submit a batch with an item for each page; those pages are fetched, into one part."""
        self.open(batch_id, len(pages), owner=owner, webhook=webhook)
        self.fetch(batch_id, *pages)

    def open(self, batch_id: str, n_items: int, *, owner: str = "", webhook: str | None = None) -> None:
        self.journal.open_batch(
            NewBatch(
                batch_id, name="", priority=Priority.NORMAL, options=BatchOptions(webhook=webhook), request_key=batch_id,
                created_at=1.0, owner=owner,
            )
        )  # fmt: skip
        self.journal.add_lines(
            batch_id,
            [Entry(n, f"https://{DOMAIN}/{n}", DOMAIN, f"url:{n}") for n in range(1, n_items + 1)],
            [],
        )
        self.journal.commit_batch(batch_id)

    def fetch(self, batch_id: str, *pages: Sequence[Tracklist], publish: bool = True) -> str:
        """Fetch the next items of a batch into a part; return its stem."""
        self._n_parts += 1
        stem = f"{self._life:04d}-000001-{self._n_parts:05d}"
        number = self.journal.batch(batch_id).id
        items = self.journal.load_lane(number, DOMAIN, after_id=0, limit=len(pages))
        self.journal.mark_leased([item.id for item in items])
        rows = [
            (ItemKey(batch_id, item.id, item.fingerprint), tracklist)
            for item, page in zip(items, pages, strict=True)
            for tracklist in page
        ]
        part = stage(self.store, batch_id, stem, rows, b"")
        record = PartRecord(batch_id, stem, part.n_sets, part.n_tracks, part.n_bytes, True, False)
        changes = [
            change(
                item,
                ItemEvent.FETCHED,
                stem=stem,
                outcome=Outcome(item.id, OutcomeKind.FETCHED, started_at=1.0),
            )
            for item in items
        ]
        self.journal.commit(Changeset("L", changes, (record,)), now=0.0, wall=1.0, node="")
        if publish:
            self.store.publish(batch_id, stem)
        return stem

    def finish(self, batch_id: str, at: float = 2.0) -> None:
        number = self.journal.batch(batch_id).id
        self.journal.set_batch_state(number, BatchState.COMPLETED, finished_at=at)

    def close(self) -> None:
        self.journal.close()
