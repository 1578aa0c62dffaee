"""A batch whose journal is in PostgreSQL: the coordinator is killed, the server is killed, and every set is there once."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
from conftest import StartSite
from postgres_server import PASSWORD, QUOTED, PostgresServer, fresh_schema, postgres
from process_trees import command_lines
from running import Running, kill

import tlray
from tlray.io.audit.audit import audit_batch
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader

__all__ = ["postgres"]
pytestmark = [pytest.mark.ray, pytest.mark.parts, pytest.mark.usefixtures("kill_coordinators")]


def test_a_coordinator_and_a_server_that_are_killed_cost_nothing_but_time(
    postgres: PostgresServer, start_site: StartSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLRAY_JOURNAL", postgres.url(fresh_schema()))
    site = start_site("--sites=2", "--sets=120")
    running = Running(site.urls(), tmp_path, rates={base.split("//")[1]: "20/s" for base in site.bases})
    running.reaches(30)
    shown = " ".join(line for _, line in command_lines())
    assert PASSWORD not in shown
    assert QUOTED not in shown
    kill("ray::Coordinator")
    running.reaches(80)
    postgres.kill()
    again = threading.Timer(2.0, postgres.start)
    again.start()
    batch = running.result()
    again.join()

    assert (batch.succeeded, batch.dead) == (batch.total, 0)
    tracklists, _ = tlray.load(batch.batch_id, home=tmp_path)
    assert Counter(tracklists.url) == Counter(site.urls())
    assert audit_batch(Home(tmp_path), batch.batch_id).is_right
    assert not (tmp_path / "state.db").exists()
    with open_reader(tmp_path) as journal:
        assert journal.batch(batch.batch_id).version > 2 * 10**10, "the second life ended it"
