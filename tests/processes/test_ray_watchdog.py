"""A Ray that dies is noticed, and nothing of it is left: real processes and sockets, without Ray."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tlray.cluster.driver.ray_processes import OwnRay
from tlray.cluster.driver.ray_watchdog import (
    ASK_EVERY_S,
    LOST_AFTER_S,
    AddressLook,
    ProcessLook,
    RayWatch,
    watch_own,
)

SOON_S = 30.0
RAYLET_WITH_A_WORKER = """
import os, subprocess, sys, time
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0)
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def raylet() -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A process in a session of its own, as a raylet is, and a worker of it in a process group of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", RAYLET_WITH_A_WORKER],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        worker = psutil.Process(int(process.stdout.readline()))
        yield process, worker
        for pid in (process.pid, worker.pid):
            if psutil.pid_exists(pid):
                os.kill(pid, 9)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_killed_raylet_is_noticed_and_its_workers_go_with_it(
    raylet: tuple[subprocess.Popen[str], psutil.Process],
) -> None:
    process, worker = raylet
    lost: list[str] = []
    said = threading.Event()

    def on_lost(what: str, kill_rest: Callable[[], None]) -> None:
        kill_rest()
        lost.append(what)
        said.set()

    watch = watch_own(OwnRay({"raylet": process.pid}), on_lost)
    assert not said.wait(0.6)
    assert watch.lost is None
    process.kill()  # it is not waited for, and stays a zombie, as under `ray.init`
    assert said.wait(SOON_S)
    assert lost == [watch.lost] == [f"its raylet (process {process.pid}) has died"]
    until(lambda: has_ended(worker))


def test_without_anybody_to_tell_the_rest_is_killed_and_the_watch_says_what_died(
    raylet: tuple[subprocess.Popen[str], psutil.Process],
) -> None:
    process, worker = raylet
    watch = watch_own(OwnRay({"raylet": process.pid}), None)
    process.kill()
    until(lambda: has_ended(worker))
    assert watch.lost == f"its raylet (process {process.pid}) has died"


def test_a_watch_that_was_stopped_tells_nothing(raylet: tuple[subprocess.Popen[str], psutil.Process]) -> None:
    process, worker = raylet
    watch = watch_own(OwnRay({"raylet": process.pid}), None)
    watch.stop()
    process.kill()
    process.wait()
    until(lambda: not any(thread.name == "tlray-ray-watch" for thread in threading.enumerate()))
    assert watch.lost is None
    assert not has_ended(worker)


def test_killing_a_ray_leaves_this_process_and_its_session_alone() -> None:
    own = OwnRay({"raylet": os.getsid(0), "gcs_server": 2**22 - 1})
    assert own.members() == []
    own.kill()


def test_a_process_that_was_gone_before_is_dead_and_another_of_its_number_is_not_it() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert ProcessLook("GCS", process.pid)() == f"its GCS (process {process.pid}) has died"
    assert ProcessLook("GCS", os.getpid())() is None


def test_an_address_is_lost_only_when_it_was_silent_for_a_while() -> None:
    now = 1_000.0
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        look = AddressLook("GCS", f"127.0.0.1:{port}", clock=lambda: now)
        for _ in range(20):
            now += ASK_EVERY_S
            assert look() is None
    n_looks = 0
    while (what := look()) is None:
        now += ASK_EVERY_S / 2
        n_looks += 1
    assert LOST_AFTER_S <= n_looks * ASK_EVERY_S / 2 <= LOST_AFTER_S + 2 * ASK_EVERY_S
    assert what.startswith(f"its GCS at 127.0.0.1:{port} has not answered for 2")


def test_an_address_that_answers_again_was_not_lost() -> None:
    now = 0.0
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    look = AddressLook("GCS", f"127.0.0.1:{port}", clock=lambda: now)
    for moment in (5.0, 10.0, 15.0):
        now = moment
        assert look() is None
    with socket.create_server(("127.0.0.1", port)):
        now = 18.5
        assert look() is None
    now = 18.5 + LOST_AFTER_S - 1
    assert look() is None


def test_a_loss_is_told_once() -> None:
    told: list[str] = []
    RayWatch(
        [lambda: "its GCS has died", lambda: "its raylet has died"], lambda what, kill: told.append(what)
    )
    until(lambda: not any(thread.name == "tlray-ray-watch" for thread in threading.enumerate()))
    assert told == ["its GCS has died"]
