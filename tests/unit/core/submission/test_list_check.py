"""What would become of a list, counted without a journal, and how long it would take."""

from __future__ import annotations

import math

from tlray.core.model.item import Priority
from tlray.core.model.lifecycle import BatchState, ItemState
from tlray.core.politeness.domain import DomainState
from tlray.core.politeness.domain_policy import DomainPolicy
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.batch import Batch
from tlray.core.scheduling.eta import new_list_s
from tlray.core.submission.lines import Chunk, Entry, RefusedLine
from tlray.core.submission.list_check import check_list
from tlray.core.submission.receipt_lines import refused_as_json, warning_of_unused


def test_every_line_is_an_item_a_duplicate_or_rejected() -> None:
    entries = [Entry(n, f"http://{d}/{n}", d, f) for n, d, f in (
        (1, "a.test", "f1"), (3, "b.test:81", "f2"), (4, "b.test:81", "f3"), (5, "a.test", "f1"), (6, "b.test:81", "f1"),
    )]  # fmt: skip
    found = check_list(Chunk(entries, [RefusedLine(7, "y", "no scheme"), RefusedLine(2, "x", "no scheme")]))
    assert (found.total, list(found.by_domain.items())) == (3, [("b.test:81", 2), ("a.test", 1)])
    assert [(line.line, line.first_line, line.reason) for line in found.duplicates] == [
        (5, 1, "same page as line 1"), (6, 1, "same page as line 1"),
    ]  # fmt: skip
    assert [line.line for line in found.rejected] == [2, 7]
    assert found.without_items(["a.test", "b.test", "b.tes", "c.test"]) == ["b.tes", "c.test"]
    assert check_list(Chunk()).total == 0


def test_a_list_takes_its_turn_behind_other_batches_and_after_a_rest() -> None:
    state = DomainState("a.test", DomainPolicy(0.5))
    rivals = [
        Batch(n, f"b{n}", "", priority, batch_state, {ItemState.QUEUED: 40}, open_by_domain={"a.test": 40})
        for n, (priority, batch_state) in enumerate((
            (Priority.IMMEDIATE, BatchState.RUNNING), (Priority.NORMAL, BatchState.RUNNING),
            (Priority.LOW, BatchState.RUNNING), (Priority.IMMEDIATE, BatchState.PAUSED),
        ))
    ]  # fmt: skip

    def takes_s(rate: float = 0.5, others: list[Batch] | None = None) -> float | None:
        return new_list_s(state, 10, rate, now=0.0, others=others or [], priority=Priority.NORMAL)

    assert takes_s() == 20.0
    assert takes_s(0.1) == 100.0
    assert takes_s(others=rivals) == (10 + 40 + 10) / 0.5
    state.cool_down(30.0, "throttled: 429")
    assert takes_s() == 50.0
    state.override = DomainOverride(is_paused=True)
    assert takes_s() is None
    free = DomainState("b.test", DomainPolicy(math.inf))
    assert new_list_s(free, 10, math.inf, now=0.0, others=[], priority=Priority.LOW) is None


def test_a_receipt_names_domains_that_are_named_in_vain() -> None:
    assert "c.test" in warning_of_unused("c.test")
    line = RefusedLine(2, "x", "no scheme")
    assert refused_as_json([line], [])["rejected"] == [{"line": 2, "url": "x", "reason": "no scheme"}]
