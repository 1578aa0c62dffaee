"""To look whether a home is held keeps nobody from holding it, however many look."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tlray.errors import HomeInUse, HomeUnusable
from tlray.io.disk import home_lock
from tlray.io.disk.home import Holder, Home

ME = Holder(os.getpid(), "here", "127.0.0.1:6379", "tlray")
LOOK = """
import sys
from pathlib import Path
from tlray.io.disk.home import Home
home = Home(Path(sys.argv[1]))
print("looking", flush=True)
while True:
    home.is_held()
"""
N_LOOKERS = 6


@contextmanager
def lookers(home: Home) -> Iterator[None]:
    """Processes that do nothing but look."""
    started = [
        subprocess.Popen([sys.executable, "-c", LOOK, str(home.path)], stdout=subprocess.PIPE, text=True)
        for _ in range(N_LOOKERS)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "looking\n"
        yield
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_a_holder_gets_its_lock_however_many_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_lock, "PATIENCE_S", 0.0)  # not by trying again: nobody is in its way
    home = Home(tmp_path).create()
    home.hold(ME).close()
    with lookers(home):
        for _ in range(100):
            with home.hold(ME):
                assert home.is_held()
            assert not home.is_held()


def test_where_a_look_must_take_a_lock_a_holder_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_lock, "_HAS_OFD", False)
    monkeypatch.setattr(home_lock, "PATIENCE_S", 60.0)
    home = Home(tmp_path).create()
    home.hold(ME).close()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            home.is_held()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            home.hold(ME).close()
        with home.hold(ME):
            assert home.is_held()
            monkeypatch.setattr(home_lock, "PATIENCE_S", 0.05)
            with pytest.raises(HomeInUse, match=f"process {ME.pid}"):
                home.hold(ME)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not home.is_held()


def test_a_lock_that_was_looked_at_is_held_still(tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    with home.hold(ME):
        for _ in range(3):
            assert home.is_held()
            assert home.holder() == ME
            with pytest.raises(HomeInUse):
                home.hold(ME)
        home.lock.open().close()  # a lock of the process, not of the open file, would be gone now
        assert home.is_held()


def test_a_holder_of_an_older_tlray_is_seen_and_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_lock, "PATIENCE_S", 0.05)
    home = Home(tmp_path).create()
    with home.lock.open("w+", encoding="utf-8") as older:
        fcntl.flock(older, fcntl.LOCK_EX)
        json.dump({"pid": os.getpid(), "node": "n", "ray_address": "a", "namespace": "t"}, older)
        older.flush()
        assert home.is_held()
        with pytest.raises(HomeInUse):
            home.hold(ME)
    assert not home.is_held()


def test_a_file_that_cannot_be_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(HomeUnusable, match=r"coordinator\.lock cannot be locked: No locks available"):
        Home(tmp_path).create().hold(ME)
