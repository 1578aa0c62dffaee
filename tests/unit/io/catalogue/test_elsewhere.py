"""The catalogue of a machine whose folder is empty: journal and results are elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from made_catalogue import MadeHome
from made_sets import a_set, a_track
from postgres_server import PostgresServer, fresh_schema, postgres
from pydantic import SecretStr

import tlray
from tlray.cli import run
from tlray.io.offline.journal_copy import copy_between

__all__ = ["postgres"]
pytestmark = pytest.mark.parts


def test_commands_of_the_catalogue_need_the_two_settings_and_no_home(
    postgres: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = postgres.url(fresh_schema())
    made = MadeHome(tmp_path / "made")
    made.batch("b1", *([a_set(a_track(1), source_id=name)] for name in ("one", "two")))
    made.journal.close()
    copy_between(made.home, SecretStr(url))
    storage = tmp_path / "storage"
    storage.mkdir()
    shutil.move(made.home.path / "results", storage / "results")
    monkeypatch.setenv("TLRAY_JOURNAL", url)
    monkeypatch.setenv("TLRAY_STORAGE", storage.as_uri())

    assert len(tlray.load(home=tmp_path / "new")[0]) == 2
    assert len(tlray.changes(home=tmp_path / "changes")) == 0
    monkeypatch.setenv("TLRAY_HOME", str(tmp_path / "other"))
    assert run(["refresh", "--budget=2", "--dry-run"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
