"""The note that outlives a task: whom it names when the task died in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tlray.core.scheduling.crash_suspect import ANY_ITEM, NO_ITEM, CrashSuspect
from tlray.io.disk.home import Home
from tlray.io.worker.crash_note import CrashNoteFile, sweep_notes, take_note

_DIES = """
import ctypes, sys
from pathlib import Path
from tlray.io.disk.home import Home
from tlray.io.worker.crash_note import CrashNoteFile
with CrashNoteFile(Home(Path(sys.argv[1])), "L") as note, note.begun(17):
    with note.reading_robots("a-long-name.example.org"):
        pass
    with note.reading_item(4711):
        ctypes.string_at(0)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).create()


def test_a_task_that_dies_while_it_reads_a_page_leaves_its_item(home: Home) -> None:
    dead = subprocess.run([sys.executable, "-c", _DIES, str(home.path)], check=False)
    assert dead.returncode == -signal.SIGSEGV
    assert take_note(home, "L") == CrashSuspect(item_id=4711)
    assert take_note(home, "L") == NO_ITEM, "a note is taken once"


def test_what_was_read_before_is_no_suspect(home: Home) -> None:
    note = CrashNoteFile(home, "L")
    with note.reading_item(1):
        pass
    assert take_note(home, "L") == NO_ITEM


def test_where_nothing_is_read_those_are_suspected_that_had_begun(home: Home) -> None:
    note = CrashNoteFile(home, "L")
    with note.begun(2**40), note.begun(3), note.begun(7):
        with note.begun(4):
            pass
        with note.begun(5):
            assert take_note(home, "L") == CrashSuspect(begun=frozenset({2**40, 3, 7, 5}))


def test_more_than_a_note_has_room_for_are_not_suspected_and_room_is_used_again(home: Home) -> None:
    note = CrashNoteFile(home, "L")
    with contextlib.ExitStack() as stack:
        for item in range(1, 1_200):
            stack.enter_context(note.begun(item))
    with note.begun(5_000):
        assert take_note(home, "L") == CrashSuspect(begun=frozenset({5_000}))


def test_while_files_are_written_each_item_may_have_done_it(home: Home) -> None:
    for end in (True, False):
        note = CrashNoteFile(home, "L")
        with note.at_files(), note.begun(3):
            with note.at_files():
                if not end:
                    assert take_note(home, "L") == ANY_ITEM
            if end:
                assert take_note(home, "L") == ANY_ITEM, "the other one is still at it"


def test_what_ends_after_its_task_harms_nothing(home: Home) -> None:
    with CrashNoteFile(home, "L") as note:
        begun = note.begun(1)
        begun.__enter__()
    begun.__exit__(None, None, None)
    assert take_note(home, "L") == NO_ITEM


def test_a_shorter_note_over_a_longer_one_is_the_shorter_one(home: Home) -> None:
    note = CrashNoteFile(home, "L")
    with note.reading_robots("long.example.org:8080"), note.reading_item(7):
        assert take_note(home, "L") == CrashSuspect(item_id=7)
    note = CrashNoteFile(home, "M")
    with note.reading_robots("b.org"):
        assert take_note(home, "M") == CrashSuspect(robots_of="b.org")


def test_an_exception_is_no_death(home: Home) -> None:
    note = CrashNoteFile(home, "L")
    with pytest.raises(ValueError, match="bad page"), note.reading_item(1):
        raise ValueError("bad page")
    assert take_note(home, "L") == NO_ITEM


def test_a_task_that_ends_in_order_leaves_nothing(home: Home) -> None:
    with CrashNoteFile(home, "L"):
        pass
    assert not list((home.path / "leases").iterdir())


def test_notes_of_earlier_lives_accuse_nobody(home: Home) -> None:
    note = CrashNoteFile(home, "L")
    with note.reading_item(1):
        sweep_notes(home)
    assert take_note(home, "L") == NO_ITEM
    sweep_notes(Home(home.path / "not-there"))


def test_a_note_that_somebody_scribbled_on_accuses_nobody(home: Home) -> None:
    CrashNoteFile(home, "L")
    path = home.path / "leases" / "L.note"
    for text in (b"", b"item x\n", b"\xff\xfe", os.urandom(64), bytes(520) + b"\x01\x00"):
        path.write_bytes(text)
        assert take_note(home, "L") == NO_ITEM
    path.write_bytes(os.urandom(9_000))
    take_note(home, "L")
