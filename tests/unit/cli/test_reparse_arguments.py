"""`tlray reparse`: what it refuses before Ray starts, and what it tells."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from made_batch import MadeBatch
from made_parts import BATCH

from tlray.cli import run
from tlray.cli.reparse import MAX_LINES_TOLD, _Told
from tlray.io.disk.home import Home
from tlray.io.reparse.part import Reparsed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one batch, or --all"),
        ([BATCH, "--all"], "give one batch, or --all"),
        (["nobody"], "no batch"),
        ([BATCH], "wait for its end"),
    ],
)
def test_wrong_arguments_end_with_2_and_one_line(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    MadeBatch.submitted(Home(tmp_path).create(), 3).journal.close()
    assert run(["reparse", *arguments, "--home", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_a_home_without_an_ended_batch_needs_no_ray(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    MadeBatch.submitted(Home(tmp_path).create(), 3).journal.close()
    assert run(["reparse", "--all", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().err.startswith("0 pages read again, 0 sets changed")


@pytest.mark.parametrize("as_json", [False, True])
def test_every_change_is_told_and_the_first_by_name(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    told = _Told(as_json=as_json)
    n = MAX_LINES_TOLD + 5
    result = Reparsed(None, n, 1, 0, [(f"u{i}", {"added": 2}) for i in range(n)], [("gone", "no parser")])
    done: Any = SimpleNamespace(part=SimpleNamespace(batch_id="b1"), result=result)
    told.tell(done)
    with pytest.raises(typer.Exit) as ended:
        told.end()
    assert ended.value.exit_code == 3
    out, err = capsys.readouterr()
    lines = out.splitlines()
    if as_json:
        assert [json.loads(line)["url"] for line in lines] == [f"u{i}" for i in range(n)]
    else:
        assert lines[0] == "u0: 2 added"
        assert lines[-1] == "… and 5 more; --json has all"
    assert "no set any more, its rows stay: gone: no parser" in err
    assert (
        f"{n} pages read again, {n} sets changed ({2 * n} added), 1 left as they are, 1 without a set now"
        in err
    )


def test_what_became_of_dead_letters_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = _Told(as_json=True)
    result = Reparsed(n_pages=3, n_dead=2, changed=[("u", {"recovered": 1})], recovered=[(7, 1.0)])
    done: Any = SimpleNamespace(part=SimpleNamespace(batch_id="b1"), result=result)
    told.tell(done)
    told.end()
    out, err = capsys.readouterr()
    assert json.loads(out) == {"batch_id": "b1", "url": "u", "changes": {"recovered": 1}}
    assert "3 pages read again, 1 set changed (1 recovered)" in err
    assert "of dead letters 1 have a set now, 2 have none today either" in err
