"""A home with one finished batch: three sets, a dead letter that was tried twice, a rejected line and a duplicate."""

from __future__ import annotations

from pathlib import Path

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, ItemChange
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry, RefusedLine
from tlray.demo.page import page_of
from tlray.demo.plan import Plan
from tlray.demo.rows import make_set
from tlray.io.disk.home import Home
from tlray.io.journal.rows import BatchOptions, NewBatch
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.results.local_store import LocalStore
from tlray.io.results.part_writer import stage
from tlray.io.results.rows import ItemKey
from tlray.sites.registry import parse_page

BATCH = "20261123-120000-a1b2c3"
N_SETS = 3
PLAN = Plan(seed=5, n_sets=8, n_sites=1)


def html(i: int) -> bytes:
    return page_of(make_set(5, i, PLAN.head(i))).encode()


def make_home(
    path: Path, *, name: str = "a test", why_dead: str = "connect: refused", titles: str | None = None
) -> Path:
    """Make it; ``titles`` stands in the place of what the tracks are called."""
    place = Home(path).create()
    journal = SqliteJournal(place.journal)
    journal.begin_incarnation(is_restart=False)
    journal.open_batch(
        NewBatch(
            BATCH,
            name=name,
            priority=Priority.NORMAL,
            options=BatchOptions(),
            request_key="k",
            created_at=1.7e9,
        )
    )
    urls = [f"http://127.0.0.1{PLAN.path(i)}" for i in range(N_SETS + 1)]
    entries = [Entry(n, url, "127.0.0.1", f"url:{n}") for n, url in enumerate(urls, 1)]
    again = Entry(6, urls[0], "127.0.0.1", "url:1")
    journal.add_lines(BATCH, [*entries, again], [RefusedLine(5, "ftp://x", "scheme ftp: is not fetched")])
    journal.commit_batch(BATCH)
    items = journal.load_lane(1, "127.0.0.1", after_id=0, limit=10)
    sets = [parse_page(html(i), url=urls[i]).tracklists[0] for i in range(N_SETS)]
    for track in (track for s in sets for track in s.tracks if titles is not None):
        track.title = track.text = titles or ""
    rows = [(ItemKey(BATCH, item.id, item.fingerprint), s) for item, s in zip(items, sets, strict=False)]
    staged = stage(LocalStore(place), BATCH, "0001-000001-00001", rows, b"")
    note = PartRecord(
        BATCH, staged.stem, staged.n_sets, staged.n_tracks, staged.n_bytes, has_rows=True, has_pages=False
    )
    done = [
        change(item, ItemEvent.FETCHED, ItemState.SUCCEEDED, OutcomeKind.FETCHED) for item in items[:N_SETS]
    ]
    lost = items[N_SETS]
    first = change(lost, ItemEvent.RETRY, ItemState.WAITING, OutcomeKind.TIMEOUT, "timeout")
    journal.commit(Changeset("L", [*done, first], (note,)), now=0.0, wall=1.7e9, node="n")
    lost.attempt = 2
    last = change(lost, ItemEvent.EXHAUST, ItemState.DEAD, OutcomeKind.CONNECT, why_dead)
    journal.commit(Changeset("L", [last]), now=0.0, wall=1.7e9, node="n")
    LocalStore(place).publish(BATCH, staged.stem)
    journal.set_batch_state(1, BatchState.COMPLETED, finished_at=1.7e9)
    journal.close()
    return place.path


def change(
    item: FrontierItem, event: ItemEvent, after: ItemState, kind: OutcomeKind, reason: str | None = None
) -> ItemChange:
    outcome = Outcome(item.id, kind, reason=reason, started_at=1.7e9, latency_s=0.5)
    return ItemChange(
        item=item, before=ItemState.LEASED, after=after, event=event, attempt=item.attempt, n_lost=0, n_hops=0,
        url=item.url, domain=item.domain, reason=reason, outcome=outcome, stem="0001-000001-00001",
    )  # fmt: skip
