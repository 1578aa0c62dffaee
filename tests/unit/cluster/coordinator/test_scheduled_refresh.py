"""A schedule's refresh: at its time the planner chooses sets of its owner's catalogue, and they become a batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from made_catalogue import MadeHome
from made_desk import Desk
from made_sets import a_set, a_track

from tlray.core.schedules.schedule import Decision, ScheduleState, Timing
from tlray.core.scheduling.batch_config import BatchConfig
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.service_rows import ScheduleRow
from tlray.model import Identity, Tracklist

NOW = datetime.now(UTC)


def night(source_id: str, *, n_unknown: int, days_ago: float = 30.0) -> list[Tracklist]:
    tracks = [
        a_track(n, artist="ID", title="ID", identity=Identity.ID) if n <= n_unknown else a_track(n)
        for n in range(1, 11)
    ]
    return [
        a_set(
            *tracks, source_id=source_id, url=f"https://sets.example.org/{source_id}", identified_count=10 - n_unknown,
            fetched_at=NOW - timedelta(days=days_ago), date=(NOW - timedelta(days=60)).date(),
        )
    ]  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = MadeHome(tmp_path)
    made.batch("b1", night("busy", n_unknown=8), night("calm", n_unknown=0), owner="ann")
    made.batch("b2", night("secret", n_unknown=9), owner="bob")
    made.close()
    desk = Desk(tmp_path)
    desk.scheduler.note_service(BatchConfig("service@example.org"))
    yield desk
    desk.close()


async def run_of(desk: Desk, owner: str, **refresh: Any) -> tuple[ScheduleRow, list[str]]:
    """Run a schedule once; return it, and the URLs of its batch."""
    options = BatchOptions().to_json()
    work = {"refresh": {"within": "24h", **refresh}, "priority": "low", "contact": None, "options": options}
    row = ScheduleRow(f"s-{owner}", owner, "", Timing("@daily"), False, 0.0, ScheduleState(0.0), work=work)
    desk.state.journal.add_schedule(row=row)
    if owner:
        desk.state.journal.create_token(name=owner, user=owner, digest=owner, scopes=("submit",), now=0.0)
    await desk.scheduler.run_once(row, Decision(1.0, row.standing), 1.0)
    after = desk.state.journal.schedule(schedule_id=row.schedule_id)
    assert after is not None
    urls = (
        [] if after.last_batch is None else [item.url for item in desk.state.journal.items(after.last_batch)]
    )
    return after, urls


async def test_the_most_promising_sets_of_its_owner_become_a_batch(desk: Desk) -> None:
    after, urls = await run_of(desk, "ann", budget=1)
    assert after.failure is None
    assert urls == ["https://sets.example.org/busy"]
    book = desk.state.book(str(after.last_batch))
    assert book is not None
    assert (book.name.rsplit(" ", 2)[0], book.priority.name) == ("refresh", "LOW")
    _, all_of_them = await run_of(desk, "bob", budget=10)
    assert all_of_them == ["https://sets.example.org/secret"], "nothing of another user"


async def test_a_site_is_asked_no_more_than_its_rate_allows(desk: Desk) -> None:
    _, urls = await run_of(desk, "ann", budget=10, within="1s")
    assert len(urls) == 1


async def test_a_run_with_nothing_to_fetch_says_so_and_makes_no_batch(desk: Desk) -> None:
    after, urls = await run_of(desk, "eve", budget=10)
    assert (after.last_batch, urls) == (None, [])
    assert after.failure == "no set of the catalogue is worth a fetch now"
