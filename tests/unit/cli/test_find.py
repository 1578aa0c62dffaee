"""`tlray find` and `scrape --find` without a Ray: what is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.cli import run
from tlray.cli.options import asked_options
from tlray.core.model.discovery import DEFAULT_FOUND
from tlray.errors import BadOption
from tlray.io.journal.rows import BatchOptions
from tlray.scrape_options import ScrapeOptions
from tlray.settings import read_settings

URL = "http://127.0.0.1:9/dj/x/index.html"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["find"], "no URL given; give URLs of pages that list sets"),
        (["find", URL, "--max-found", "0"], "max found is 0; give 1 to 100,000"),
        (["find", URL, "--resume", "b1"], "--resume goes on with a search as it is"),
        (["find", "--resume", "b1", "--dry-run"], "--resume goes on with a search as it is"),
        (["find", "nowhere.txt"], "nowhere.txt"),
        (["find", "https://www.mixesdb.com/w/Category:Oto"], "is a public host: say who fetches from it"),
        (["scrape", URL, "--max-found", "5"], "--max-found bounds what --find finds; add --find"),
        (["scrape", URL, "--find", "--max-found", "200000"], "max found is 200000; give 1 to 100,000"),
        (["submit", URL, "--max-found", "5"], "--max-found bounds what --find finds; add --find"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("TLRAY_HOME", str(tmp_path))
    monkeypatch.delenv("TLRAY_CONTACT", raising=False)
    assert run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert len(printed.err.strip().splitlines()) == 1


def test_find_is_a_part_of_the_options_that_a_batch_keeps(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path)
    for find, max_found, is_only in (
        (False, 0, False),
        (True, DEFAULT_FOUND, False),
        ({}, DEFAULT_FOUND, False),
        ({"max_found": 7, "only": True}, 7, True),
    ):
        options, _ = ScrapeOptions(find=find).checked(settings)
        kept = BatchOptions.from_json(options.to_json()).terms
        assert kept is not None
        assert (kept.max_found, kept.is_only_finding) == (max_found, is_only)
    asked = asked_options(
        None, None, None, "", "normal", [], find=True, max_found=7, keep_pages=True, fresh_for="0"
    )
    assert asked.find == {"max_found": 7, "only": False}


@pytest.mark.parametrize(
    "find", [{"max_found": 0}, {"max_found": True}, {"max_found": "9"}, {"only": 1}, {"most": 9}]
)
def test_a_wrong_find_is_refused(find: dict[str, object]) -> None:
    with pytest.raises(BadOption, match=r"find|found"):
        ScrapeOptions(find=find).checked(read_settings())
