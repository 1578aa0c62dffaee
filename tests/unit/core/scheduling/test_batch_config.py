"""What one batch asks for holds for it: its pages and robots.txt go out under its terms, and its number of tasks counts."""

from __future__ import annotations

import pytest

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.scheduling.autoscaling import Autoscaler, Demand
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.batch_config import BatchConfig, most_workers
from tlray.core.scheduling.engine import Engine


def opened(engine: Engine, number: int, domain: str, terms: BatchConfig | None) -> Batch:
    """Open a batch of one item."""
    batch_id = f"b{number}"
    book = Batch(
        number, batch_id, "", Priority.NORMAL, BatchState.RUNNING, {ItemState.QUEUED: 1}, terms=terms,
        open_by_domain={domain: 1},
    )  # fmt: skip
    engine.open(book, {domain: 1}, now=0.0)
    (lane,) = engine.frontier.wanting()
    item = FrontierItem(number, number, domain, f"http://{domain}/{number}", f"f{number}")
    engine.loaded(lane, [item], last_id=number, is_last=True)
    return book


def test_items_are_leased_with_the_terms_of_their_batch_and_a_robots_txt_with_those_of_the_first() -> None:
    engine = Engine(lease_s=30.0)
    ann, bob = BatchConfig("ann@example.org"), BatchConfig("bob@example.org", 5.0)
    for number, (domain, terms) in enumerate(
        (("a.test", ann), ("a.test", bob), ("b.test", bob), ("a.test", None)), 1
    ):
        opened(engine, number, domain, terms)
    found = engine.grant("L", 10, now=0.0)
    assert {fetch_task.of: fetch_task.terms for fetch_task in found.robots} == {"a.test": ann, "b.test": bob}
    for domain in ("a.test", "b.test"):
        engine.domains[domain].apply_robots("", None, now=0.0)
    engine.end("L")
    for domain in ("a.test", "b.test"):
        engine.frontier.resume_domain(domain)
    found = engine.grant("M", 10, now=0.0)
    assert {item.batch_id: item.terms for item in found.items} == {
        "b1": ann,
        "b2": bob,
        "b3": bob,
        "b4": None,
    }


@pytest.mark.parametrize(
    ("numbers", "most"),
    [
        ([1, 3, 2], 3),
        ([1, None], 8),  # one says nothing: the default of the machine
        ([12, None], 12),  # more than there are cores is what its user said
        ([], 4),
    ],
)
def test_the_batch_that_asks_for_the_most_tasks_bounds_them(numbers: list[int | None], most: int) -> None:
    running = [BatchConfig(max_workers=n) for n in numbers]
    assert most_workers(running, default=8, without_terms=4) == most


def test_a_batch_of_before_there_were_terms_has_the_coordinators_number() -> None:
    assert most_workers([None, BatchConfig(max_workers=2)], default=8, without_terms=4) == 4


def test_a_bound_below_the_least_number_of_tasks_goes_before_it() -> None:
    force = Autoscaler(min_workers=4, max_workers=10)
    force.max_workers = 1
    assert force.change(Demand(1.0, 1_000), n_tasks=0, now=0.0) == 1
