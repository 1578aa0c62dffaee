"""Whoever wants to be told is told: the notice is written with the change that it tells of, and lost by nobody."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import made_journal
from made_journal import change, commit, entries, kill_lane, lease

from tlray.core.model.lifecycle import BatchState, ItemEvent
from tlray.core.model.outcome import Outcome, OutcomeKind
from tlray.core.notify.notification import (
    MAX_OF_ONE,
    MAX_TO_ONE,
    Channel,
    Delivery,
    NotificationKind,
    Underway,
)
from tlray.core.scheduling.changeset import Changeset, DomainChange, LaneDeath
from tlray.io.journal.reader import NOTHING_UNDERWAY
from tlray.io.journal.rows import BatchOptions
from tlray.io.journal.service_rows import Notice
from tlray.io.journal.writer import Journal

LATER = 4e9
HOOK, MAIL = "https://hooks.example.org/x", "dj@example.org"


def submit(journal: Journal, batch_id: str = "b1", owner: str = "ann", **options: Any) -> int:
    lines = entries(3, mark=batch_id)
    return made_journal.submit(journal, batch_id, lines, owner=owner, options=BatchOptions(**options))


def report(journal: Journal, batch: int, event: ItemEvent, kind: OutcomeKind, *cool: DomainChange) -> None:
    """What a task says of the batch's next item."""
    [item] = lease(journal, batch, limit=1)
    outcome = Outcome(item.id, kind)
    changeset = Changeset("L", [change(item, event, due=100.0, outcome=outcome)], cool_downs=list(cool))
    commit(journal, changeset, wall=50.0)


def finish(journal: Journal, batch: int, state: BatchState = BatchState.COMPLETED, at: float = 9.0) -> None:
    journal.finish_batch(batch=batch, state=state, finished_at=at, elapsed_s=1.0, counts={}, version=2)


def take(
    journal: Journal, *, wall: float = LATER, limit: int = 100, underway: Underway = NOTHING_UNDERWAY
) -> list[Notice]:
    return journal.claim_notices(wall=wall, hold_s=60.0, limit=limit, underway=underway)


def test_an_end_is_told_by_every_way_that_the_batch_wants(journal: Journal) -> None:
    finish(journal, submit(journal, "quiet"))
    assert take(journal) == []
    finish(journal, submit(journal, "both", webhook=HOOK, email=MAIL))
    finish(journal, submit(journal, "mail", email=MAIL), BatchState.CANCELLED)
    found = take(journal)
    assert [(n.batch_id, n.kind, n.channel, n.target) for n in found] == [
        ("both", NotificationKind.COMPLETED, Channel.WEBHOOK, HOOK),
        ("both", NotificationKind.COMPLETED, Channel.EMAIL, MAIL),
        ("mail", NotificationKind.CANCELLED, Channel.EMAIL, MAIL),
    ]
    assert len({n.notice_id for n in found}) == 3
    assert {n.owner for n in found} == {"ann"}
    assert all(n.notice_id.startswith("msg_") and n.body is None and not n.n_attempts for n in found)


def test_a_batch_that_is_opened_again_tells_of_its_second_end_too(journal: Journal) -> None:
    batch = submit(journal, webhook=HOOK)
    finish(journal, batch, at=9.0)
    finish(journal, batch, at=9.0)  # the coordinator died between writing and saying so
    finish(journal, batch, at=12.0)
    assert len(take(journal)) == 2


def test_dead_letters_are_told_of_once(journal: Journal) -> None:
    batch = submit(journal, webhook=HOOK)
    report(journal, batch, ItemEvent.RETRY, OutcomeKind.TIMEOUT)
    assert not journal.has_due_notices(wall=LATER)
    report(journal, batch, ItemEvent.EXHAUST, OutcomeKind.GONE)
    report(journal, batch, ItemEvent.EXHAUST, OutcomeKind.GONE)
    assert [n.kind for n in take(journal)] == [NotificationKind.DEAD_LETTERS]


def test_a_lane_that_dies_tells_of_dead_letters(journal: Journal) -> None:
    batch = submit(journal, webhook=HOOK)
    kill_lane(journal, LaneDeath(batch, "nobody.test", "no robots.txt"))
    assert take(journal) == []
    assert kill_lane(journal, LaneDeath(batch, "a.test", "no robots.txt")) == (3, 0)
    assert [n.kind for n in take(journal)] == [NotificationKind.DEAD_LETTERS]


def test_a_block_is_told_to_every_batch_that_waits_for_the_domain(journal: Journal) -> None:
    batch, other = submit(journal, webhook=HOOK), submit(journal, "other", webhook=HOOK)
    done = submit(journal, "done", webhook=HOOK)
    journal.set_batch_state(done, BatchState.COMPLETED)
    rest = DomainChange("a.test", 1_800.0, "blocked: captcha", 1)
    # a domain that asks for a pause does not block
    report(journal, batch, ItemEvent.SNOOZE, OutcomeKind.THROTTLED, rest)
    assert take(journal) == []
    report(journal, batch, ItemEvent.SNOOZE, OutcomeKind.BLOCKED, rest)
    report(journal, other, ItemEvent.SNOOZE, OutcomeKind.BLOCKED, rest)
    found = take(journal)
    assert sorted(n.batch_id for n in found) == ["b1", "other"]
    assert found[0].kind is NotificationKind.BLOCKED
    assert found[0].about == {"domain": "a.test", "reason": "blocked: captcha", "until": 1_850.0}


def test_what_is_taken_is_nobody_elses_until_it_is_let_go_of(journal: Journal) -> None:
    finish(journal, submit(journal, webhook=HOOK, email=MAIL))
    (first,) = take(journal, limit=1)
    (second,) = take(journal)
    assert first.notice_id != second.notice_id
    assert take(journal, wall=LATER + 59) == []
    # whoever had them died: they are delivered by another, under the same ids
    again = take(journal, wall=LATER + 60)
    assert {n.notice_id for n in again} == {first.notice_id, second.notice_id}


def test_a_receiver_that_hangs_and_a_user_whose_receivers_hang_hold_up_nobody_else(
    journal: Journal,
) -> None:
    for n in range(30):
        finish(journal, submit(journal, f"ann{n}", webhook=f"{HOOK}/{n % 10}"), at=9.0)
    for n in range(MAX_TO_ONE + 2):
        finish(journal, submit(journal, f"bob{n}", "bob", webhook=f"{HOOK}/bob"), at=10.0)

    def underway(notices: list[Notice]) -> Underway:
        return Underway(Counter(n.target for n in notices), Counter(n.owner for n in notices))

    out = take(journal)
    assert Counter(n.owner for n in out) == {"ann": MAX_OF_ONE, "bob": MAX_TO_ONE}
    assert max(Counter(n.target for n in out).values()) <= MAX_TO_ONE
    full = underway(out)
    assert not journal.has_due_notices(wall=LATER, underway=full), (
        "whoever waits is not asked again and again"
    )
    assert take(journal, underway=full) == []
    left = [n for n in out if n.owner == "ann"]  # all of bob's are done
    more = take(journal, underway=underway(left))
    assert Counter(n.owner for n in more) == {"bob": 2}
    assert len(take(journal)) == 30 - MAX_OF_ONE, "nothing is lost: the rest comes when there is room"


def test_every_delivery_is_on_record_and_says_the_same(journal: Journal) -> None:
    batch = submit(journal, webhook=HOOK)
    finish(journal, batch)
    (notice,) = take(journal)
    journal.set_notice_body(notice_id=notice.notice_id, body='{"n":1}')
    journal.set_notice_body(notice_id=notice.notice_id, body='{"n":2}')
    failed = Delivery(500, "not taken")
    journal.settle_notice(
        notice_id=notice.notice_id, delivery=failed, at=LATER, took_s=0.1, next_at=LATER + 5
    )
    assert take(journal, wall=LATER + 4) == []
    (again,) = take(journal, wall=LATER + 5)
    assert (again.notice_id, again.n_attempts, json.loads(again.body or "")) == (
        notice.notice_id,
        1,
        {"n": 1},
    )
    good = Delivery(204, "", is_delivered=True)
    journal.settle_notice(notice_id=notice.notice_id, delivery=good, at=LATER + 6, took_s=0.2, next_at=None)
    assert take(journal, wall=2 * LATER) == []
    (told,) = journal.deliveries(batch=batch)
    assert (told.id, told.event, told.state, told.next_attempt_at) == (
        notice.notice_id, "batch.completed", "delivered", None,
    )  # fmt: skip
    assert [(a.status, a.why) for a in told.attempts] == [(500, "not taken"), (204, "")]


def test_one_that_is_given_up_is_not_tried_again(journal: Journal) -> None:
    batch = submit(journal, webhook=HOOK)
    finish(journal, batch)
    (notice,) = take(journal)
    journal.settle_notice(
        notice_id=notice.notice_id,
        delivery=Delivery(410, "gone"),
        at=1.0,
        took_s=0.0,
        next_at=None,
    )
    assert take(journal, wall=2 * LATER) == []
    assert journal.deliveries(batch=batch)[0].state == "given_up"
    journal.drop_notice(notice_id=notice.notice_id)  # it was tried: it stays on record
    assert journal.deliveries(batch=batch)


def test_a_notice_that_is_not_true_any_more_is_forgotten(journal: Journal) -> None:
    batch = submit(journal, webhook=HOOK)
    finish(journal, batch)
    (notice,) = take(journal)
    journal.drop_notice(notice_id=notice.notice_id)
    assert journal.deliveries(batch=batch) == []


def test_a_secret_is_made_once_and_the_one_before_signs_for_a_day(journal: Journal) -> None:
    def secrets(fresh: str, wall: float) -> list[str]:
        return journal.webhook_secrets(owner="ann", fresh=fresh, wall=wall)

    assert secrets("a", 0.0) == ["a"]
    assert secrets("b", 1.0) == ["a"]
    journal.rotate_webhook_secret(owner="ann", fresh="c", wall=10.0)
    assert secrets("d", 20.0) == ["c", "a"]
    assert secrets("d", 10.0 + 86_400.0) == ["c"]
    assert journal.webhook_secrets(owner="bob", fresh="e", wall=0.0) == ["e"]


def test_a_batch_that_is_not_to_begin_before_its_time_is_scheduled(journal: Journal) -> None:
    submit(journal, "later", not_before=LATER)
    row = journal.find_batch("later")
    assert row is not None
    assert (row.state, row.options.not_before) == (BatchState.SCHEDULED, LATER)
    assert journal.open_batches() == [("later", False)]


def test_changed_sets_are_told_by_webhook_and_each_once(journal: Journal) -> None:
    batch = submit(journal, webhook=HOOK, email=MAIL)
    for subject in ("7", "7", "8"):
        journal.add_notice(batch, NotificationKind.CHANGED, subject, {"sets": [{"source_id": "s1"}]})
    found = take(journal)
    assert [(n.kind, n.channel, n.about) for n in found] == [
        (NotificationKind.CHANGED, Channel.WEBHOOK, {"sets": [{"source_id": "s1"}]})
    ] * 2


def test_notices_of_all_batches_of_an_owner_are_listed_the_newest_first(journal: Journal) -> None:
    for batch_id, owner in (("D1", "dan"), ("D2", "eve"), ("D3", "dan")):
        batch = submit(journal, batch_id, owner, webhook="https://h.test/")
        kill_lane(journal, LaneDeath(batch, "a.test", "timeout"))
    found = journal.deliveries_of("dan", limit=9)
    assert [(batch_id, row.event) for _, batch_id, row in found] == [
        ("D3", "batch.dead_letters"), ("D1", "batch.dead_letters"),
    ]  # fmt: skip
    assert journal.deliveries_of("dan", before=found[0][0], limit=9) == found[1:]
    assert len(journal.deliveries_of(None, limit=2)) == 2
    assert journal.deliveries_of("nobody", limit=9) == []


def test_a_notice_that_was_given_up_is_due_again_for_its_owner(journal: Journal) -> None:
    kill_lane(journal, LaneDeath(submit(journal, webhook=HOOK), "a.test", "timeout"))
    (notice,) = take(journal)
    id_ = notice.notice_id
    gone = Delivery(410, "gone", is_hopeless=True)
    journal.settle_notice(id_, gone, at=LATER, took_s=0.1, next_at=None)
    assert take(journal) == []
    assert journal.delivery("bob", id_) is None
    assert journal.delivery("ann", "msg_none") is None
    journal.resend_notice(id_, wall=LATER)
    found = journal.delivery("ann", id_)
    assert found is not None
    assert found == journal.delivery(None, id_)
    assert (found[0], found[1].state, len(found[1].attempts)) == ("b1", "due", 1)
    assert [(one.notice_id, one.n_attempts) for one in take(journal)] == [(id_, 1)]
    journal.settle_notice(id_, Delivery(200, "", is_delivered=True), at=LATER, took_s=0.1, next_at=None)
    journal.resend_notice(id_, wall=LATER)
    assert take(journal) == []
