"""A batch as a line of `tlray list`, at any width, with any name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from made_journal import submit
from rich.cells import cell_len

from tlray.cli import batch_text, run
from tlray.cli.batch_text import batch_line, status_head
from tlray.core.model.printable import one_line
from tlray.io.disk.home import Home
from tlray.io.journal.sqlite.journal import SqliteJournal

ID = "20261123-120000-a1b2c3"


def row(**values: Any) -> dict[str, Any]:
    counts = {"queued": 280, "leased": 7, "succeeded": 110, "dead": 3}
    return {
        "batch_id": ID, "name": "closing sets of the year", "state": "running", "counts": counts, "total": 400,
        "tracks": 2_310, "created_at": 1.8e9, "duplicates": 1, "n_rejected": 0, "retries": 1, **values,
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["", "closing sets", "世界のセット" * 30, "e\u0301" * 90, "x\x1b[2J\u202e\ny" * 20]
)
@pytest.mark.parametrize("width", [40, 59, 60, 80, 119, 120, 200])
def test_a_line_of_a_list_fits_and_its_numbers_stay_whole(width: int, name: str) -> None:
    line = batch_line(row(name=name, owner="ada", sleeps=width % 2 == 0), width=width)
    assert cell_len(line) <= width
    assert line.startswith(ID)
    assert "113/400" in line
    assert one_line(line) == line or "  " in line
    assert line.isprintable()


def test_the_columns_at_some_widths() -> None:
    named = row(name="closing sets of the summer")
    assert batch_line(named, width=80) == f"{ID}  running        113/400  3 dead  closing sets of the sum…"
    assert batch_line(row(), width=40) == f"{ID} running 113/400"
    assert batch_line(row(), width=20) == f"{ID} running 113/400", (
        "wrapped, not cut: an id that is cut is of no use"
    )
    whole = batch_line(row(name="a", owner="ada", sleeps=True))
    assert whole.endswith(
        "sleeping         113/400 done       3 dead      2310 tracks  a  (ada) (sleeps: tlray scrape --resume)"
    )


def test_what_was_cancelled_is_not_done() -> None:
    counts = {"succeeded": 1, "cancelled": 2}
    assert "1/3 done" in batch_line(row(state="cancelled", counts=counts, total=3))
    head, _, items = status_head(row(state="cancelled", counts=counts, total=3, tracks=1))
    assert head.endswith("cancelled: 1 of 3 items done, 1 track, 1 retry")
    assert items == "  items: 1 succeeded, 2 cancelled"


def test_a_list_on_a_terminal_fits_it_and_elsewhere_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path).create()
    journal = SqliteJournal(home.journal)
    journal.begin_incarnation(is_restart=False)
    submit(journal, ID, name="long " * 40, created_at=1.7e9)
    journal.close()
    assert run(["list", "--home", str(tmp_path)]) == 0
    whole = capsys.readouterr()
    assert "long " * 39 in whole.out
    assert "sleeps: tlray scrape --resume" in whole.out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(batch_text.shutil, "get_terminal_size", lambda: os.terminal_size((80, 24)))
    assert run(["list", "--home", str(tmp_path)]) == 0
    cut = capsys.readouterr()
    assert [len(line) for line in cut.out.splitlines()] == [80]
    assert f"`tlray scrape --resume BATCH --home {tmp_path}`" in cut.err
