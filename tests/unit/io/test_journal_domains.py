"""What a person sets for a domain is kept, and told to whoever has items there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tlray.core.by_hand import SetByHand
from tlray.core.frontier import Priority
from tlray.io.journal_domains import all_set_by_hand, domains_page, set_by_hand
from tlray.io.journal_rows import BatchOptions, Entry
from tlray.io.journal_sqlite import SqliteJournal


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


def test_what_is_set_stays_until_it_is_taken_back(journal: SqliteJournal) -> None:
    assert journal.run(partial(set_by_hand, name="a.org", changes={"rate": 0.5})) == SetByHand(0.5)
    assert journal.run(partial(set_by_hand, name="a.org", changes={"is_paused": True})) == SetByHand(
        0.5, None, True
    )
    assert journal.run(partial(set_by_hand, name="new.org", changes={"concurrency": 2})) == SetByHand(None, 2)
    journal.close()
    journal = SqliteJournal(journal.path)
    assert journal.run(all_set_by_hand) == {
        "a.org": SetByHand(0.5, None, True),
        "new.org": SetByHand(None, 2),
    }
    journal.run(partial(set_by_hand, name="a.org", changes={"rate": None, "is_paused": False}))
    assert list(journal.run(all_set_by_hand)) == ["new.org"]
    (row,) = journal.run(partial(domains_page, owner=None, after="", limit=1, name="new.org"))
    assert row.by_hand == SetByHand(None, 2)
