"""``tlray changes --url`` and ``--follow``: the same lines from a service as from a home, as they come."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from alone import listening
from made_catalogue import MadeHome
from made_sets import a_set, a_track

import tlray
from tlray.cli import run
from tlray.io.client.http_client import ServiceClient
from tlray.model import Tracklist
from tlray.service.routes import catalogue

module = sys.modules["tlray.cli.changes"]  # the package has the command by this name


def night(*names: str, hour: int) -> list[Tracklist]:
    tracks = [a_track(n, artist=name, title="T") for n, name in enumerate(names, 1)]
    return [a_set(*tracks, source_id="s1", fetched_at=datetime(2026, 11, 1, hour, tzinfo=UTC))]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeHome]:
    made = MadeHome(tmp_path)
    made.batch("b1", night("A", hour=1))
    made.batch("b2", night("A", "B", "C", hour=2))
    yield made
    made.close()


@pytest.fixture
def url(made: MadeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service of that home, without a coordinator."""
    monkeypatch.setattr(catalogue, "LOOK_EVERY_S", 0.02)
    with listening(tmp_path) as one:
        yield one


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(["changes", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_service_has_the_lines_of_its_home(
    made: MadeHome,
    url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "MAX_BYTES", 1)  # a line a response
    at_home = lines(capsys, "--home", str(made.home.path))
    assert [change["after"] for change in at_home] == ["B - T", "C - T"]
    assert lines(capsys, "--url", url) == at_home
    assert lines(capsys, "--url", url, "--since", at_home[0]["cursor"]) == at_home[1:]
    assert lines(capsys, "--url", url, "--set", "1001tracklists:s9") == []
    out = tmp_path / "changes.parquet"
    assert run(["changes", "--url", url, "--out", str(out)]) == 0
    pd.testing.assert_frame_equal(pd.read_parquet(out), tlray.changes(home=made.home.path))


@pytest.mark.parametrize("of", ["home", "service"])
def test_changes_are_followed(made: MadeHome, url: str, of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.02)
    with ServiceClient(url) as client:
        if of == "home":
            found = module._stored(made.home, "2026-11-01", None, follow=True)
        else:
            found = module._served(client, "2026-11-01", None, follow=True)
        assert [json.loads(next(found))["after"] for _ in range(2)] == ["B - T", "C - T"]
        made.batch("b3", night("A", "B", "C", "D", hour=0))  # its clock ran back: it comes all the same
        assert json.loads(next(found))["after"] == "D - T"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--url", "URL", "--since", "yesterday"], 2, "neither a moment"),
        (["--url", "URL", "--home", "h"], 2, "--home and --url"),
        (["--url", "http://127.0.0.1:9"], 4, "no service answers"),
        (["--follow", "--out", "x.parquet"], 2, "--follow never ends"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    url: str, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert run(["changes", *(url if word == "URL" else word for word in arguments)]) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
