"""Schedules and templates survive, each with its owner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlray.core.schedules.schedule import CatchUp, Overlap, ScheduleState, Timing
from tlray.core.schedules.template import Template
from tlray.errors import UsageError
from tlray.io.intake.scheduled_list import read_work
from tlray.io.journal.service_rows import ScheduleRow
from tlray.io.journal.sql import templates
from tlray.io.journal.writer import Journal

NIGHTLY = ScheduleRow(
    "s1", "ann", "nightly", Timing("0 3 * * *", "Europe/Berlin", Overlap.QUEUE, CatchUp.LAST), False, 5.0, ScheduleState(5.0),
    work={"urls": ["http://a.test/1"]},
)  # fmt: skip


def test_a_schedule_comes_back_as_it_was_written(journal: Journal) -> None:
    journal.add_schedule(row=NIGHTLY)
    journal.add_schedule(row=replace(NIGHTLY, schedule_id="s2", owner="bob", created_at=6.0))
    assert journal.schedule(schedule_id="s1") == NIGHTLY
    assert journal.schedules() == [
        replace(NIGHTLY, work={}),
        replace(NIGHTLY, schedule_id="s2", owner="bob", created_at=6.0, work={}),
    ]
    assert [row.schedule_id for row in journal.schedules(owner="bob")] == ["s2"]
    assert journal.remove_schedule(schedule_id="s1")
    assert not journal.remove_schedule(schedule_id="s1")
    assert journal.schedule(schedule_id="s1") is None


def test_what_a_schedule_did_is_on_record(journal: Journal) -> None:
    journal.add_schedule(row=NIGHTLY)
    journal.advance_schedule(schedule_id="s1", standing=ScheduleState(20.0, waiting_at=15.0), n_passed_over=2)
    journal.record_run(schedule_id="s1", at=15.0, batch_id="b1", failure=None)
    journal.record_run(schedule_id="s1", at=25.0, batch_id=None, failure="no template")
    row = journal.schedule(schedule_id="s1")
    assert row is not None
    assert (row.standing, row.n_passed_over, row.n_runs) == (ScheduleState(20.0, 15.0), 2, 1)
    assert (row.last_run_at, row.last_batch, row.failure) == (25.0, "b1", "no template")


def test_a_change_makes_up_for_nothing_that_passed_before_it(journal: Journal) -> None:
    journal.add_schedule(row=NIGHTLY)
    timing = Timing("0 4 * * *")
    journal.change_schedule(
        schedule_id="s1",
        name="new",
        timing=timing,
        is_paused=True,
        since=50.0,
        work={"urls": ["x"]},
    )
    row = journal.schedule(schedule_id="s1")
    assert row is not None
    assert (row.name, row.timing, row.is_paused, row.standing.since, row.work) == (
        "new", timing, True, 50.0, {"urls": ["x"]},
    )  # fmt: skip


def test_a_template_is_its_owners_own(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Template("sets", ("http://a.test/{x}",), "mine", "{x}", {"priority": "low"}, {"x": [1, "b"]})
    assert journal.put_template(owner="ann", template=mine) is True
    assert journal.put_template(owner="ann", template=mine) is False
    assert journal.template(owner="ann", name="sets") == mine
    assert journal.template(owner="bob", name="sets") is None
    assert journal.templates(owner="ann") == [mine]
    monkeypatch.setattr(templates, "MAX_TEMPLATES", 1)
    assert journal.put_template(owner="ann", template=mine) is False
    assert journal.put_template(owner="ann", template=replace(mine, name="more")) is None
    assert journal.remove_template(owner="ann", name="sets")
    assert not journal.remove_template(owner="ann", name="sets")


def test_a_run_at_a_public_host_names_the_services_way_to_say_who_fetches(journal: Journal) -> None:
    work = {"urls": ["https://example.org/1"], "priority": "normal", "contact": None}
    with pytest.raises(UsageError, match=r"operator of the service .*TLRAY_CONTACT") as caught:
        read_work(journal, replace(NIGHTLY, work=work), at=5.0)
    assert "--contact" not in str(caught.value)
    known = replace(NIGHTLY, work=work | {"contact": "me@example.org"})
    assert read_work(journal, known, at=5.0).chunk.entries
