"""How a command ends: signals, and a last line from another thread where the main one is stuck."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from tlray.cli.command_end import draining, print_error
from tlray.errors import UsageError


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_process_whose_main_thread_is_stuck_ends_with_one_line() -> None:
    done = run("""
import os, threading
from tlray.cli.command_end import end_at_once
def first():
    os.write(2, b"Ray's own words\\n")
threading.Thread(target=end_at_once, args=("tlray: Ray is gone", 4), kwargs={"first": first}).start()
threading.Event().wait()
""")
    assert (done.returncode, done.stderr) == (4, "tlray: Ray is gone\n")


def test_of_two_threads_that_end_a_process_one_has_the_last_word() -> None:
    done = run("""
import threading, time
from tlray.cli.command_end import end_at_once, print_error
from tlray.errors import UsageError
begun = threading.Event()
def first():
    begun.set(); time.sleep(0.5)
threading.Thread(target=end_at_once, args=("tlray: Ray is gone", 4), kwargs={"first": first}).start()
begun.wait()
print_error(UsageError("the coordinator stopped answering"))
""")
    assert (done.returncode, done.stderr) == (4, "tlray: Ray is gone\n")


def test_a_process_that_cannot_leave_is_ended_with_its_own_exit_code() -> None:
    done = run("""
import atexit, sys, threading
from tlray.cli.command_end import leave_within
atexit.register(threading.Event().wait)
leave_within(3, 0.2)
sys.exit(3)
""")
    assert done.returncode == 3


def test_errors_are_told_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(UsageError("first"))
    print_error(UsageError("second"))
    assert capsys.readouterr().err == "tlray: first\ntlray: second\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_drains_and_the_second_leaves(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stopping, closed = threading.Event(), threading.Event()
    before = signal.signal(
        number, signal.default_int_handler
    )  # whatever started the tests may have it ignored
    try:
        with draining(stopping, closed.set):
            os.kill(os.getpid(), number)
            assert stopping.wait(60)
            assert not closed.is_set()
            with pytest.raises(KeyboardInterrupt):
                _twice(number)
        assert closed.is_set()
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    assert "draining" in capsys.readouterr().err


def _twice(number: int) -> None:
    os.kill(os.getpid(), number)
    threading.Event().wait(60)


def test_a_hang_up_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with draining(threading.Event(), lambda: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
