"""What is told of a batch is of one shape, in memory or not, and of one that is over the same in every life."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_desk import Desk, chunk
from made_journal import apply_robots, connection_of, cool_down, lease, succeed

from tlray.core.model.lifecycle import BatchEvent, ItemState
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.snapshot import MAX_DOMAINS_SHOWN
from tlray.core.submission.lines import Chunk
from tlray.io.intake.url_list import read_chunks
from tlray.io.journal.rows import BatchOptions


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def of_many_domains(n: int) -> Chunk:
    return next(read_chunks([f"http://e{i}.test/{k}" for k in range(2) for i in range(n)], first_line=1))


async def told_in_both_lives(desk: Desk, batch_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    first = await desk.batches.status(batch_id)
    second_life = desk.next_life()
    second_life.state.engine.registry.overrides.update(
        desk.state.engine.registry.overrides
    )  # as a coordinator does that starts
    second = await second_life.batches.status(batch_id)
    second_life.close()
    return first, second


def shape(told: dict[str, Any]) -> dict[str, set[str]]:
    return {"": set(told), **{name: set(domain) for name, domain in told["domains"].items()}}


@pytest.mark.parametrize("n_domains", [1, 3, MAX_DOMAINS_SHOWN + 10])
async def test_a_batch_that_is_over_is_told_alike_in_the_next_life(desk: Desk, n_domains: int) -> None:
    await desk.submit("A", chunk(3))
    await desk.submit("B", of_many_domains(n_domains))
    desk.state.engine.registry.set_override("e1.test", DomainOverride(rate=0.25))
    book = desk.state.book("B")
    assert book is not None
    desk.batches._running_since[book.id] = (30.0, time.monotonic())
    book.counts[ItemState.QUEUED] -= n_domains  # one page of each domain came
    book.counts[ItemState.SUCCEEDED] = n_domains
    items = [lease(desk.state.journal, book.id, domain=name, limit=1)[0] for name in book.open_by_domain]
    succeed(desk.state.journal, items)
    book.open_by_domain = dict.fromkeys(book.open_by_domain, 1)
    for lane in desk.state.engine.frontier.lanes_of(book.id):
        lane.n_stored = 1
    await desk.let_die("B")
    first, second = await told_in_both_lives(desk, "B")
    assert first == second
    assert first["state"] == "completed"
    assert first["rate_per_min"] == pytest.approx(2 * n_domains, rel=0.05)
    n_shown = min(n_domains, MAX_DOMAINS_SHOWN)
    assert list(first["domains"]) == [f"e{i}.test" for i in range(n_shown)]
    assert all(domain["open"] == 0 for domain in first["domains"].values())
    assert n_domains == 1 or first["domains"]["e1.test"]["max_rate"] == 0.25


async def test_so_is_one_that_was_cancelled_and_one_of_which_a_part_was_retried(desk: Desk) -> None:
    await desk.submit("A", of_many_domains(3))
    await desk.coordinator.control("A", BatchEvent.CANCEL)
    await desk.submit("B", chunk(5))
    await desk.state.settle(2)
    await desk.let_die("B")
    await desk.coordinator.retry("B", item_ids=[7], reason=None)
    await desk.let_die("B")
    for batch_id, n in (("A", 3), ("B", 1)):
        first, second = await told_in_both_lives(desk, batch_id)
        assert first == second
        assert (first["rate_per_min"], len(first["domains"])) == (0.0, n)


async def test_what_a_domain_rests_for_is_told_in_the_next_life_too(desk: Desk) -> None:
    await desk.submit("B", of_many_domains(2))
    until = round(time.time() + 900, 1)
    cool_down(desk.state.journal, "e0.test", until, "throttled: 429")
    apply_robots(desk.state.journal, "e0.test", "", 90, wall=time.time())
    second = desk.next_life()
    told = await second.batches.status("B")  # it sleeps
    second.close()
    assert (told["state"], told["estimated_completion"], told["counts"]["queued"]) == ("running", None, 4)
    resting = told["domains"]["e0.test"]
    assert resting["cooling_until"] == pytest.approx(until, abs=0.2)
    assert (resting["reason"], resting["open"]) == ("throttled: 429", 2)
    assert resting["slow_because"].startswith("robots.txt asks for")
    assert "cooling_until" not in told["domains"]["e1.test"]


async def test_every_batch_is_told_in_one_shape(desk: Desk) -> None:
    at = time.time() + 600
    await desk.submit("running", chunk(2))
    await desk.submit("scheduled", chunk(2, named="b"), options=BatchOptions(not_before=at))
    await desk.submit("over", chunk(2, named="c"))
    await desk.submit("of old", chunk(2, named="d"))
    await desk.open_list("receiving")
    await desk.piece("receiving", 1, chunk(7, named="e"))
    for batch_id in ("over", "of old"):
        await desk.let_die(batch_id)
    connection_of(desk.state.journal).execute("UPDATE batches SET counts = NULL WHERE batch_id = 'of old'")
    desk.batches._finished.clear()
    names = ("running", "scheduled", "over", "of old", "receiving")
    told = {name: await desk.batches.status(name) for name in names}
    second = desk.next_life()
    told |= {f"{name} later": await second.batches.status(name) for name in told}
    second.close()
    expected = shape(told["running"])
    for name, one in told.items():
        assert shape(one) == (expected if "receiving" not in name else {"": expected[""]}), name
        assert one["starts_at"] == (pytest.approx(at) if "scheduled" in name else None), name
    assert told["receiving"]["counts"]["queued"] == 7
    assert told["of old later"]["counts"]["dead"] == 2
