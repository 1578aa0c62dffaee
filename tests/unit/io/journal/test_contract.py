"""The contract of a journal, which every implementation holds (`made_journal.STORAGES`)."""

from __future__ import annotations

import math
import threading

import pytest
from made_journal import (
    Storage,
    apply_robots,
    change,
    commit,
    entries,
    kill_lane,
    lease,
    new_batch,
    states,
    submit,
)

from tlray.core.model.file_source import FILE_DOMAIN
from tlray.core.model.lifecycle import BatchState, ItemEvent, ItemState
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.scheduling.changeset import Changeset, DomainChange, LaneDeath
from tlray.core.scheduling.lease import PartRecord
from tlray.core.submission.lines import Entry, RefusedLine
from tlray.errors import Conflict, HomeInUse, InvariantBroken, NoSuchBatch, NoSuchItem
from tlray.io.journal.rows import ChunkRow, Chunks, PartRow, totals
from tlray.io.journal.writer import Journal


def create(journal: Journal, batch_id: str = "b1", key: str = "k1") -> str:
    return journal.open_batch(new_batch(batch_id, request_key=key))


# -- submission ------------------------------------------------------------------------------------


def test_a_batch_that_was_never_committed_leaves_nothing_in_the_next_life(
    storage: Storage, journal: Journal
) -> None:
    create(journal)
    journal.add_lines("b1", entries(3), [RefusedLine(9, "x", "no scheme")])
    with storage.open() as again:
        assert again.begin_incarnation(is_restart=False) == 1
        assert again.find_batch("b1") is None
        assert submit(again, "b2", entries(3)), "its pages are free"
        assert again.refused_lines(again.batch("b2").id) == []


def test_a_coordinator_that_only_restarted_lets_the_submitter_go_on(journal: Journal) -> None:
    create(journal)
    journal.add_lines("b1", entries(3), [])
    journal.begin_incarnation(is_restart=True)
    journal.add_lines("b1", entries(2, first=4), [])
    journal.commit_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 5}


def test_the_last_fetch_is_known_of_an_incarnation_that_ended_in_order(journal: Journal) -> None:
    journal.begin_incarnation(is_restart=False)
    assert journal.use_domains(["a.test", "b.test"]) == {"a.test": None, "b.test": None}
    journal.end_incarnation()
    journal.begin_incarnation(is_restart=False)
    ended_at = journal.use_domains(["a.test"])["a.test"]
    assert ended_at is not None
    assert 0 < ended_at < math.inf
    journal.end_incarnation()
    journal.begin_incarnation(is_restart=False)
    assert journal.use_domains(["a.test", "c.test"])["c.test"] is None
    assert journal.use_domains(["b.test"]) == {"b.test": math.inf}, (
        "the last end was not that of its incarnation"
    )


@pytest.mark.parametrize("is_restart", [True, False])
def test_the_last_fetch_is_not_known_of_an_incarnation_that_was_killed(
    journal: Journal, is_restart: bool
) -> None:
    journal.begin_incarnation(is_restart=False)
    journal.use_domains(["a.test"])
    assert journal.use_domains(["a.test"]) == {"a.test": None}, "this incarnation has fetched nothing yet"
    journal.begin_incarnation(is_restart=is_restart)
    assert journal.use_domains(["a.test", "b.test"]) == {"a.test": math.inf, "b.test": None}


def test_a_late_report_does_not_move_the_last_fetch_back(journal: Journal) -> None:
    batch = submit(journal, "b1", entries(2))
    one, two = journal.load_lane(batch, "a.test", after_id=0, limit=9)
    for item, started_at in ((one, 51.0), (two, 40.0)):
        outcome = Outcome(item.id, OutcomeKind.FETCHED, started_at=started_at)
        changeset = Changeset("l1", [change(item, ItemEvent.FETCHED, outcome=outcome)])
        journal.commit(changeset, now=100.0, wall=1_000.0, node="n1")
    assert journal.use_domains(["a.test"]) == {"a.test": 51.0}


def test_duplicates_are_named_with_the_line_that_came_first(journal: Journal) -> None:
    create(journal)
    journal.add_lines("b1", entries(2), [])
    added = journal.add_lines("b1", [Entry(7, "http://a.test/other", "a.test", "f2")], [])
    assert added.duplicates == [RefusedLine(7, "http://a.test/other", "same page as line 2", 2)]
    journal.add_lines("b1", [], [RefusedLine(8, "x", "no scheme")])
    journal.commit_batch("b1")
    row = journal.batch("b1")
    assert (row.n_duplicates, row.n_rejected) == (1, 1)


def test_a_chunk_that_is_sent_twice_changes_nothing(journal: Journal) -> None:
    create(journal)
    chunk = [*entries(3), Entry(4, "http://a.test/1?", "a.test", "f1")]
    first = journal.add_lines("b1", chunk, [])
    again = journal.add_lines("b1", chunk, [])
    assert (first.n_items, again.n_items, again.duplicates) == (3, 0, first.duplicates)
    journal.commit_batch("b1")
    assert journal.add_lines("b1", entries(1, first=9), []).n_items == 0, "too late"
    assert states(journal) == {ItemState.QUEUED: 3}


def test_a_repeated_request_makes_no_second_batch(journal: Journal) -> None:
    assert create(journal, "b1", "same") == "b1"
    assert create(journal, "b2", "same") == "b1"


def test_an_abandoned_batch_is_forgotten_and_its_name_free(journal: Journal) -> None:
    create(journal)
    journal.add_lines("b1", entries(3), [])
    journal.abandon_batch("b1")
    assert journal.find_batch("b1") is None
    create(journal)
    journal.add_lines("b1", entries(2), [])
    journal.commit_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 2}


def test_a_committed_batch_cannot_be_abandoned(journal: Journal) -> None:
    submit(journal)
    journal.abandon_batch("b1")
    assert states(journal) == {ItemState.QUEUED: 3}


def test_what_is_asked_of_no_batch_is_said_so(journal: Journal) -> None:
    with pytest.raises(NoSuchBatch, match="no batch 'b9'"):
        journal.add_lines("b9", entries(1), [])


# -- the work --------------------------------------------------------------------------------------


def test_a_verdict_is_written_whole(journal: Journal, storage: Storage) -> None:
    batch = submit(journal, lines=6)
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
    row, counts = journal.batch("b1"), journal.counts(batch)
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
    with storage.reader() as reader:
        assert [a.kind for a in reader.attempts([two.id])[two.id]] == ["blocked"]
        assert [a.kind for a in reader.attempts([five.id])[five.id]] == ["lost"]
        [good] = reader.attempts([one.id])[one.id]
        assert (good.kind, good.node, good.part, good.raw_offset) == ("fetched", "n1", "p1", 0)
        assert reader.attempts([six.id])[six.id] == [], "never begun"


def test_a_verdict_that_cannot_be_written_whole_is_not_written(journal: Journal) -> None:
    batch = submit(journal)
    items = lease(journal, batch)
    note = PartRecord("b1", "p1", 1, 1, 1, has_rows=True, has_pages=False)
    twice = Changeset("L1", [change(items[0], ItemEvent.FETCHED)], parts=(note, note))
    with pytest.raises(InvariantBroken):
        commit(journal, twice)
    assert states(journal) == {ItemState.LEASED: 3}
    assert journal.parts("b1") == []


def test_a_domain_numbered_in_what_was_undone_is_numbered_again(journal: Journal) -> None:
    batch = submit(journal)
    items = lease(journal, batch)
    note = PartRecord("b1", "p1", 1, 1, 1, has_rows=True, has_pages=False)
    hop = change(items[0], ItemEvent.HOP, url="http://new.test/", domain="new.test")
    with pytest.raises(InvariantBroken):
        commit(journal, Changeset("L1", [hop], parts=(note, note)))
    commit(journal, Changeset("L1", [hop]))
    assert [i.url for i in journal.load_lane(batch, "new.test", after_id=0, limit=9)] == ["http://new.test/"]
    assert sum(states(journal).values()) == 3


def test_a_dead_lane_says_how_many_it_took_along(journal: Journal) -> None:
    batch = submit(journal, lines=5)
    items = journal.load_lane(batch, "a.test", after_id=0, limit=2)
    journal.mark_leased([item.id for item in items])
    commit(journal, Changeset("L1", [change(items[0], ItemEvent.RETRY, due=9.0)]))
    assert kill_lane(journal, LaneDeath(batch, "a.test", "no robots")) == (3, 1)
    assert states(journal) == {ItemState.DEAD: 4, ItemState.LEASED: 1}


def test_cancelling_leaves_what_is_leased_to_its_lease(journal: Journal) -> None:
    batch = submit(journal, lines=5)
    items = journal.load_lane(batch, "a.test", after_id=0, limit=2)
    journal.mark_leased([item.id for item in items])
    assert journal.cancel_open(batch) == 3
    assert states(journal) == {ItemState.CANCELLED: 3, ItemState.LEASED: 2}


def test_dead_letters_are_revived_all_or_by_reason_or_by_name(journal: Journal) -> None:
    batch = submit(journal, lines=4)
    items = lease(journal, batch)
    reasons = ["timeout", "gone: 404", "timeout", "dns"]
    dead = [change(i, ItemEvent.EXHAUST, attempt=5, reason=r) for i, r in zip(items, reasons, strict=True)]
    commit(journal, Changeset("L1", dead))
    assert journal.revive(batch, reason="timeout") == {"a.test": 2}
    assert journal.revive(batch, ids=[items[1].id, items[0].id]) == {"a.test": 1}
    with pytest.raises(NoSuchItem, match=r"has no item 998, 999; nothing"):
        journal.revive(batch, ids=[items[3].id, 998, 999])
    assert journal.revive(batch) == {"a.test": 1}
    assert [i.attempt for i in journal.load_lane(batch, "a.test", after_id=0, limit=9)] == [1, 1, 1, 1]


def test_a_dead_letter_that_was_redirected_begins_anew_at_its_own_domain(journal: Journal) -> None:
    batch = submit(journal, lines=1)
    (item,) = lease(journal, batch)
    hop = change(item, ItemEvent.HOP, url="http://b.test/x", domain="b.test", n_hops=1)
    commit(journal, Changeset("L1", [hop]))
    journal.mark_leased([item.id])
    commit(journal, Changeset("L2", [change(item, ItemEvent.EXHAUST)]))
    assert journal.revive(batch) == {"a.test": 1}
    (again,) = journal.load_lane(batch, "a.test", after_id=0, limit=9)
    assert (again.url, again.n_hops) == ("http://a.test/1", 0)


# -- a coordinator's life ----------------------------------------------------------------------------


def test_a_new_life_ends_older_leases_and_spends_no_attempt(journal: Journal) -> None:
    batch = submit(journal)
    lease(journal, batch)
    assert journal.begin_incarnation(is_restart=True) == 1
    assert journal.begin_incarnation(is_restart=True) == 2
    assert states(journal) == {ItemState.QUEUED: 3}
    assert journal.open_batches() == [("b1", False)]


def test_batches_of_a_life_that_was_ended_sleep_until_they_are_asked_for(journal: Journal) -> None:
    batch = submit(journal)
    journal.begin_incarnation(is_restart=False)
    assert journal.open_batches() == [("b1", True)]
    journal.set_batch_state(batch, BatchState.RUNNING)
    assert journal.open_batches() == [("b1", False)]
    journal.set_batch_state(batch, BatchState.COMPLETED, finished_at=5.0, elapsed_s=2.5)
    assert journal.open_batches() == []


def test_a_cancellation_that_was_cut_off_is_carried_on(journal: Journal) -> None:
    batch = submit(journal)
    lease(journal, batch)
    journal.set_batch_state(batch, BatchState.CANCELLING)
    journal.begin_incarnation(is_restart=True)
    assert states(journal) == {ItemState.CANCELLED: 3}


def test_what_is_known_of_a_domain_is_remembered(journal: Journal) -> None:
    assert journal.domain("a.test") is None
    apply_robots(journal, "a.test", "User-agent: *", 8.0, wall=7.0)
    row = journal.domain("a.test")
    assert row is not None
    assert (row.robots_text, row.crawl_delay_s, row.robots_at) == ("User-agent: *", 8.0, 7.0)


def test_one_part_takes_the_place_of_several(journal: Journal, storage: Storage) -> None:
    batch = submit(journal, lines=2)
    items = lease(journal, batch)
    outcomes = [Outcome(i.id, OutcomeKind.GONE, raw=(10, 5)) for i in items]
    for n, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
        note = PartRecord("b1", f"p{n}", 1, 2, 100, has_rows=True, has_pages=True)
        changeset = Changeset(
            "L", [change(item, ItemEvent.EXHAUST, outcome=outcome, stem=f"p{n}")], parts=(note,)
        )
        commit(journal, changeset)
    merged = PartRow("m", "b1", 2, 4, 200, has_rows=True, has_pages=True)
    journal.replace_parts("b1", {"p0": 0, "p1": 100}, merged)
    assert journal.parts("b1") == [merged]
    with storage.reader() as reader:
        stories = [reader.attempts([item.id])[item.id][0] for item in items]
        assert [(s.part, s.raw_offset) for s in stories] == [("m", 10), ("m", 110)]
        assert {row.part for row in reader.items("b1")} == {"m"}
    assert journal.batch("b1").n_tracks == 4


def test_a_file_is_opened_at_its_source_also_when_it_is_retried(journal: Journal, storage: Storage) -> None:
    entry = Entry(1, "file:///a.cue", FILE_DOMAIN, "file:1", "file:///home/ann/a.cue?at=7")
    number = submit(journal, "files", [entry])
    (item,) = journal.load_lane(number, FILE_DOMAIN, after_id=0, limit=9)
    assert (item.url, item.domain) == (entry.source, FILE_DOMAIN)
    outcome = Outcome(item.id, OutcomeKind.NOT_A_SET, reason="empty")
    commit(journal, Changeset("L", [change(item, ItemEvent.EXHAUST, outcome=outcome)]))
    with storage.reader() as reader:
        assert [row.url for row in reader.items("files")] == [entry.url]
    assert journal.revive(number) == {FILE_DOMAIN: 1}
    (again,) = journal.load_lane(number, FILE_DOMAIN, after_id=0, limit=9)
    assert again.url == entry.source


def test_a_part_with_other_rows_changes_the_counts_of_its_batch(journal: Journal) -> None:
    batch = submit(journal, lines=2)
    for n, item in enumerate(lease(journal, batch)):
        note = PartRecord("b1", f"p{n}", 1, 2, 100, has_rows=True, has_pages=True)
        commit(journal, Changeset("L", [change(item, ItemEvent.FETCHED, stem=f"p{n}")], parts=(note,)))
    again = PartRow("p0r", "b1", 1, 9, 100, has_rows=True, has_pages=True)
    journal.replace_parts("b1", {"p0": 0}, again)
    assert [part.stem for part in journal.parts("b1")] == ["p0r", "p1"]
    assert journal.batch("b1").n_tracks == 9 + 2


# -- one writer, many readers ------------------------------------------------------------------------


def test_a_life_that_was_taken_over_from_writes_nothing_more(storage: Storage, journal: Journal) -> None:
    batch = submit(journal)
    first = journal.begin_incarnation(is_restart=True)
    with storage.open() as other:
        assert other.begin_incarnation(is_restart=True) == first + 1
        with pytest.raises(HomeInUse, match=f"life {first + 1}"):
            journal.cancel_open(batch)
        with pytest.raises(HomeInUse), journal.transaction():
            raise AssertionError("its block does not even begin")
        other.set_batch_state(batch, BatchState.PAUSED)
        assert (journal.batch("b1").state, states(journal)) == (BatchState.PAUSED, {ItemState.QUEUED: 3})


def test_verbs_in_a_block_are_one_transaction(storage: Storage, journal: Journal) -> None:
    batch = submit(journal)
    seen: list[object] = []

    def look() -> None:
        with storage.reader() as reader, reader.snapshot():
            seen.append((reader.batch("b1").state, states(reader)))

    before = (BatchState.RUNNING, {ItemState.QUEUED: 3})
    after = (BatchState.PAUSED, {ItemState.CANCELLED: 3})
    other = threading.Thread(target=look)  # a reader may wait for the end of a block, and sees no half of it

    def change_and_fail() -> None:
        with journal.transaction():
            journal.set_batch_state(batch, BatchState.PAUSED)
            other.start()
            journal.cancel_open(batch)
            assert (journal.batch("b1").state, states(journal)) == after, "it sees its own changes"
            raise Conflict("no")

    with pytest.raises(Conflict):
        change_and_fail()
    other.join()
    assert seen == [before]
    with journal.transaction(), journal.transaction():
        journal.set_batch_state(batch, BatchState.PAUSED)
        journal.cancel_open(batch)
    look()
    assert seen[1:] == [after]


def test_a_snapshot_shows_one_moment_while_the_writer_goes_on(storage: Storage, journal: Journal) -> None:
    batch = submit(journal)
    with storage.reader() as reader:
        with reader.snapshot():
            assert states(reader) == {ItemState.QUEUED: 3}
            journal.cancel_open(batch)
            assert states(reader) == {ItemState.QUEUED: 3}
        assert states(reader) == {ItemState.CANCELLED: 3}
        assert [n for _, n in reader.batch_summaries()] == [{ItemState.CANCELLED: 3}]
        assert [row.item_id for row in reader.items("b1", ItemState.CANCELLED, after_id=1, limit=1)] == [2]
        assert reader.parts("b1") == reader.refused_lines(batch) == reader.damage() == []
        with pytest.raises(NoSuchBatch):
            reader.batch("b2")


# -- lists in chunks -----------------------------------------------------------------------------------


def test_chunks_come_in_order_each_once_and_none_after_the_commit(journal: Journal) -> None:
    create(journal)
    first, second = ChunkRow(1, 1, 2, 0, "one"), ChunkRow(2, 3, 1, 0, "two")
    for _ in range(2):  # the second time changes nothing
        journal.add_chunk("b1", first, entries(2), [RefusedLine(9, "x", "no")], max_lines=9)
    with pytest.raises(Conflict, match="piece 2 comes next, not 3"):
        journal.add_chunk("b1", ChunkRow(3, 4, 1, 0, "three"), [], [], max_lines=9)
    with pytest.raises(Conflict, match="sent before with other lines"):
        journal.add_chunk("b1", ChunkRow(1, 1, 2, 0, "other"), [], [], max_lines=9)
    with pytest.raises(Conflict, match="more than 2 lines"):
        journal.add_chunk("b1", second, [], [], max_lines=2)
    journal.add_chunk("b1", second, entries(1, first=3), [], max_lines=9)
    batch = journal.batch("b1").id
    assert journal.chunks(batch) == Chunks(2, 3, 3)
    assert (journal.chunk(batch, 1), journal.chunk(batch, 3)) == (ChunkRow(1, 1, 2, 2, "one"), None)
    journal.commit_batch("b1")
    with pytest.raises(Conflict, match="committed before piece 3"):
        journal.add_chunk("b1", ChunkRow(3, 4, 1, 0, "three"), [], [], max_lines=9)


def test_one_key_has_one_list(journal: Journal) -> None:
    first = new_batch("b1", request_key="ann\nkey", digest="one")
    assert journal.open_batch(first) == "b1"
    assert journal.open_batch(new_batch("b2", request_key="ann\nkey", digest="one")) == "b1"
    with pytest.raises(Conflict, match="key 'key' was used for another list"):
        journal.open_batch(new_batch("b3", request_key="ann\nkey", digest="two"))
    journal.abandon_batch("b1")
    assert journal.open_batch(new_batch("b4", request_key="ann\nkey", digest="two")) == "b4", "it made none"


def test_refused_lines_are_read_by_kind_and_stretch(journal: Journal) -> None:
    bad = [RefusedLine(n, "x", "no scheme") for n in (4, 6)]
    batch = submit(journal, lines=[*entries(3), Entry(5, "http://a.test/1", "a.test", "f1")], refused=bad)
    assert [r.line for r in journal.refused_lines(batch)] == [4, 5, 6]
    assert [r.line for r in journal.refused_lines(batch, is_duplicate=True)] == [5]
    assert [r.line for r in journal.refused_lines(batch, is_duplicate=False, limit=1)] == [4]
    assert [r.line for r in journal.refused_lines(batch, after=4, before=6)] == [5]
    assert journal.count_refused(batch, after=3, before=6) == (1, 1)


def test_the_audits_copy_stays_as_it_was(storage: Storage, journal: Journal) -> None:
    batch = submit(journal)
    with storage.reader() as reader, reader.audit_copy("b1") as copy:
        journal.cancel_open(batch)
        books = copy.books()
        assert (books.counts, books.n_lines, books.n_items_made) == ({ItemState.QUEUED: 3}, 3, 3)
        assert (copy.state, copy.parts, copy.stems_now()) == (BatchState.RUNNING, [], set())
    with storage.reader() as reader, pytest.raises(NoSuchBatch), reader.audit_copy("b9"):
        raise AssertionError("there is nothing to copy")


def test_events_are_written_with_their_change_while_they_are_wanted(journal: Journal) -> None:
    submit(journal, "b1")
    assert not journal.has_events()
    journal.want_events(1.0)  # long past
    submit(journal, "b2")
    assert not journal.has_events()
    journal.want_events(4e9)
    batch = submit(journal, "b3")
    begun, *_ = journal.events("home", 10)
    assert (begun.kind, begun.batch_id, begun.event_id) == ("batch.running", "b3", f"evt-home-{begun.seq}")
    n_dead = sum(kill_lane(journal, LaneDeath(batch, "a.test", "timeout")))
    _, first, *others = journal.events("home", 100)
    assert 1 + len(others) == n_dead
    assert (first.kind, first.data["reason"], first.data["item_id"].isdigit()) == (
        "item.dead",
        "timeout",
        True,
    )
    journal.drop_events(first.seq)
    assert journal.events("home", 100) == others
    assert journal.events("home", 1) == others[:1]
    journal.drop_events(others[-1].seq)
    assert not journal.has_events()
    submit(journal, "b4")
    assert journal.events("home", 1)[0].seq > others[-1].seq


def test_an_event_that_no_change_of_the_journal_has_is_added_while_events_are_wanted(
    journal: Journal,
) -> None:
    batch = submit(journal, "b1")
    about = {"sets": [{"source_id": "s1", "title": "Süd"}]}
    journal.add_event(batch, "tracklist.changed", about, wall=50.0)
    assert not journal.has_events()
    journal.want_events(100.0)
    journal.add_event(batch, "tracklist.changed", about, wall=100.0)
    assert not journal.has_events()
    journal.add_event(batch, "tracklist.changed", about, wall=99.0)
    [event] = journal.events("home", 10)
    assert (event.kind, event.batch_id, event.made_at, event.data["sets"]) == (
        "tracklist.changed",
        "b1",
        99.0,
        about["sets"],
    )


def test_a_life_that_could_not_begin_leaves_the_one_before_it_its_journal(journal: Journal) -> None:
    batch = submit(journal)
    first = journal.begin_incarnation(is_restart=True)

    def begin_and_fail() -> None:
        with journal.transaction():
            journal.begin_incarnation(is_restart=True)
            raise Conflict("no")

    with pytest.raises(Conflict):
        begin_and_fail()
    assert journal.begin_incarnation(is_restart=True) == first + 1
    assert journal.cancel_open(batch) == 3
