"""What ended a coordinator's start, of which Ray tells as text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tlray.cluster.driver.session import OTHER_PLACES, _why_it_does_not_start
from tlray.errors import HomeInUse, JournalLost, JournalUnusable, TlrayError
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
