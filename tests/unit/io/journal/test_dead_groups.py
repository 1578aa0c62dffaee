"""Dead letters by kind and domain; a retry takes what was seen, and nothing that died later."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from made_journal import change, commit, entries, kill_lane, lease, submit, succeed

from tlray.core.model.item import FrontierItem
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.scheduling.changeset import Changeset, LaneDeath
from tlray.io.journal.rows import ItemFilter, SeenGroup
from tlray.io.journal.writer import Journal


def die(journal: Journal, items: Sequence[FrontierItem], reason: str, *, wall: float = 0.0) -> None:
    changes = [change(item, ItemEvent.EXHAUST, reason=reason) for item in items]
    commit(journal, Changeset("L", changes), wall=wall)


def dead(journal: Journal, batch: int) -> list[int]:
    return [item.line for item in journal.items_page(batch, ItemFilter(ItemState.DEAD), limit=100)[0]]


def test_dead_letters_are_counted_by_domain_and_the_beginning_of_their_reason(journal: Journal) -> None:
    ann = submit(journal, "B1", [*entries(6), *entries(2, first=7, domain="b.test")], owner="ann")
    bob = submit(journal, "B2", 1, owner="bob")
    one, two, three, four, five, six = lease(journal, ann)
    die(journal, [one, two], "timeout: no answer within 20 s", wall=100.0)
    die(journal, [three], "timeout: 20 s", wall=200.0)
    die(journal, [four], "gone: 404", wall=200.0)
    die(journal, [five, six], "parked: blocked 4 times in a row", wall=50.0)
    kill_lane(journal, LaneDeath(ann, "b.test", "robots.txt cannot be fetched: 500"))
    die(journal, lease(journal, bob), "timeout")
    groups = journal.dead_groups(owner="ann")
    assert {(g.domain, g.reason): (g.n, g.n_batches) for g in groups} == {
        ("a.test", "timeout"): (3, 1), ("a.test", "parked"): (2, 1), ("b.test", "robots.txt cannot be fetched"): (2, 1),
        ("a.test", "gone"): (1, 1),
    }  # fmt: skip
    assert groups[0].last_item == three.id
    moments = {g.reason: g.newest for g in groups}
    assert moments["timeout"] == 200_000, "milliseconds"
    assert (moments["gone"], moments["parked"]) == (200_001, 200_002), "the clock ran back"
    assert journal.dead_groups(batch_id="B2")[0].n == 1
    assert sum(g.n for g in journal.dead_groups()) == 9
    assert journal.dead_groups(owner="ann", batch_id="B2") == []


def test_a_retry_takes_what_was_seen_and_leaves_what_died_later(journal: Journal) -> None:
    batch = submit(journal, "B1", 8)
    one, two, three, four, five, six, *_ = lease(journal, batch)
    die(journal, [one, two], "timeout: 20 s")
    die(journal, [three], "gone: 404")
    seen = journal.last_death()
    die(journal, [four, five], "timeout: 20 s")
    assert journal.last_death() > seen
    assert journal.revive(batch, seen=SeenGroup("timeout", "a.test", seen)) == {"a.test": 2}
    assert dead(journal, batch) == [3, 4, 5]
    assert journal.revive(batch, seen=SeenGroup("timeout", "a.test", seen)) == {}, "repeated"
    assert journal.revive(batch, seen=SeenGroup("timeout", "b.test")) == {}
    assert journal.revive(batch, seen=SeenGroup("timeout", "a.test")) == {"a.test": 2}
    again = lease(journal, batch, limit=1)
    die(journal, again, "timeout: 20 s")
    assert journal.revive(batch, seen=SeenGroup("timeout", "a.test", seen)) == {}, "it died again"
    assert six.id not in journal.revive(batch, seen=SeenGroup("gone", "a.test"))
    assert dead(journal, batch) == [1]


def test_a_result_is_gone_if_a_later_item_of_its_page_found_none(journal: Journal) -> None:
    kept, gone, away, early = lease(journal, submit(journal, "B1", 4))
    succeed(journal, [kept, gone, away])
    die(journal, [early], "gone: 404")
    _, again, late, back = lease(journal, submit(journal, "B2", 4))
    die(journal, [again], "gone")
    die(journal, [late], "gone-by-another-word")
    succeed(journal, [back])
    assert journal.items_gone() == {gone.id}
    succeed(journal, lease(journal, submit(journal, "B3", 2)))
    assert journal.items_gone() == {gone.id}, "the newer result is another item"


def test_a_lane_that_dies_later_is_not_in_what_was_seen(journal: Journal) -> None:
    batch = submit(journal, "B1", 3)
    (one,) = lease(journal, batch, limit=1)
    die(journal, [one], "parked: blocked 4 times in a row")
    seen = journal.last_death()
    kill_lane(journal, LaneDeath(batch, "a.test", "parked: blocked 4 times in a row"))
    assert journal.revive(batch, seen=SeenGroup("parked", "a.test", seen)) == {"a.test": 1}
    assert dead(journal, batch) == [2, 3]


def test_the_batches_of_a_group_are_those_of_its_owner(journal: Journal) -> None:
    for batch_id, owner in (("B1", "ann"), ("B2", "bob"), ("B3", "ann")):
        batch = submit(journal, batch_id, 1, owner=owner)
        if batch_id != "B3":
            die(journal, lease(journal, batch), "timeout")
    assert journal.batches_with_dead(SeenGroup("timeout", "a.test"), owner="ann") == ["B1"]
    assert journal.batches_with_dead(SeenGroup("timeout", "a.test")) == ["B1", "B2"]
    assert journal.batches_with_dead(SeenGroup("timeout", "b.test")) == []
    assert journal.batches_with_dead(SeenGroup("gone", "a.test")) == []
    assert journal.batches_with_dead(SeenGroup("timeout", "a.test", journal.last_death() - 1)) == ["B1"]


@pytest.mark.parametrize(("kind", "n"), [("timeout", 2), ("gone", 1), ("other", 0)])
def test_dead_letters_of_a_kind_at_a_domain_are_listed(journal: Journal, kind: str, n: int) -> None:
    batch = submit(journal, "B1", [*entries(3), *entries(2, first=4, domain="b.test")])
    one, two, three = lease(journal, batch)
    die(journal, [one, two], "timeout: 20 s")
    die(journal, [three, *lease(journal, batch, domain="b.test")], "gone: 404")
    page, _ = journal.dead_letters(kind=kind, domain="a.test", limit=9)
    assert [letter.kind for letter in page] == [kind] * n
    journal.set_batch_state(batch, BatchState.CANCELLED)
    assert len(journal.dead_letters(domain="b.test", limit=9)[0]) == 2
