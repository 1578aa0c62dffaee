"""A home made without Ray: batches of any sets, as a coordinator and its tasks would have written them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, ItemChange
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry
from tlray.io.disk.home import Home
from tlray.io.journal.rows import BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.rows import ItemKey
from tlray.model import Tracklist

SETS_A_PART = 2_000
DOMAIN = "sets.test"


def write_batch(home: Home, batch_id: str, sets: Iterable[Tracklist], *, n_sets: int, at: float) -> None:
    """Write a finished batch with an item for each of ``n_sets`` sets; no coordinator may hold the home.

    The sets have their ``url``, ``site`` and ``source_id``. ``at``: the moment of the batch, in epoch seconds.
    """
    journal, store = SqliteJournal(home.journal), LocalStore(home)
    try:
        life = journal.begin_incarnation(is_restart=False)
        journal.open_batch(
            NewBatch(
                batch_id, name="", priority=Priority.NORMAL, options=BatchOptions(), request_key=batch_id, created_at=at
            )
        )  # fmt: skip
        urls = ((n, f"https://{DOMAIN}/{n}") for n in range(1, n_sets + 1))
        journal.add_lines(batch_id, [Entry(n, url, DOMAIN, f"url:{n}") for n, url in urls], [])
        journal.commit_batch(batch_id)
        number = journal.batch(batch_id).id
        ahead = iter(sets)
        for place, begin in enumerate(range(0, n_sets, SETS_A_PART), 1):
            some = list(islice(ahead, min(SETS_A_PART, n_sets - begin)))
            _write_part(journal, store, batch_id, f"{life:04d}-000001-{place:05d}", some, at)
        journal.set_batch_state(number, BatchState.COMPLETED, finished_at=at)
    finally:
        journal.close()


def _write_part(
    journal: SqliteJournal, store: LocalStore, batch_id: str, stem: str, sets: list[Tracklist], at: float
) -> None:
    items = journal.load_lane(journal.batch(batch_id).id, DOMAIN, after_id=0, limit=len(sets))
    journal.mark_leased([item.id for item in items])
    rows = [
        (ItemKey(batch_id, item.id, item.fingerprint), found) for item, found in zip(items, sets, strict=True)
    ]
    part = stage(store, batch_id, stem, rows, b"")
    changes = [
        ItemChange(
            item, ItemState.LEASED, ItemState.SUCCEEDED, ItemEvent.FETCHED, 1, 0, 0, item.url, DOMAIN,
            outcome=Outcome(item.id, OutcomeKind.FETCHED, started_at=at), stem=stem,
        )
        for item in items
    ]  # fmt: skip
    record = PartRecord(
        batch_id, stem, part.n_sets, part.n_tracks, part.n_bytes, has_rows=True, has_pages=False
    )
    journal.commit(Changeset("L", changes, (record,)), now=0.0, wall=at, node="")
    store.publish(batch_id, stem)
