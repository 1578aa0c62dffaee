"""What the Ray job script says of where results go, before anything else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place_line(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.syspath_prepend(str(ROOT / "jobs"))
    import scrape_batch  # noqa: PLC0415 - a script, found by its folder

    yield scrape_batch.place_line
    sys.modules.pop("scrape_batch")


@pytest.mark.parametrize(
    ("given", "env", "says"),
    [
        ([], None, "its default; choose another with --home DIR, or --runtime-env-json"),
        ([], "/mnt/sets", "results go to /mnt/sets on the node"),
        ([], "/mnt/sets", "as TLRAY_HOME says in the job's environment"),
        (["--urls", "u", "--home", "/mnt/here"], "/mnt/sets", "results go to /mnt/here on the node"),
        (["--home=/mnt/here"], None, "as --home says"),
        (
            ["--home", "sets"],
            None,
            "which Ray removes with the job's working directory: give an absolute path",
        ),
    ],
)
def test_the_first_line_names_the_home_and_why(
    place_line: object, monkeypatch: pytest.MonkeyPatch, given: list[str], env: str | None, says: str
) -> None:
    monkeypatch.delenv("TLRAY_HOME", raising=False)
    if env is not None:
        monkeypatch.setenv("TLRAY_HOME", env)
    assert says in place_line(given)  # type: ignore[operator]


def test_wrong_settings_are_left_to_the_command_itself(
    place_line: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLRAY_LEASE_S", "soon")
    assert place_line([]) is None  # type: ignore[operator]
