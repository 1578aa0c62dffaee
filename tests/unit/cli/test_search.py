"""``tlray search``, and the conditions of a search in ``tlray export --all`` and ``tlray.load``."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alone import listening
from made_catalogue import MadeHome
from made_sets import a_set, a_track

import tlray
from tlray.cli import run
from tlray.errors import UsageError
from tlray.io.catalogue.search import MAX_CHARS, Query


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = MadeHome(tmp_path / "home")
    first = a_set(
        a_track(1, artist="Süd", title="Low Tide", labels=["KIN"]), a_track(2, artist="Paper Comet", title="Salt"),
        source_id="s1", title="Cleo @ Harbour Nights", djs=["Cleo Marchetti"], sources=["Harbour Nights"],
        date=date(2026, 5, 15), quality=0.9,
    )  # fmt: skip
    second = a_set(
        a_track(1, artist="Ivo", title="Salt"), source_id="s2", site="mixesdb", title="夜 " * 60, djs=["Juno"],
        sources=[], date=None, quality=None, identified_count=0,
    )  # fmt: skip
    third = a_set(source_id="s3", title="\x1b[31m\u202egnp", djs=["Juno"], date=date(2024, 1, 1), quality=0.2)
    made.batch("b1", [first], [second], [third])
    made.close()
    return made.home.path


CONDITIONS = (
    ({}, ["s3", "s2", "s1"]),
    ({"q": "salt"}, ["s2", "s1"]),
    ({"q": "harb* sud"}, ["s1"]),
    ({"dj": "juno"}, ["s3", "s2"]),
    ({"artist": "paper comet"}, ["s1"]),
    ({"label": "kin"}, ["s1"]),
    ({"source": "mixesdb"}, ["s2"]),
    ({"first_day": "2026-05-15"}, ["s1"]),
    ({"last_day": "2026-05-14"}, ["s3"]),
    ({"min_quality": 0.5}, ["s1"]),
    ({"dj": "juno", "last_day": "2024-01-01"}, ["s3"]),
    ({"q": "nothing"}, []),
)
OPTIONS = {"first_day": "--from", "last_day": "--to", "min_quality": "--min-quality"}


def options(conditions: dict[str, Any], *, words: str) -> list[str]:
    """Return conditions as options of a command; ``words``: the one of words, without one they are arguments."""
    found = []
    for name, value in conditions.items():
        option = words if name == "q" else OPTIONS.get(name, f"--{name}")
        found += [option, str(value)] if option else str(value).split()
    return found


def test_a_service_finds_what_its_home_has(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["tlray.cli.search"], "PAGE", 1)
    out = tmp_path / "found.jsonl"
    with listening(home) as url:
        for conditions, found in CONDITIONS:
            assert run(["search", *options(conditions, words=""), "--json", "--url", url]) == 0
            said = capsys.readouterr()
            assert [json.loads(line)["source_id"] for line in said.out.splitlines()] == found
            assert said.err.startswith(f"{len(found)} set" if found else "no set is found; a star")
            exported = ["export", "--all", *options(conditions, words="--search"), "--format", "jsonl"]
            assert run([*exported, "--out", str(out), "--url", url]) == 0
            lines = out.read_text(encoding="utf-8").splitlines()
            assert sorted(json.loads(line)["source_id"] for line in lines) == sorted(found)
            capsys.readouterr()
        assert run(["search", "--limit", "2", "--url", url]) == 0
        assert capsys.readouterr().err.endswith("2 of 3 sets; --limit 3 shows all\n")


@pytest.mark.parametrize(("conditions", "found"), CONDITIONS)
def test_search_export_and_load_find_the_same(
    home: Path, capsys: pytest.CaptureFixture[str], conditions: dict[str, Any], found: list[str]
) -> None:
    at = ["--home", str(home)]
    assert run(["search", *options(conditions, words=""), "--json", *at]) == 0
    said = capsys.readouterr()
    assert [json.loads(line)["source_id"] for line in said.out.splitlines()] == found
    assert said.err.startswith(f"{len(found)} set" if found else "no set is found; a star")
    exported = ["export", "--all", *options(conditions, words="--search"), "--format", "jsonl", "--out", "-"]
    assert run([*exported, *at]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(json.loads(line)["source_id"] for line in lines) == sorted(found)
    tracklists, tracks = tlray.load(home=home, **conditions)
    assert sorted(tracklists["source_id"]) == sorted(found)
    assert set(tracks["source_id"]) <= set(found)


def test_a_set_is_two_lines_that_fit_a_terminal_and_cannot_drive_it(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["search", "--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2024-01-01     0 rows    – %  0.20  ?[31m?gnp"
    assert lines[1] == "            1001tracklists:s3"
    assert lines[2].startswith("no date        1 rows    0 %     –  夜 夜")
    assert lines[2].count("夜") == 60, "in a file nothing is cut"
    assert lines[4] == "2026-05-15     2 rows  100 %  0.90  Cleo @ Harbour Nights"
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run(["search", "--home", str(home), "--limit", "2"]) == 0
    said = capsys.readouterr()
    wide = said.out.splitlines()[2]
    assert wide.endswith("…")
    assert len(wide) + wide.count("夜") <= 80
    assert said.err == "2 of 3 sets; --limit 3 shows all\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["search", "*"], "q has no letter and no digit"),
        (["search", "ab*"], "q has a * after fewer than 3 letters"),
        (["search", "--from", "2026-5-1"], "'2026-5-1' is no day"),
        (["search", "--to", "yesterday"], "'yesterday' is no day"),
        (["search", "--dj", "x" * 201], "at most 200 characters"),
        (["search", "--min-quality", "2"], "--min-quality"),
        (["search", "--limit", "0"], "--limit"),
        (["export", "b1", "--dj", "x", "--format", "jsonl"], "a search is for the catalogue"),
        (["export", "--all", "--merged", "--dj", "x", "--format", "jsonl"], "not performances"),
    ],
)
def test_a_search_that_cannot_be_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    assert run([*arguments, "--home", str(home)]) == 2
    assert reason in capsys.readouterr().err


def test_words_that_are_no_text_of_a_page_find_nothing_and_break_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ("\udcff salt", 'a" OR b', "x" * MAX_CHARS, "NEAR(salt)", "title:salt", "-salt"):
        assert run(["search", "--home", str(home), "--", words]) == 0, capsys.readouterr().err
    assert run(["search", "--home", str(home), "--", "w " * 100]) == 0


def test_load_takes_days_and_says_what_it_cannot_take(home: Path) -> None:
    found, _ = tlray.load(home=home, first_day=date(2026, 1, 1), last_day=date(2026, 12, 31))
    assert list(found["source_id"]) == ["s1"]
    with pytest.raises(UsageError, match="leave out the batch"):
        tlray.load("b1", home=home, dj="juno")
    with pytest.raises(UsageError, match="not performances"):
        tlray.load(home=home, dj="juno", merged=True)
    with pytest.raises(UsageError, match="is no day"):
        tlray.load(home=home, first_day=20260101)  # type: ignore[arg-type]


def test_conditions_are_named_as_the_api_names_them() -> None:
    query = Query.of(q="a", first_day="2026-01-01", last_day="2026-01-02", min_quality=0.5)
    assert query.as_parameters() == {"q": "a", "from": "2026-01-01", "to": "2026-01-02", "min_quality": 0.5}
    assert Query.of().as_parameters() == {}
