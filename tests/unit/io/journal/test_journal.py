"""What must survive: the journal on a real SQLite file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tlray.core.model.item import FrontierItem, Priority
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState, advance
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, DomainChange, ItemChange, LaneDeath
from tlray.core.scheduling.lease import PartRecord
from tlray.errors import HomeUnusable, NoSuchBatch, NoSuchItem, StorageFull
from tlray.io.journal.reader import JournalReader, totals
from tlray.io.journal.rows import BatchOptions, Entry, PartRow, RefusedLine
from tlray.io.journal.sqlite import SqliteJournal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(tmp_path / "state.db")
    yield journal
    journal.close()


def entries(n: int, *, first: int = 1, domain: str = "a.test") -> list[Entry]:
    return [Entry(i, f"http://{domain}/{i}", domain, f"f{i}") for i in range(first, first + n)]


def create(journal: SqliteJournal, batch_id: str = "b1", key: str = "k1") -> str:
    return journal.create_batch(
        batch_id, name="", priority=Priority.NORMAL, options=BatchOptions(), request_key=key, created_at=1.0
    )


def running(journal: SqliteJournal, n: int = 3, *, batch_id: str = "b1") -> int:
    """Submit a batch; return its number."""
    create(journal, batch_id, "k" + batch_id)
    journal.append(batch_id, entries(n), [])
    journal.commit_batch(batch_id)
    found = journal.load_batch(batch_id)
    assert found is not None
    return found[0].id


def lease(journal: SqliteJournal, batch: int) -> list[FrontierItem]:
    items = journal.load_lane(batch, "a.test", after_id=0, limit=100)
    journal.mark_leased([item.id for item in items])
    return items


def change(item: FrontierItem, event: ItemEvent, **values: object) -> ItemChange:
    rest = {"attempt": item.attempt, "n_lost": item.n_lost, "n_hops": item.n_hops, "url": item.url}
    after = advance(ItemState.LEASED, event)
    rest = {**rest, "domain": item.domain, **values}
    return ItemChange(item=item, before=ItemState.LEASED, after=after, event=event, **rest)  # type: ignore[arg-type]


def states(journal: SqliteJournal, batch_id: str = "b1") -> dict[ItemState, int]:
    found = journal.load_batch(batch_id)
    assert found is not None
    return totals(found[1])


# -- submission ------------------------------------------------------------------------------------


def test_a_batch_that_was_never_committed_leaves_nothing_after_a_restart_of_everything(
    tmp_path: Path,
) -> None:
    journal = SqliteJournal(tmp_path / "state.db")
    create(journal)
    journal.append("b1", entries(3), [RefusedLine(9, "x", "no scheme")])
    journal.close()
    again = SqliteJournal(tmp_path / "state.db")
    assert again.begin_incarnation(is_restart=False) == 1
    assert again.load_batch("b1") is None
    assert again._db.execute("SELECT count(*) FROM items").fetchone() == (0,)
    again.close()


def test_a_coordinator_that_only_restarted_lets_the_submitter_go_on(journal: SqliteJournal) -> None:
    create(journal)
    journal.append("b1", entries(3), [])
    journal.begin_incarnation(is_restart=True)
    journal.append("b1", entries(2, first=4), [])
    journal.commit_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 5}


def test_duplicates_are_named_with_the_line_that_came_first(journal: SqliteJournal) -> None:
    create(journal)
    journal.append("b1", entries(2), [])
    told = journal.append("b1", [Entry(7, "http://a.test/other", "a.test", "f2")], [])
    assert told == [RefusedLine(7, "http://a.test/other", "same page as line 2", 2)]
    journal.append("b1", [], [RefusedLine(8, "x", "no scheme")])
    journal.commit_batch("b1")
    found = journal.load_batch("b1")
    assert found is not None
    assert (found[0].n_duplicates, found[0].n_rejected) == (1, 1)


def test_a_chunk_that_is_sent_twice_changes_nothing(journal: SqliteJournal) -> None:
    create(journal)
    chunk = [*entries(3), Entry(4, "http://a.test/1?", "a.test", "f1")]
    first = journal.append("b1", chunk, [])
    assert journal.append("b1", chunk, []) == first
    journal.commit_batch("b1")
    assert journal.append("b1", entries(1, first=9), []) == []  # too late
    assert states(journal) == {ItemState.QUEUED: 3}


def test_a_repeated_request_makes_no_second_batch(journal: SqliteJournal) -> None:
    assert create(journal, "b1", "same") == "b1"
    assert create(journal, "b2", "same") == "b1"


def test_an_abandoned_batch_is_forgotten_and_its_name_free(journal: SqliteJournal) -> None:
    create(journal)
    journal.append("b1", entries(3), [])
    journal.abandon_batch("b1")
    assert journal.load_batch("b1") is None
    create(journal)
    journal.append("b1", entries(2), [])
    journal.commit_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 2}


def test_a_committed_batch_cannot_be_abandoned(journal: SqliteJournal) -> None:
    running(journal)
    journal.abandon_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 3}


def test_what_is_asked_of_no_batch_is_said_so(journal: SqliteJournal) -> None:
    with pytest.raises(NoSuchBatch, match="no batch 'b9'"):
        journal.append("b9", entries(1), [])


# -- the work --------------------------------------------------------------------------------------


def test_a_verdict_is_written_whole(journal: SqliteJournal, tmp_path: Path) -> None:
    batch = running(journal, 6)
    one, two, three, four, five, six = lease(journal, batch)
    fetched = Outcome(1, OutcomeKind.FETCHED, started_at=50.0, n_sets=1, raw=(0, 99))
    blocked = Outcome(2, OutcomeKind.BLOCKED, reason="captcha", started_at=51.0)
    changeset = Changeset(
        "L1",
        [
            change(one, ItemEvent.FETCHED, outcome=fetched, stem="p1"),
            change(
                two,
                ItemEvent.SNOOZE,
                outcome=blocked,
                due=130.0,
                snoozed_since=100.0,
                reason="blocked: captcha",
            ),
            change(three, ItemEvent.RETRY, attempt=2, due=105.0, outcome=Outcome(3, OutcomeKind.TIMEOUT)),
            change(four, ItemEvent.HOP, n_hops=1, url="http://b.test/4", domain="b.test"),
            change(five, ItemEvent.GIVE_BACK, n_lost=1, reason="worker died"),
            change(six, ItemEvent.GIVE_BACK, outcome=Outcome(6, OutcomeKind.NOT_BEGUN)),
        ],
        parts=(PartRecord("b1", "p1", 1, 12, 999, has_rows=True, has_pages=True),),
        cool_downs=[DomainChange("a.test", 1900.0, "blocked: captcha", n_blocks=2)],
    )
    journal.commit(changeset, now=100.0, wall=1_000_000.0, node="n1")
    found = journal.load_batch("b1")
    assert found is not None
    row, counts = found
    assert counts["b.test"] == {ItemState.QUEUED: 1}
    assert totals(counts) == {ItemState.SUCCEEDED: 1, ItemState.WAITING: 2, ItemState.QUEUED: 3}
    assert (row.n_sets, row.n_tracks, row.n_retries, row.n_blocked) == (1, 12, 1, 1)
    waiting = {item.id: (due, since) for item, due, since in journal.load_waiting(batch)}
    assert waiting == {two.id: (1_000_030.0, 1_000_000.0), three.id: (1_000_005.0, None)}
    (hopped,) = journal.load_lane(batch, "b.test", after_id=0, limit=9)
    assert (hopped.url, hopped.n_hops) == ("http://b.test/4", 1)
    domain = journal.domain("a.test")
    assert domain is not None
    assert (domain.cool_until, domain.n_blocks, domain.last_fetch_at) == (1_001_800.0, 2, 51.0)
    assert [p.stem for p in journal.parts("b1")] == ["p1"]
    with JournalReader.of(tmp_path) as reader:
        assert [a.kind for a in reader.story(two.id)] == ["blocked"]
        assert [a.kind for a in reader.story(five.id)] == ["lost"]
        assert reader.story(one.id) == reader.story(six.id) == []  # good at once, never begun


def test_a_verdict_that_cannot_be_written_whole_is_not_written(journal: SqliteJournal) -> None:
    batch = running(journal)
    items = lease(journal, batch)
    note = PartRecord("b1", "p1", 1, 1, 1, has_rows=True, has_pages=False)
    twice = Changeset("L1", [change(items[0], ItemEvent.FETCHED)], parts=(note, note))
    with pytest.raises(sqlite3.IntegrityError):
        journal.commit(twice, now=0.0, wall=0.0, node="")
    assert states(journal) == {ItemState.LEASED: 3}
    assert journal.parts("b1") == []


def test_a_domain_numbered_in_what_was_undone_is_numbered_again(journal: SqliteJournal) -> None:
    batch = running(journal)
    items = lease(journal, batch)
    note = PartRecord("b1", "p1", 1, 1, 1, has_rows=True, has_pages=False)
    hop = change(items[0], ItemEvent.HOP, url="http://new.test/", domain="new.test")
    with pytest.raises(sqlite3.IntegrityError):
        journal.commit(Changeset("L1", [hop], parts=(note, note)), now=0.0, wall=0.0, node="")
    journal.commit(Changeset("L1", [hop]), now=0.0, wall=0.0, node="")
    assert [i.url for i in journal.load_lane(batch, "new.test", after_id=0, limit=9)] == ["http://new.test/"]
    assert sum(states(journal).values()) == 3


def test_a_dead_lane_says_how_many_it_took_along(journal: SqliteJournal) -> None:
    batch = running(journal, 5)
    items = journal.load_lane(batch, "a.test", after_id=0, limit=2)
    journal.mark_leased([item.id for item in items])
    journal.commit(Changeset("L1", [change(items[0], ItemEvent.RETRY, due=9.0)]), now=0.0, wall=0.0, node="")
    assert journal.kill_lane(LaneDeath(batch, "a.test", "no robots")) == (3, 1)
    assert states(journal) == {ItemState.DEAD: 4, ItemState.LEASED: 1}


def test_cancelling_leaves_what_is_leased_to_its_lease(journal: SqliteJournal) -> None:
    batch = running(journal, 5)
    items = journal.load_lane(batch, "a.test", after_id=0, limit=2)
    journal.mark_leased([item.id for item in items])
    assert journal.cancel_open(batch) == 3
    assert states(journal) == {ItemState.CANCELLED: 3, ItemState.LEASED: 2}


def test_dead_letters_are_revived_all_or_by_reason_or_by_name(journal: SqliteJournal) -> None:
    batch = running(journal, 4)
    items = lease(journal, batch)
    reasons = ["timeout", "gone: 404", "timeout", "dns"]
    dead = [change(i, ItemEvent.EXHAUST, attempt=5, reason=r) for i, r in zip(items, reasons, strict=True)]
    journal.commit(Changeset("L1", dead), now=0.0, wall=0.0, node="")
    assert journal.revive(batch, reason="timeout") == {"a.test": 2}
    assert journal.revive(batch, ids=[items[1].id, items[0].id]) == {"a.test": 1}
    with pytest.raises(NoSuchItem, match=r"has no item 998, 999; nothing"):
        journal.revive(batch, ids=[items[3].id, 998, 999])
    assert journal.revive(batch) == {"a.test": 1}
    assert [i.attempt for i in journal.load_lane(batch, "a.test", after_id=0, limit=9)] == [1, 1, 1, 1]


def test_a_dead_letter_that_was_redirected_begins_anew_at_its_own_domain(journal: SqliteJournal) -> None:
    batch = running(journal, 1)
    (item,) = lease(journal, batch)
    hop = change(item, ItemEvent.HOP, url="http://b.test/x", domain="b.test", n_hops=1)
    journal.commit(Changeset("L1", [hop]), now=0.0, wall=0.0, node="")
    journal.mark_leased([item.id])
    journal.commit(Changeset("L2", [change(item, ItemEvent.EXHAUST)]), now=0.0, wall=0.0, node="")
    assert journal.revive(batch) == {"a.test": 1}
    (again,) = journal.load_lane(batch, "a.test", after_id=0, limit=9)
    assert (again.url, again.n_hops) == ("http://a.test/1", 0)


# -- a coordinator's life ----------------------------------------------------------------------------


def test_a_new_life_ends_older_leases_and_spends_no_attempt(journal: SqliteJournal) -> None:
    batch = running(journal)
    lease(journal, batch)
    assert journal.begin_incarnation(is_restart=True) == 1
    assert journal.begin_incarnation(is_restart=True) == 2
    assert states(journal) == {ItemState.QUEUED: 3}
    assert journal.open_batches() == [("b1", False)]


def test_batches_of_a_life_that_was_ended_sleep_until_they_are_asked_for(journal: SqliteJournal) -> None:
    batch = running(journal)
    journal.begin_incarnation(is_restart=False)
    assert journal.open_batches() == [("b1", True)]
    journal.set_batch_state(batch, BatchState.RUNNING)
    assert journal.open_batches() == [("b1", False)]
    journal.set_batch_state(batch, BatchState.COMPLETED, finished_at=5.0, elapsed_s=2.5)
    assert journal.open_batches() == []


def test_a_cancellation_that_was_cut_off_is_carried_on(journal: SqliteJournal) -> None:
    batch = running(journal)
    lease(journal, batch)
    journal.set_batch_state(batch, BatchState.CANCELLING)
    journal.begin_incarnation(is_restart=True)
    assert states(journal) == {ItemState.CANCELLED: 3}


def test_what_is_known_of_a_domain_is_remembered(journal: SqliteJournal) -> None:
    assert journal.domain("a.test") is None
    journal.keep_robots(("a.test", "User-agent: *", 8.0), wall=7.0)
    row = journal.domain("a.test")
    assert row is not None
    assert (row.robots_text, row.crawl_delay_s, row.robots_at) == ("User-agent: *", 8.0, 7.0)


def test_one_part_takes_the_place_of_several(journal: SqliteJournal, tmp_path: Path) -> None:
    batch = running(journal, 2)
    items = lease(journal, batch)
    outcomes = [Outcome(i.id, OutcomeKind.GONE, raw=(10, 5)) for i in items]
    for n, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
        note = PartRecord("b1", f"p{n}", 1, 2, 100, has_rows=True, has_pages=True)
        changeset = Changeset(
            "L", [change(item, ItemEvent.EXHAUST, outcome=outcome, stem=f"p{n}")], parts=(note,)
        )
        journal.commit(changeset, now=0.0, wall=0.0, node="")
    merged = PartRow("m", "b1", 2, 4, 200, has_rows=True, has_pages=True)
    journal.replace_parts("b1", {"p0": 0, "p1": 100}, merged)
    assert journal.parts("b1") == [merged]
    with JournalReader.of(tmp_path) as reader:
        stories = [reader.story(item.id)[0] for item in items]
        assert [(s.part, s.raw_offset) for s in stories] == [("m", 10), ("m", 110)]
        assert {row.part for row in reader.items("b1")} == {"m"}


# -- bad input ---------------------------------------------------------------------------------------


def test_a_journal_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        db.execute("INSERT INTO meta VALUES ('schema', '99')")
    db.close()
    for opening in (lambda: SqliteJournal(path), lambda: JournalReader(tmp_path)):
        with pytest.raises(HomeUnusable, match="version 99"):
            opening()
    db = sqlite3.connect(path)
    assert db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("meta",)]
    db.close()


@pytest.mark.parametrize("name", ["a?b", "a#b", "50%", "a b", "ä"])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.mkdir()
    journal = SqliteJournal(home / "state.db")
    running(journal)
    journal.close()
    with JournalReader.of(home) as reader:
        assert totals(reader.get("b1")[1]) == {ItemState.QUEUED: 3}


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"this is no database, but longer than a header of one" * 100)
    with pytest.raises(HomeUnusable, match="not a database"):
        SqliteJournal(tmp_path / "state.db")
    with pytest.raises(HomeUnusable, match="cannot be read"):
        JournalReader(tmp_path)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match=r"state\.db"):
        SqliteJournal(tmp_path / "file" / "state.db")


def test_a_full_disk_is_told_as_one_and_nothing_is_half_done(journal: SqliteJournal) -> None:
    create(journal)
    journal.append("b1", entries(10), [])
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StorageFull):
        journal.append("b1", entries(5_000, first=11, domain="new.test"), [])
    journal._db.execute("PRAGMA max_page_count = 1000000")
    journal.append("b1", entries(5, first=11, domain="new.test"), [])
    journal.commit_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 15}


def test_a_reader_sees_what_is_committed_beside_a_writer(journal: SqliteJournal, tmp_path: Path) -> None:
    batch = running(journal)
    with JournalReader.of(tmp_path) as reader, journal._transaction() as db:
        db.execute("UPDATE items SET state = 'dead'")
        assert [row.state for row in reader.items("b1")] == [ItemState.QUEUED] * 3
    lease(journal, batch)
    with JournalReader.of(tmp_path) as reader:
        assert [n for _, n in reader.list_batches()] == [{ItemState.DEAD: 3}]
        assert [row.item_id for row in reader.items("b1", ItemState.DEAD, after_id=1, limit=1)] == [2]
        assert reader.manifest("b1") == reader.refused_lines("b1") == []
        with pytest.raises(NoSuchBatch):
            reader.get("b2")


def test_a_home_without_a_journal_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(HomeUnusable, match="no journal"):
        JournalReader(tmp_path)


def test_a_journal_is_its_owners_only_with_all_of_its_files(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        journal = SqliteJournal(tmp_path / "state.db")
        running(journal)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        journal.close()
    finally:
        os.umask(umask)
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
