"""Which results answer which items (the journal), and how their rows are read again (the parts)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_parts import a_set

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState, advance
from tlray.core.model.outcome import Outcome, OutcomeKind, ReusableResult
from tlray.core.scheduling.changeset import Changeset, ItemChange
from tlray.core.scheduling.lease import LeasedItem, PartRecord
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import BatchOptions, Entry, NewBatch
from tlray.io.journal.sqlite import result_reuse
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.results.item_reader import read_kept
from tlray.io.results.open_part import OpenPart
from tlray.io.results.part_files import Piece, publish, published_file
from tlray.io.results.part_writer import stage


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(tmp_path / "state.db")
    yield journal
    journal.close()


def submit(
    journal: SqliteJournal, batch_id: str, numbers: range, *, networks: tuple[str, ...] | None = None
) -> int:
    """Submit a batch of the pages with these numbers; return its number."""
    journal.open_batch(
        NewBatch(
            batch_id,
            name="",
            priority=Priority.NORMAL,
            options=BatchOptions(networks=networks),
            request_key=batch_id,
            created_at=1.0,
        )
    )
    lines = [Entry(k + 1, f"http://a.test/{k}", "a.test", f"f{k}") for k in numbers]
    journal.add_lines(batch_id, lines, [])
    journal.commit_batch(batch_id)
    return journal.batch(batch_id).id


def leased(journal: SqliteJournal, batch: int) -> list[FrontierItem]:
    items = journal.load_lane(batch, "a.test", after_id=0, limit=100)
    journal.mark_leased([item.id for item in items])
    return items


def succeed(
    journal: SqliteJournal, batch_id: str, stem: str, *outcomes: tuple[FrontierItem, Outcome]
) -> None:
    part = PartRecord(batch_id, stem, len(outcomes), len(outcomes), 10, has_rows=True, has_pages=False)
    changeset = Changeset("L", parts=(part,))
    for item, outcome in outcomes:
        event = ItemEvent.ANSWERED if outcome.reused else ItemEvent.FETCHED
        changeset.changes.append(
            ItemChange(
                item=item, before=ItemState.LEASED, after=advance(ItemState.LEASED, event), event=event, attempt=1,
                n_lost=0, n_hops=0, url=item.url, domain=item.domain, outcome=outcome, stem=stem,
            )
        )  # fmt: skip
    journal.commit(changeset, now=0.0, wall=1_000.0, node="n")


def fetch(
    journal: SqliteJournal, batch: int, batch_id: str, *, at: float, peer: str | None = None
) -> list[FrontierItem]:
    items = leased(journal, batch)
    outcomes = [(item, Outcome(item.id, OutcomeKind.FETCHED, started_at=at, peer=peer)) for item in items]
    succeed(journal, batch_id, f"p{batch}", *outcomes)
    return items


# -- the journal -------------------------------------------------------------------------------------


def test_a_batch_is_answered_by_what_another_has_fetched_lately(journal: SqliteJournal) -> None:
    first = submit(journal, "b1", range(3))
    [_, one, two] = fetch(journal, first, "b1", at=500.0)
    second = submit(journal, "b2", range(1, 5))
    kept, last_id = journal.reusable_results(second, 400.0, after_id=0)
    assert last_id is None
    assert [(item.url, result) for item, result in kept] == [
        ("http://a.test/1", ReusableResult("b1", "p1", one.id, 500.0)),
        ("http://a.test/2", ReusableResult("b1", "p1", two.id, 500.0)),
    ]
    assert journal.reusable_results(second, 501.0, after_id=0) == ([], None), "too old"


@pytest.mark.parametrize(
    ("peer", "networks", "is_answered"),
    [
        ("93.184.216.34", (), True),
        ("93.184.216.34", None, True),
        ("10.0.0.7", None, True),  # a command line
        ("10.0.0.7", (), False),  # a service that fetches nothing inside
        ("10.0.0.7", ("10.0.0.0/8",), True),
        ("10.0.0.7", ("192.168.0.0/16",), False),
        ("::ffff:10.0.0.7", (), False),
        ("fe80::1%eth0", (), False),
        (None, (), False),  # from before it was noted
        (None, None, True),
    ],
)
def test_nobody_is_answered_from_where_they_may_not_fetch(
    journal: SqliteJournal, peer: str | None, networks: tuple[str, ...] | None, is_answered: bool
) -> None:
    first = submit(journal, "b1", range(1))
    fetch(journal, first, "b1", at=500.0, peer=peer)
    second = submit(journal, "b2", range(1), networks=networks)
    kept, _ = journal.reusable_results(second, 0.0, after_id=0)
    assert bool(kept) is is_answered
    [item] = leased(journal, second)
    found = journal.mark_leased([item.id], [(item.id, 0.0)])
    assert bool(found) is is_answered
    if found:  # whoever is answered answers in turn, by the same address
        succeed(journal, "b2", "p2", (item, Outcome(item.id, OutcomeKind.ANSWERED, reused=found[item.id])))
        third = submit(journal, "b3", range(1), networks=())
        assert bool(journal.reusable_results(third, 0.0, after_id=0)[0]) is (peer == "93.184.216.34")


def test_an_answer_is_as_old_as_the_fetch_behind_it(journal: SqliteJournal, tmp_path: Path) -> None:
    first = submit(journal, "b1", range(1))
    fetch(journal, first, "b1", at=500.0)
    second = submit(journal, "b2", range(1))
    [(item, result)] = journal.reusable_results(second, 0.0, after_id=0)[0]
    assert journal.mark_leased([item.id], [(item.id, 0.0)]) == {item.id: result}
    succeed(journal, "b2", "p2", (item, Outcome(item.id, OutcomeKind.ANSWERED, reused=result)))

    third = submit(journal, "b3", range(1))
    assert journal.reusable_results(third, 500.5, after_id=0) == ([], None)
    [(_, again)] = journal.reusable_results(third, 499.0, after_id=0)[0]
    assert again.fetched_at == 500.0
    with open_reader(tmp_path) as reader:
        assert reader.batch("b2").n_answered == 1
        [attempt] = reader.attempts([item.id])[item.id]
        assert (attempt.kind, attempt.reason) == ("answered", f"as item {result.item_id} of batch b1 was")


def test_of_several_results_the_newest_answers(journal: SqliteJournal) -> None:
    for n, at in ((1, 500.0), (2, 700.0), (3, 600.0)):
        fetch(journal, submit(journal, f"b{n}", range(1)), f"b{n}", at=at)
    last = submit(journal, "b4", range(1))
    [(item, result)] = journal.reusable_results(last, 0.0, after_id=0)[0]
    assert result.batch_id == "b2"
    assert journal.mark_leased([item.id], [(item.id, 0.0)])[item.id].batch_id == "b2"


def test_a_batch_does_not_answer_itself(journal: SqliteJournal) -> None:
    batch = submit(journal, "b1", range(2))
    items = leased(journal, batch)
    succeed(journal, "b1", "p", (items[0], Outcome(items[0].id, OutcomeKind.FETCHED, started_at=5.0)))
    assert journal.reusable_results(batch, 0.0, after_id=0) == ([], None)
    assert journal.mark_leased([items[1].id], [(items[1].id, 0.0)]) == {}


def test_a_batch_that_was_over_long_ago_is_not_even_looked_at(journal: SqliteJournal) -> None:
    first = submit(journal, "b1", range(2))
    fetch(journal, first, "b1", at=500.0)
    journal.set_batch_state(first, BatchState.COMPLETED, finished_at=510.0)
    second = submit(journal, "b2", range(2))
    assert not result_reuse._may_have_results(journal._db, second, 600.0)
    assert result_reuse._may_have_results(journal._db, second, 505.0)


def test_a_long_list_is_looked_at_in_windows(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_reuse, "WINDOW_ITEMS", 3)
    fetch(journal, submit(journal, "b1", range(10)), "b1", at=500.0)
    second = submit(journal, "b2", range(8))
    found, after_id, n = [], 0, 0
    while after_id is not None:
        kept, after_id = journal.reusable_results(second, 0.0, after_id=after_id)
        found += [item.fingerprint for item, _ in kept]
        n += 1
    assert found == [f"f{k}" for k in range(8)]
    assert n == 3


# -- the rows ----------------------------------------------------------------------------------------


def test_kept_rows_become_rows_of_another_batch_under_its_own_url(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    stage(home, "b1", "p", [a_set(1), a_set(2, 5), a_set(3)], b"")
    publish(home, "b1", "p")
    sets = read_kept(home, "b1", "p", [2, 3, 99])
    assert {item: [len(s.tracks) for s in found] for item, found in sets.items()} == {2: [5], 3: [3]}

    part = OpenPart("b2")
    kept = ReusableResult("b1", "p", 2, 500.0)
    item = LeasedItem(7, "b2", "a.test", "https://a.test/other-slug", "f", 1, reused=kept)
    outcome = part.add_kept(item, sets[2])
    assert (outcome.kind, outcome.n_sets, outcome.n_tracks, outcome.reused) == (
        OutcomeKind.ANSWERED,
        1,
        5,
        kept,
    )
    [(key, tracklist)] = part.rows
    assert (key.batch_id, key.item_id, tracklist.url) == ("b2", 7, "https://a.test/other-slug")
    assert tracklist.tracks == a_set(2, 5)[1].tracks
    assert not part.pages.take(), "the page stays in the archive of the batch that fetched it"


def test_rows_that_are_not_there_any_more_answer_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    assert read_kept(home, "b1", "merged-away", [1]) == {}
    stage(home, "b1", "p", [a_set(1)], b"")
    publish(home, "b1", "p")
    published_file(home, "b1", "p", Piece.TRACKS).write_bytes(b"PAR1 damaged")
    assert read_kept(home, "b1", "p", [1]) == {}
    item = LeasedItem(7, "b2", "a.test", "https://a.test/", "f", 1, reused=ReusableResult("b1", "p", 1, 5.0))
    outcome = OpenPart("b2").add_kept(item, ())
    assert (outcome.kind, outcome.reused) == (OutcomeKind.NOT_BEGUN, item.reused)
