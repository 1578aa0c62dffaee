"""Names of tasks: they say what a task is started for, and there is a bounded number of them."""

from __future__ import annotations

import pytest

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.task_names import ANY, MAX_NAMES, TaskNames


def batch(number: int, open_by_domain: dict[str, int], **more: object) -> Batch:
    given = {"priority": Priority.NORMAL, "state": BatchState.RUNNING, "created_at": float(number), **more}
    counts = {ItemState.QUEUED: sum(open_by_domain.values())}
    return Batch(number, f"b{number}", "", counts=counts, open_by_domain=open_by_domain, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("batches", "name"),
    [
        ([], ANY),
        ([batch(1, {"a.test": 3})], "scrape b1 at a.test"),
        ([batch(1, {"a.test": 3, "b.test": 9, "done.test": 0})], "scrape b1 at b.test +1"),
        (
            [batch(1, {"a.test": 3}), batch(2, {"b.test": 1}, priority=Priority.IMMEDIATE)],
            "scrape b2 at b.test",
        ),
        ([batch(1, {"a.test": 3}, state=BatchState.PAUSED), batch(2, {"b.test": 1})], "scrape b2 at b.test"),
        ([batch(1, {"a.test": 0})], ANY),
    ],
)
def test_a_name_says_the_batch_and_its_largest_domain(batches: list[Batch], name: str) -> None:
    assert TaskNames().name(batches) == name


def test_a_batch_whose_domains_are_not_counted_is_named_alone() -> None:
    made = batch(1, {})
    made.counts = {ItemState.QUEUED: 1}
    assert TaskNames().name([made]) == "scrape b1"


def test_another_kind_of_task_is_named_with_its_batch() -> None:
    assert TaskNames().bounded("merge", "b1") == "merge b1"


def test_there_are_no_more_names_than_a_store_of_metrics_can_bear() -> None:
    names = TaskNames()
    given = [names.name([batch(n, {f"d{n}.test": 1})]) for n in range(10 * MAX_NAMES)]
    assert len(set(given)) == MAX_NAMES + 1
    assert given[MAX_NAMES:] == [ANY] * (9 * MAX_NAMES)
    assert names.name([batch(3, {"d3.test": 1})]) == "scrape b3 at d3.test", (
        "one that is known may be used again"
    )
