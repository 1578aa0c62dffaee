"""What a person sets for a domain is kept, and told to whoever has items there."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from tlray.core.model.item import Priority
from tlray.core.politeness.override import DomainOverride
from tlray.io.journal.domains import (
    all_overrides,
    bring_up_to_date,
    change_domain,
    domains_page,
    set_override,
)
from tlray.io.journal.rows import BatchOptions, Entry
from tlray.io.journal.sqlite import SqliteJournal


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    journal = SqliteJournal(tmp_path / "state.db")
    for owner, hosts in (("ann", ["a.org", "b.org"]), ("bob", ["b.org", "c.org"])):
        journal.create_batch(
            owner,
            name="",
            priority=Priority.NORMAL,
            options=BatchOptions(),
            request_key=owner,
            created_at=1.7e9,
            owner=owner,
        )
        journal.append(
            owner, [Entry(n, f"http://{host}/", host, f"{owner}{n}") for n, host in enumerate(hosts, 1)], []
        )
        journal.commit_batch(owner)
    return journal


def names(journal: SqliteJournal, owner: str | None, after: str = "", limit: int = 9) -> list[str]:
    return [row.name for row in journal.run(partial(domains_page, owner=owner, after=after, limit=limit))]


def test_a_user_sees_the_domains_of_their_own_items(journal: SqliteJournal) -> None:
    assert names(journal, None) == ["a.org", "b.org", "c.org"]
    assert names(journal, "ann") == ["a.org", "b.org"]
    assert names(journal, "bob", after="b.org") == ["c.org"]
    assert names(journal, "eve") == []
    assert names(journal, None, limit=2) == ["a.org", "b.org"]
    assert journal.run(partial(domains_page, owner="ann", after="", limit=1, name="c.org")) == []


def test_a_lift_ends_the_rests_of_a_host_and_its_ports_and_what_they_put_off(journal: SqliteJournal) -> None:
    def prepare(db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO domains (name) VALUES (?)", [("a.org:81",), ("a.orgs",)])
        db.execute("UPDATE domains SET cool_until = 9e9, cool_reason = 'throttled: 429', n_blocks = 3")
        db.execute("UPDATE items SET state = 'waiting', due_at = 9e9, snoozed_since = 1 WHERE batch = 1")
        db.execute("UPDATE items SET snoozed_since = NULL WHERE fingerprint = 'ann2'")

    journal.run(prepare)
    journal.run(partial(change_domain, name="a.org", changes={}, is_lifted=True, wall=5.0))
    rows = {row.name: row for row in journal.run(partial(domains_page, owner=None, after="", limit=9))}
    assert {name for name, row in rows.items() if row.cool_until is None} == {"a.org", "a.org:81"}
    assert (rows["a.org"].cool_reason, rows["a.org"].n_blocks) == (None, 0)
    items = journal.run(
        lambda db: db.execute(
            "SELECT fingerprint, due_at, snoozed_since FROM items WHERE batch = 1"
        ).fetchall()
    )
    assert items == [("ann1", 5.0, None), ("ann2", 9e9, None)], "what failed by itself waits on"


def test_a_rest_without_end_of_an_older_version_is_bounded(journal: SqliteJournal) -> None:
    journal.run(
        lambda db: db.execute(
            "UPDATE domains SET cool_until = CASE name WHEN 'a.org' THEN 1e24 WHEN 'b.org' THEN 10.0 END"
        )
    )
    journal.run(partial(bring_up_to_date, until=100.0))
    rows = journal.run(partial(domains_page, owner=None, after="", limit=9))
    assert [row.cool_until for row in rows] == [100.0, 10.0, None]


def test_open_items_of_a_sites_short_links_come_to_the_site_with_their_rest(journal: SqliteJournal) -> None:
    def prepare(db: sqlite3.Connection) -> None:
        db.execute(
            "UPDATE domains SET name = '1001.tl', cool_until = 50, cool_reason = 'blocked: wait' WHERE name = 'b.org'"
        )
        db.execute("UPDATE batches SET finished_at = 1 WHERE batch_id = 'bob'")

    journal.run(prepare)
    for _ in range(2):
        journal.run(partial(bring_up_to_date, until=100.0))
    rows = journal.run(
        lambda db: db.execute(
            "SELECT fingerprint, d.name FROM items i JOIN domains d ON d.id = i.domain ORDER BY i.id"
        ).fetchall()
    )
    assert rows == [("ann1", "a.org"), ("ann2", "1001tracklists.com"), ("bob1", "1001.tl"), ("bob2", "c.org")]
    [site] = journal.run(partial(domains_page, owner=None, after="", limit=9, name="1001tracklists.com"))
    assert (site.cool_until, site.cool_reason) == (50.0, "blocked: wait")


def test_what_is_set_stays_until_it_is_taken_back(journal: SqliteJournal) -> None:
    assert journal.run(partial(set_override, name="a.org", changes={"rate": 0.5})) == DomainOverride(0.5)
    assert journal.run(partial(set_override, name="a.org", changes={"is_paused": True})) == DomainOverride(
        0.5, None, True
    )
    assert journal.run(partial(set_override, name="new.org", changes={"concurrency": 2})) == DomainOverride(
        None, 2
    )
    journal.close()
    journal = SqliteJournal(journal.path)
    assert journal.run(all_overrides) == {
        "a.org": DomainOverride(0.5, None, True),
        "new.org": DomainOverride(None, 2),
    }
    journal.run(partial(set_override, name="a.org", changes={"rate": None, "is_paused": False}))
    assert list(journal.run(all_overrides)) == ["new.org"]
    (row,) = journal.run(partial(domains_page, owner=None, after="", limit=1, name="new.org"))
    assert row.override == DomainOverride(None, 2)
