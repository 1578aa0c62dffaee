"""A home with a batch in it, made as the coordinator makes one: journal, parts, archived pages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from made_parts import BATCH, a_set, page

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState, advance
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, ItemChange
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry, RefusedLine
from tlray.io.disk.home import Home
from tlray.io.journal.rows import BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.warc import ArchiveWriter
from tlray.model import Tracklist


@dataclass
class MadeBatch:
    """A batch that is being worked on by nobody but the test."""

    home: Home
    journal: SqliteJournal
    number: int
    _n_parts: int = 0

    @classmethod
    def submitted(cls, home: Home, n_items: int) -> MadeBatch:
        """Submit a list of good lines, one duplicate and one that is no URL."""
        journal = SqliteJournal(home.journal)
        journal.begin_incarnation(is_restart=False)
        journal.open_batch(
            NewBatch(
                BATCH,
                name="",
                priority=Priority.NORMAL,
                options=BatchOptions(),
                request_key="k",
                created_at=1.0,
            )
        )
        entries = [
            Entry(i, f"https://example.org/{i}", "example.org", f"f{i}") for i in range(1, n_items + 1)
        ]
        again = replace_line(entries[0], n_items + 1)
        journal.add_lines(BATCH, [*entries, again], [RefusedLine(n_items + 2, "x", "no scheme")])
        journal.commit_batch(BATCH)
        return cls(home, journal, 1)

    def take(self, n: int) -> list[FrontierItem]:
        """Lease the next items."""
        items = self.journal.load_lane(self.number, "example.org", after_id=0, limit=n)
        self.journal.mark_leased([item.id for item in items])
        return items

    def fetch(self, n: int, *, is_published: bool = True) -> str:
        """Fetch the next items into a part of their own; the first of them at its second attempt. Return the part's stem."""
        self._n_parts += 1
        stem = f"0001-000001-{self._n_parts:05d}"
        items = self.take(n)
        items[0].attempt = 2
        archive = ArchiveWriter()
        places = [archive.add(page(url=item.url)) for item in items]
        rows = [
            (replace(key, fingerprint=item.fingerprint), made)
            for item in items
            for key, made in [self.set_of(item)]
        ]
        part = stage(LocalStore(self.home), BATCH, stem, rows, archive.take())
        note = PartRecord(
            BATCH, stem, part.n_sets, part.n_tracks, part.n_bytes, has_rows=True, has_pages=True
        )
        changes = [
            _change(item, ItemEvent.FETCHED, OutcomeKind.FETCHED, stem=stem, raw=place)
            for item, place in zip(items, places, strict=True)
        ]
        self.journal.commit(Changeset("L", changes, (note,)), now=0.0, wall=2.0, node="n")
        if is_published:
            LocalStore(self.home).publish(BATCH, stem)
        return stem

    def lose(self, reason: str | None = "gone: 404") -> None:
        """Make a dead letter of the next item."""
        (item,) = self.take(1)
        change = _change(item, ItemEvent.EXHAUST, OutcomeKind.GONE, reason=reason)
        self.journal.commit(Changeset("L", [change]), now=0.0, wall=2.0, node="n")

    def finish(self) -> None:
        """Declare it completed."""
        self.journal.set_batch_state(self.number, BatchState.COMPLETED, finished_at=3.0)

    def run(self, sql: str, *values: object) -> None:
        """Damage the journal."""
        self.journal._db.execute(sql, values)

    @staticmethod
    def set_of(item: FrontierItem) -> tuple[object, Tracklist]:
        """Return the set that stands on an item's page: as many tracks as its number says."""
        return a_set(item.id, n_tracks=item.id)


def replace_line(entry: Entry, line: int) -> Entry:
    """Return the same URL in another line."""
    return entry._replace(line=line)


def _change(
    item: FrontierItem, event: ItemEvent, kind: OutcomeKind, *, stem: str | None = None, reason: str | None = None,
    raw: tuple[int, int] | None = None,
) -> ItemChange:  # fmt: skip
    return ItemChange(
        item=item, before=ItemState.LEASED, after=advance(ItemState.LEASED, event), event=event, attempt=item.attempt,
        n_lost=0, n_hops=0, url=item.url, domain=item.domain, reason=reason, stem=stem,
        outcome=Outcome(item.id, kind, reason=reason, started_at=1.0, raw=raw),
    )  # fmt: skip
