"""What dies takes nobody with it: `kill -9` of a part of Ray, SIGTERM to a command, its group or its job. Real processes."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pytest
from conftest import ROOT, StartSite, Tlray, batch_id_of, wait_until
from dashboard import asked
from demo_site import Site
from process_trees import kill_tree, named

from tlray.core.model.lifecycle import ItemState
from tlray.io.journal.opening import open_reader

pytestmark = pytest.mark.ray
END_S = 60.0
"""A bound for a machine that is busy; alone it takes a second."""


def slow(site: Site, rate: str) -> list[str]:
    return [f"--rate={base.split('//')[1]}={rate}" for base in site.bases]


@dataclass
class Command:
    """A command in a process group of its own, and the processes that it has started."""

    process: subprocess.Popen[str]

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def part(self, name: str) -> psutil.Process:
        [found] = [process for process in self.tree() if process.name() == name]
        return found

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and what it still said."""
        _, err = self.process.communicate(timeout=END_S)
        return self.process.returncode, err


@pytest.fixture
def commands() -> Iterator[list[Command]]:
    """The commands of a test, which leave nothing behind where it fails."""
    started: list[Command] = []
    yield started
    for command in started:
        if command.process.poll() is None:
            for process in [*command.tree(), command.process]:
                process.kill()
            command.process.communicate()


def start(commands: list[Command], tlray: Tlray, *arguments: str, **env: str) -> Command:
    process = subprocess.Popen(
        [sys.executable, "-m", "tlray", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=tlray.env(**env), process_group=0,
    )  # fmt: skip
    commands.append(Command(process))
    return commands[-1]


def all_have_ended(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def n_done(tlray: Tlray, batch_id: str) -> int:
    """Return how many sets there are; without a process, for the batch goes on meanwhile."""
    with open_reader(tlray.home) as journal:
        return journal.totals(journal.batch(batch_id)).get(ItemState.SUCCEEDED, 0)


def test_a_batch_survives_the_death_of_its_ray_and_a_signal_to_its_group(
    start_site: StartSite, tlray: Tlray, joined: Tlray, commands: list[Command], tmp_path: Path
) -> None:
    site = start_site("--sites=2", "--sets=120")
    user = tmp_path / "user"  # who has never used Ray
    user.mkdir()
    command = start(commands, tlray, "scrape", *site.urls(), *slow(site, "5/s"), HOME=str(user))
    batch_id = batch_id_of(command.process)
    wait_until(lambda: n_done(tlray, batch_id) > 0, what="a set")
    assert (user / ".ray" / "auth_token").stat().st_mode & 0o077 == 0
    tree = command.tree()
    command.part("gcs_server").kill()  # the raylet's turn is in tests/service/test_ends.py
    killed_at = time.monotonic()
    code, err = command.end()
    assert code == 4, err
    assert time.monotonic() - killed_at < END_S
    last = err.splitlines()[-1]
    assert last.startswith("tlray: Ray is gone: its GCS "), err
    assert f"go on with `tlray scrape --resume {batch_id}`" in last
    assert "Traceback" not in err
    assert "token file" not in err, "it is the user's alone"
    wait_until(lambda: all_have_ended(tree), what="the end of all of its Ray")
    n_before = n_done(tlray, batch_id)

    command = start(commands, tlray, "scrape", "--resume", batch_id)
    assert command.process.stderr is not None
    first = command.process.stderr.readline()
    assert first == f"batch {batch_id}: {n_before} of 120 items done\n"
    for line in command.process.stderr:
        if line.startswith("running "):
            assert int(line.split()[1].split("/")[0]) >= n_before, "true from the first line"
            break
    wait_until(lambda: n_done(tlray, batch_id) > n_before, what="a set")
    tree = command.tree()
    os.killpg(command.process.pid, signal.SIGTERM)  # as `timeout` and service managers do
    code, err = command.end()
    assert code == 130, err
    assert f"batch {batch_id} is paused" in err
    assert err.splitlines()[-1].endswith(f"`tlray scrape --resume {batch_id}`, and the same --home")
    assert "***" not in err, "a stack of Ray's"
    assert "Traceback" not in err
    wait_until(lambda: all_have_ended(tree), what="the end of all of its Ray")
    told = tlray.status(batch_id)
    assert told["state"] == "paused"
    assert told["counts"]["succeeded"] < 120
    assert told["counts"].get("leased", 0) == 0, "what was in flight is kept"

    done = joined.here("scrape", "--resume", batch_id, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["succeeded"] == 120
    rows = pd.read_parquet(tlray.home / "results" / batch_id / "tracklists")
    assert Counter(rows.url) == Counter(site.urls())


# -- on a cluster that others have started ---------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Cluster:
    """A Ray that is not the commands' own."""

    process: subprocess.Popen[bytes]
    gcs: str
    dashboard: str


@contextmanager
def cluster(tlray: Tlray, temporary: Path) -> Iterator[Cluster]:
    """Start a head with a dashboard, for jobs."""
    cli, gcs, dashboard = str(Path(sys.executable).parent / "ray"), free_port(), free_port()
    env = tlray.env(RAY_AUTH_MODE="token")
    if not (Path(os.environ["HOME"]) / ".ray" / "auth_token").exists():
        subprocess.run([cli, "get-auth-token", "--generate"], env=env, check=True, capture_output=True)
    given = {"port": gcs, "dashboard-port": dashboard, "dashboard-agent-listen-port": free_port()}
    command = [cli, "start", "--head", "--node-ip-address=127.0.0.1", "--num-cpus=2", "--block"]
    command += [f"--{name}={port}" for name, port in given.items()] + [f"--temp-dir={temporary}"]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as head:
        try:
            for port in (gcs, dashboard):
                wait_until(lambda p=port: listens(p), what=f"port {port}")  # type: ignore[misc]
            yield Cluster(head, f"127.0.0.1:{gcs}", f"http://127.0.0.1:{dashboard}")
        finally:
            kill_tree(head.pid)


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def submit_job(dashboard: str, *arguments: str) -> str:
    """Submit a batch as a Ray job; return the job's id."""
    entrypoint = shlex.join([sys.executable, str(ROOT / "jobs" / "scrape_batch.py"), *arguments])
    job_id = ""

    def taken() -> bool:  # Ray answers before its agent can take jobs
        nonlocal job_id
        with suppress(OSError):
            job_id = str(asked(dashboard, "/api/jobs/", {"entrypoint": entrypoint})["submission_id"])
        return bool(job_id)

    wait_until(taken, what="a job")
    return job_id


def test_on_a_cluster_a_stopped_job_pauses_its_batch_a_detached_one_goes_on_and_a_lost_gcs_ends_a_command(
    start_site: StartSite, tlray: Tlray, commands: list[Command], tmp_path: Path
) -> None:
    site = start_site("--sites=1", "--sets=300")
    urls = tmp_path / "urls.txt"
    urls.write_text("\n".join(site.urls()) + "\n")
    with cluster(tlray, Path("/tmp/tlray-deaths")) as there:  # noqa: S108 - Ray's sockets need a short path
        arguments = ["--urls", str(urls), "--home", str(tlray.home), *slow(site, "2/s")]
        job = f"/api/jobs/{submit_job(there.dashboard, *arguments)}"
        wait_until(lambda: len(site.page_arrivals()) >= 4, what="some pages")
        asked(there.dashboard, f"{job}/stop", method="POST")
        wait_until(lambda: asked(there.dashboard, job)["status"] == "STOPPED", what="the job's end")
        [row] = [json.loads(line) for line in tlray.here("list", "--json").stdout.splitlines()]
        batch_id = row["batch_id"]
        wait_until(
            lambda: tlray.status(batch_id)["counts"].get("leased", 0) == 0,
            what="the end of what was in flight",
        )
        assert tlray.status(batch_id)["state"] == "paused"
        n_pages = len(site.page_arrivals())
        assert n_pages < 300
        log = asked(there.dashboard, f"{job}/logs")["logs"]
        assert f"batch {batch_id} is paused; go on with `tlray scrape --resume {batch_id}`" in log
        assert "***" not in log, "a stack of Ray's"
        time.sleep(2)
        assert len(site.page_arrivals()) == n_pages, "nothing more begins"

        detached = tlray.run(
            "scrape", "--detach", "--fresh-for=0", "--json", *site.urls()[:6], RAY_ADDRESS=there.gcs
        )
        assert detached.returncode == 0, detached.stderr
        other = json.loads(detached.stdout)["batch_id"]
        assert f"`tlray status {other}" in detached.stderr
        wait_until(lambda: tlray.status(other)["state"] == "completed", what="the end of the detached batch")

        command = start(commands, tlray, "scrape", "--resume", batch_id, RAY_ADDRESS=there.gcs)
        batch_id_of(command.process)
        wait_until(lambda: len(site.page_arrivals()) > n_pages + 6, what="more pages")
        [gcs] = named("gcs_server", there.process.pid)
        gcs.kill()
        code, err = command.end()
        assert code == 4, err
        assert "Traceback" not in err
        assert err.splitlines()[-1].startswith("tlray: Ray is gone: its "), err
        assert f"--resume {batch_id}" in err.splitlines()[-1]
