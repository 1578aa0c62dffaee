"""The faults that tests inject reach the code for which they are meant; see `tests/shared/injected_faults.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from injected_faults import ROOT, Injected


@pytest.fixture
def injected(tmp_path: Path) -> Injected:
    return Injected(tmp_path)


def run(injected: Injected, program: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | injected.env()
    return subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, cwd=ROOT, check=False
    )


def test_a_poisoned_page_kills_who_reads_it_and_no_other_does(injected: Injected) -> None:
    program = (
        "from tlray.io.worker import classify, robots\n"
        "classify.parse_page(b'<p>good')\n"
        "robots.decode(b'# good')\n"
        "print('read')\n"
        "{read}(b'<p>bad')\n"
    )
    injected.poison("segfault:bad")
    for read in ("classify.parse_page", "robots.decode"):
        done = run(injected, program.format(read=read))
        assert (done.returncode < 0, done.stdout) == (True, "read\n"), done.stderr
    injected.poison("")
    assert run(injected, program.format(read="robots.decode")).returncode == 0


def test_the_clock_is_wrong_for_tlray_alone(injected: Injected) -> None:
    program = (
        "import time\n"
        "from tlray.cluster.ports.clock import SystemClock\n"
        "print(round(SystemClock().wall() - time.time(), -1))\n"
    )
    injected.shift_clock(-3_600)
    done = run(injected, program)
    assert done.stdout == "-3600.0\n", done.stderr
