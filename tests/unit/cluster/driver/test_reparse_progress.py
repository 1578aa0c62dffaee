"""`tlray reparse` goes on where it was interrupted, and one works in a home at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlray.cluster.driver.reparse import _progress
from tlray.errors import Conflict
from tlray.io.disk.home import Home


def test_what_is_done_is_known_until_all_is(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with _progress(home, changed_only=False) as progress:
        progress.add("p1")
    with _progress(home, changed_only=False) as progress:
        assert progress.done == {"p1"}
    with _progress(home, changed_only=True) as progress:
        assert progress.done == set(), "that is other work"
        progress.add("p2")
        progress.clear()
    with _progress(home, changed_only=True) as progress:
        assert progress.done == set()


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with _progress(home, changed_only=False), pytest.raises(Conflict), _progress(home, changed_only=False):
        raise AssertionError("its block does not even begin")
