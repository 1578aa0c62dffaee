"""Of a journal from before both names of a site were one domain: its lanes and its rests are joined."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

from made_journal import submit

from tlray.core.politeness.site_profile import profiles
from tlray.core.submission.lines import Entry
from tlray.io.journal.sqlite.journal import SqliteJournal
from tlray.io.journal.sqlite.migrations import _JOIN_NAMES

NEW_COLUMNS = {
    "batches": [
        "owner",
        "n_answered",
        "counts",
        "version",
        "first_item",
        "last_item",
        "n_items",
        "n_found",
        "n_lists",
    ],
    "items": [
        "from_public",
        "fetched_at",
        "answered_by",
        "done_seq",
        "peer",
        "dead_at",
        "found_on",
        "list_depth",
    ],
    "domains": ["set_rate", "set_concurrency", "is_paused", "used_in"],
}


def version_1(path: Path) -> None:
    """Write a journal as version 1 did: one batch at both names of a site that blocks, and at an unknown one."""
    journal = SqliteJournal(path)
    hosts = ["www.mixesdb.com", "mixesdb.com", "www.1001tracklists.com", "www.example.org", "example.org"]
    submit(journal, "B1", [Entry(n, f"http://{host}/1", host, f"{n}") for n, host in enumerate(hosts, 1)])
    journal.close()
    with sqlite3.connect(path) as db:
        until = time.time() + 9_000
        rests = [(until, "blocked: wait", 3, "www.mixesdb.com"), (until - 99, "throttled: 429", 0, "mixesdb.com"),
                 (until, "blocked: captcha", 1, "www.1001tracklists.com")]  # fmt: skip
        db.executemany(
            "UPDATE domains SET cool_until = ?, cool_reason = ?, n_blocks = ? WHERE name = ?", rests
        )
        db.execute("DROP INDEX items_done")
        db.execute("DROP INDEX items_found")
        db.execute("DROP INDEX items_dead_by")
        db.execute("DROP INDEX batches_owner")
        db.execute("DROP TRIGGER events_of_items")
        db.execute("DROP TRIGGER events_of_batches")
        for table, columns in NEW_COLUMNS.items():
            for column in columns:
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    db.close()


def test_two_names_of_one_site_become_one_lane_that_rests_as_long_as_either(tmp_path: Path) -> None:
    version_1(tmp_path / "state.db")
    journal = SqliteJournal(tmp_path / "state.db")
    assert set(journal.counts(journal.batch("B1").id)) == {
        "mixesdb.com",
        "1001tracklists.com",
        "www.example.org",
        "example.org",
    }
    assert [item.url for item in journal.load_lane(1, "mixesdb.com", after_id=0, limit=9)] == [
        "http://www.mixesdb.com/1", "http://mixesdb.com/1",
    ]  # fmt: skip
    for name, reason, n_blocks in (
        ("mixesdb.com", "blocked: wait", 3),
        ("1001tracklists.com", "blocked: captcha", 1),
    ):
        domain = journal.domain(name)
        assert domain is not None
        assert (domain.cool_reason, domain.n_blocks) == (reason, n_blocks)
        assert (domain.cool_until or 0.0) > time.time() + 8_000
    assert journal.domain("www.mixesdb.com") is None
    journal.close()


def test_the_names_are_those_of_profiles() -> None:
    """Sites that came later are joined at each start (`Journal.normalise_domains`)."""
    names = {name for name, profile in profiles().items() if profile.is_one_with_www}
    assert set(re.findall(r"'www\.([^']+)'", _JOIN_NAMES)) <= names
