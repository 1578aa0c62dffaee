"""Domains: who sees them, their manual overrides, and what becomes of their cool-downs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from made_journal import Storage, change, commit, cool_down, entries, lease, submit

from tlray.core.model.lifecycle import BatchState, ItemEvent
from tlray.core.politeness.override import DomainOverride
from tlray.core.scheduling.changeset import Changeset
from tlray.core.submission.lines import Entry
from tlray.io.journal.writer import Journal


@pytest.fixture
def journal(storage: Storage) -> Iterator[Journal]:
    with storage.open() as journal:
        for owner, hosts in (("ann", ["a.org", "b.org"]), ("bob", ["b.org", "c.org"])):
            lines = [Entry(n, f"http://{host}/", host, f"{owner}{n}") for n, host in enumerate(hosts, 1)]
            submit(journal, owner, lines, owner=owner)
        yield journal


def names(journal: Journal, owner: str | None, after: str = "", limit: int = 9) -> list[str]:
    return [row.name for row in journal.domains(owner=owner, after=after, limit=limit)]


def test_a_user_sees_the_domains_of_their_own_items(journal: Journal) -> None:
    assert names(journal, None) == ["a.org", "b.org", "c.org"]
    assert names(journal, "ann") == ["a.org", "b.org"]
    assert names(journal, "bob", after="b.org") == ["c.org"]
    assert names(journal, "eve") == []
    assert names(journal, None, limit=2) == ["a.org", "b.org"]
    assert journal.domains(owner="ann", name="c.org") == []


def test_domains_without_an_item_are_named_and_a_port_counts_for_its_host(journal: Journal) -> None:
    submit(journal, "ports", entries(1, domain="d.org:81", mark="p"))
    assert journal.domains_without_items("ports", ("d.org", "a.org", "d.org:82", "d.orgs")) == [
        "a.org", "d.org:82", "d.orgs",
    ]  # fmt: skip
    assert [row.name for row in journal.domains_at("d.org")] == ["d.org:81"]
    assert (journal.count_open_at("b.org"), journal.count_open_at("z.org")) == (2, 0)


def test_a_lift_ends_the_cool_downs_of_a_host_and_its_ports_and_what_they_snoozed(journal: Journal) -> None:
    for port in ("a.org:81", "a.orgs"):
        submit(journal, port, entries(1, domain=port, mark=port))
    batch = submit(journal, "b1", entries(2, domain="a.org"))
    snoozed, failed = lease(journal, batch, domain="a.org")
    for name in ("a.org", "a.org:81", "a.orgs"):
        cool_down(journal, name, 9e9, "throttled: 429", n_blocks=3)
    wait = [
        change(snoozed, ItemEvent.SNOOZE, due=9e9, snoozed_since=1.0),
        change(failed, ItemEvent.RETRY, due=9e9),
    ]
    commit(journal, Changeset("L", wait))
    assert journal.set_domain("a.org", {}, lift_at=5.0) == DomainOverride()
    rows = {row.name: row for row in journal.domains()}
    assert {name for name, row in rows.items() if row.cool_until is not None} == {"a.orgs"}
    assert (rows["a.org"].cool_reason, rows["a.org"].n_blocks) == (None, 0)
    assert [(due, since) for _, due, since in journal.load_waiting(batch)] == [(5.0, None), (9e9, None)]


def test_a_cool_down_without_end_of_an_older_version_is_limited(journal: Journal) -> None:
    cool_down(journal, "a.org", 1e24, "x")
    cool_down(journal, "b.org", 10.0, "x")
    journal.normalise_domains(until=100.0)
    assert [row.cool_until for row in journal.domains()] == [100.0, 10.0, None]


def test_open_items_of_a_sites_short_links_come_to_the_site_with_their_cool_down(journal: Journal) -> None:
    short, site = "1001.tl", "1001tracklists.com"
    batch = submit(journal, "open", entries(2, domain=short))
    done = submit(journal, "done", entries(1, domain=short, mark="d"))
    journal.set_batch_state(done, BatchState.CANCELLED, finished_at=1.0)
    cool_down(journal, short, 50.0, "blocked: wait")
    for _ in range(2):
        journal.normalise_domains(until=100.0)
    assert (list(journal.counts(batch)), list(journal.counts(done))) == ([site], [short])
    [row] = journal.domains(name=site)
    assert (row.cool_until, row.cool_reason) == (50.0, "blocked: wait")


def test_an_override_stays_until_it_is_taken_back(storage: Storage, journal: Journal) -> None:
    assert journal.set_domain("a.org", {"rate": 0.5}) == DomainOverride(0.5)
    assert journal.set_domain("a.org", {"is_paused": True}) == DomainOverride(0.5, None, True)
    assert journal.set_domain("new.org", {"concurrency": 2}) == DomainOverride(None, 2)
    with storage.open() as again:
        assert again.overrides() == {
            "a.org": DomainOverride(0.5, None, True),
            "new.org": DomainOverride(None, 2),
        }
        again.set_domain("a.org", {"rate": None, "is_paused": False})
        assert list(again.overrides()) == ["new.org"]
        (row,) = again.domains(name="new.org")
        assert row.override == DomainOverride(None, 2)
