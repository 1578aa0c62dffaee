"""``tlray scrape`` with wrong manners: one line, exit 2, before Ray is started or anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.cli import run
from tlray.cli.scrape import which_ray
from tlray.io.disk.home import Holder, Home

URL = "http://127.0.0.1:9/set"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--domains-file", "nothing.toml"], "nothing.toml"),
        (["--max-attempts", "many"], "--max-attempts 'many' is no whole number"),
        (["--max-attempts", "0"], "max attempts is 0; give 1 to 100"),
        (["--max-attempts", "a.test=0"], 'options: [domains."a.test"] max_attempts must be a whole number from 1 to 100, got 0'),
        (["--rate", "a..test=1/s"], "'a..test' is no domain"),
        (["--ignore-crawl-delay", "http://a.test/"], "'http://a.test/' is no domain"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert run(["scrape", URL, "--home", str(tmp_path / "home"), *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert not (tmp_path / "home").exists()


def test_a_mistake_in_the_homes_own_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "domains.toml").write_text('[domains."a.test"]\nrate = 1/s\n')
    assert run(["scrape", URL, "--home", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert f"{tmp_path / 'domains.toml'} is no TOML" in err
    assert "(at line 2, column 9)" in err


def test_a_crawl_delay_that_the_file_ignores_is_warned_of_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "domains.toml").write_text('[domains."a.test"]\nignore_crawl_delay = true\n')
    assert run(["scrape", "--home", str(tmp_path)]) == 2  # no URL given
    err = capsys.readouterr().err
    assert err.startswith(
        "warning: the crawl-delay of a.test is ignored, because you say that its owner agreed\n"
    )


def test_a_ray_that_is_joined_is_not_said_to_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    home = Home(tmp_path).create()
    assert which_ray(home) == "starting Ray"
    with home.hold(Holder(1, "here", "127.0.0.1:6379", "tlray")):
        assert which_ray(home) == f"joining the Ray that works in {tmp_path}"
        monkeypatch.setenv("RAY_ADDRESS", "local")
        assert which_ray(home) == "starting Ray"
    assert which_ray(home) == "starting Ray"
    for address in ("auto", "10.0.0.1:6379"):
        monkeypatch.setenv("RAY_ADDRESS", address)
        assert which_ray(home) == f"joining Ray (RAY_ADDRESS={address})"
