"""``tlray scrape`` with wrong manners: one line, exit 2, before Ray is started or anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.cli import run

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
