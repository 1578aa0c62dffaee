"""Schedules and templates survive, each with its owner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tlray.core.schedules.schedule import CatchUp, Overlap, ScheduleState, Timing
from tlray.core.schedules.template import Template
from tlray.errors import UsageError
from tlray.io.intake.scheduled_list import read_work
from tlray.io.journal import templates
from tlray.io.journal.schedules import (
    ScheduleRow,
    add,
    change,
    note_run,
    note_standing,
    remove,
    schedule,
    schedules,
)
from tlray.io.journal.sqlite import SqliteJournal
from tlray.io.journal.templates import list_templates, load_template, put_template, remove_template

NIGHTLY = ScheduleRow(
    "s1", "ann", "nightly", Timing("0 3 * * *", "Europe/Berlin", Overlap.QUEUE, CatchUp.LAST), False, 5.0, ScheduleState(5.0),
    work={"urls": ["http://a.test/1"]},
)  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(tmp_path / "state.db")
    yield journal
    journal.close()


def test_a_schedule_comes_back_as_it_was_written(journal: SqliteJournal) -> None:
    journal.run(partial(add, row=NIGHTLY))
    journal.run(partial(add, row=replace(NIGHTLY, schedule_id="s2", owner="bob", created_at=6.0)))
    assert journal.run(partial(schedule, schedule_id="s1")) == NIGHTLY
    assert journal.run(schedules) == [
        replace(NIGHTLY, work={}),
        replace(NIGHTLY, schedule_id="s2", owner="bob", created_at=6.0, work={}),
    ]
    assert [row.schedule_id for row in journal.run(partial(schedules, owner="bob"))] == ["s2"]
    assert journal.run(partial(remove, schedule_id="s1"))
    assert not journal.run(partial(remove, schedule_id="s1"))
    assert journal.run(partial(schedule, schedule_id="s1")) is None


def test_what_a_schedule_did_is_on_record(journal: SqliteJournal) -> None:
    journal.run(partial(add, row=NIGHTLY))
    journal.run(
        partial(
            note_standing, schedule_id="s1", standing=ScheduleState(20.0, waiting_at=15.0), n_passed_over=2
        )
    )
    journal.run(partial(note_run, schedule_id="s1", at=15.0, batch_id="b1", trouble=None))
    journal.run(partial(note_run, schedule_id="s1", at=25.0, batch_id=None, trouble="no template"))
    row = journal.run(partial(schedule, schedule_id="s1"))
    assert row is not None
    assert (row.standing, row.n_passed_over, row.n_runs) == (ScheduleState(20.0, 15.0), 2, 1)
    assert (row.last_run_at, row.last_batch, row.trouble) == (25.0, "b1", "no template")


def test_a_change_makes_up_for_nothing_that_passed_before_it(journal: SqliteJournal) -> None:
    journal.run(partial(add, row=NIGHTLY))
    timing = Timing("0 4 * * *")
    journal.run(
        partial(
            change,
            schedule_id="s1",
            name="new",
            timing=timing,
            is_paused=True,
            since=50.0,
            work={"urls": ["x"]},
        )
    )
    row = journal.run(partial(schedule, schedule_id="s1"))
    assert row is not None
    assert (row.name, row.timing, row.is_paused, row.standing.since, row.work) == (
        "new", timing, True, 50.0, {"urls": ["x"]},
    )  # fmt: skip


def test_a_template_is_its_owners_own(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Template("sets", ("http://a.test/{x}",), "mine", "{x}", {"priority": "low"}, {"x": [1, "b"]})
    assert journal.run(partial(put_template, owner="ann", template=mine)) is True
    assert journal.run(partial(put_template, owner="ann", template=mine)) is False
    assert journal.run(partial(load_template, owner="ann", name="sets")) == mine
    assert journal.run(partial(load_template, owner="bob", name="sets")) is None
    assert journal.run(partial(list_templates, owner="ann")) == [mine]
    monkeypatch.setattr(templates, "MAX_TEMPLATES", 1)
    assert journal.run(partial(put_template, owner="ann", template=mine)) is False
    assert journal.run(partial(put_template, owner="ann", template=replace(mine, name="more"))) is None
    assert journal.run(partial(remove_template, owner="ann", name="sets"))
    assert not journal.run(partial(remove_template, owner="ann", name="sets"))


def test_a_run_at_a_public_host_names_the_services_way_to_say_who_fetches(journal: SqliteJournal) -> None:
    work = {"urls": ["https://example.org/1"], "priority": "normal", "contact": None}
    with pytest.raises(UsageError, match=r"whoever runs the service .*TLRAY_CONTACT") as caught:
        journal.run(partial(read_work, row=replace(NIGHTLY, work=work), at=5.0))
    assert "--contact" not in str(caught.value)
    assert journal.run(
        partial(read_work, row=replace(NIGHTLY, work=work | {"contact": "me@example.org"}), at=5.0)
    ).chunk.entries
