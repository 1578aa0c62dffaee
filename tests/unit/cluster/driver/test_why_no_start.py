"""What ended a coordinator's start, of which Ray tells as text."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tlray.cluster.driver.session import OTHER_PLACES, _init, _token_file, _why_it_does_not_start
from tlray.errors import HomeInUse, JournalLost, JournalUnusable, TlrayError, UsageError
from tlray.io.disk.home import Home

NOTE = {"pid": 7, "node": "n", "ray_address": "10.0.0.1:6379", "namespace": "tlray"}


@pytest.mark.parametrize(
    ("error", "address", "words"),
    [
        (HomeInUse("{home}", "process 7 on n"), "10.0.0.2:1", "process 7, on the Ray at 10.0.0.1:6379"),
        (HomeInUse("{home}", "process 7 on n"), "10.0.0.1:6379", OTHER_PLACES),
        (HomeInUse("{home}", "tlray 9 on far, at 10.0.0.3 in postgresql://db"), "10.0.0.1:6379", "tlray 9 on far, at "),
        (JournalUnusable("postgresql://db", "it is of version 99"), "", "it is of version 99"),
        (JournalLost("postgresql://db", "no answer within 15 s"), "", "no answer within 15 s"),
    ],
)  # fmt: skip
def test_it_is_said_in_the_words_of_the_error(
    error: TlrayError, address: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "coordinator.lock").write_text(json.dumps(NOTE))
    story = f"Traceback of Ray:\n  File x\ntlray.errors.{type(error).__name__}: {error}".format(home=tmp_path)
    found = _why_it_does_not_start(story, Home(tmp_path), address)
    assert words in str(found)
    assert found.exit_code == error.exit_code


def test_an_address_of_ray_client_is_refused() -> None:
    with pytest.raises(UsageError, match=r"does not work through Ray Client .*HOST:6379"):
        _init("ray://127.0.0.1:10001", dashboard=False, num_cpus=None)


def test_a_user_without_a_home_folder_has_no_place_for_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    with pytest.raises(UsageError, match="HOME is not set"):
        _token_file()
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/somewhere/token")
    assert _token_file() == Path("/somewhere/token")
