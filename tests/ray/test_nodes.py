"""A batch on several nodes: what a node that is lost costs, and where the limiters live."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Tlray, batch_id_of, wait_until
from nodes import Nodes, several_nodes

from benchmarks.arrival_times import room_left
from benchmarks.recorded_run import Site, recording_site
from tlray.core.model.lifecycle import ItemState
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader

pytestmark = pytest.mark.ray
N_SITES, N_EACH, RATE = 4, 60, 5.0
THREE_TASKS = {"TLRAY_LIMITER_ACTORS": "4", "TLRAY_MIN_WORKERS": "3"}
IS_GONE = re.compile(
    r"^node 127\.0\.0\.2 \((\w{8})\) is gone: \d+ items? go(?:es)? back to the queue$", re.MULTILINE
)


@pytest.fixture(scope="module")
def nodes(ray_home: Path) -> Iterator[Nodes]:
    hidden = ("RAY_ADDRESS", "TLRAY_CONTACT", "RAY_JOB_ID", "TLRAY_HOME")
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    env |= {"HOME": str(ray_home), "RAY_AUTH_MODE": "token"}
    env["RAY_TMPDIR"] = f"/tmp/tlray-nodes-{os.getpid()}"  # noqa: S108 - Ray's sockets need a short path
    # a node at whose port nobody listens is dead after a second, not after fifteen
    env |= {"RAY_health_check_period_ms": "500", "RAY_health_check_initial_delay_ms": "500"}
    env |= {"RAY_health_check_failure_threshold": "2"}
    with several_nodes(env) as started:
        yield started
    shutil.rmtree(env["RAY_TMPDIR"], ignore_errors=True)


@dataclass(frozen=True)
class Batch:
    """What the journal says of the items of a batch."""

    home: Path
    batch_id: str

    def n_lost(self) -> dict[ItemState, list[int]]:
        """State → how often each of its items was lost with a worker that it is suspected of."""
        with open_reader(self.home) as journal:
            return {
                state: [item.n_lost for item in journal.items(self.batch_id, state)] for state in ItemState
            }

    def goes_on(self, n: int = 10) -> None:
        """Wait until some more pages have come."""
        before = len(self.n_lost()[ItemState.SUCCEEDED])
        wait_until(lambda: len(self.n_lost()[ItemState.SUCCEEDED]) >= before + n, what="a node at work")


@pytest.fixture(scope="module")
def tlray(ray_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Tlray:
    """The command line, in one home for all tests here."""
    return Tlray(tmp_path_factory.mktemp("nodes") / "sets", {})


def limiters(nodes: Nodes) -> dict[str, tuple[str, int]]:
    return {a["name"]: (a["node"], a["pid"]) for a in nodes.actors() if "limiter" in a["name"]}


def test_lost_nodes_accuse_no_page_and_are_told_once_and_limiters_stay_with_the_coordinator(
    nodes: Nodes, tlray: Tlray
) -> None:
    with recording_site(N_SITES, latency_s=1.5, n_rows=2) as site:
        loses_nodes(nodes, tlray, site)
        assert min(room_left(at, rate=RATE) for at in site.by_domain()) >= 0, "all nodes together"
    assert tlray.here("audit").returncode == 0


def loses_nodes(nodes: Nodes, tlray: Tlray, site: Site) -> None:
    slowly = [f"--rate={base.split('//')[1]}={RATE:g}/s" for base in site.bases]
    worker = nodes.add()
    scraping = tlray.start(
        "scrape", *site.urls(N_EACH), *slowly, "--json", **THREE_TASKS, RAY_ADDRESS=nodes.address
    )
    batch = Batch(tlray.home, batch_id_of(scraping))

    four = {f"tlray-limiter-{Home(tlray.home).id}-{n}" for n in range(4)}
    wait_until(lambda: limiters(nodes).keys() == four, what="four limiters")
    first = limiters(nodes)
    for _, pid in first.values():
        os.kill(pid, signal.SIGKILL)

    lost = []
    for end in (nodes.lose, nodes.crash, nodes.drain):
        batch.goes_on()
        end(worker)
        lost.append(worker)
        worker = nodes.add()
    batch.goes_on()
    assert not any(n for lost_of in batch.n_lost().values() for n in lost_of), "a lost node accuses nobody"
    nodes.kill_workers(worker)

    stdout, stderr = scraping.communicate(timeout=240)
    assert scraping.returncode == 0, stderr
    assert len(stdout.splitlines()) == 1, "Ray writes nothing between"
    assert json.loads(stdout)["succeeded"] == N_SITES * N_EACH
    assert "(raylet)" not in stderr
    assert IS_GONE.findall(stderr) == [node[:8] for node in lost]
    assert "1 worker, 2 wait for a CPU" in stderr
    n_lost = batch.n_lost()[ItemState.SUCCEEDED]
    assert max(n_lost) == 1, (
        "a worker that dies on a living node makes suspects of the pages that it had begun"
    )

    second = limiters(nodes)
    assert {node for node, _ in (*first.values(), *second.values())} == {nodes.head}
    assert four == second.keys()
    assert {pid for _, pid in first.values()}.isdisjoint(pid for _, pid in second.values())


def test_one_bucket_holds_for_three_tasks_on_three_nodes(nodes: Nodes, tlray: Tlray) -> None:
    while len(nodes.workers) < 3:
        nodes.add()
    with recording_site(n_rows=2) as site:
        rate = f"--rate={site.bases[0].split('//')[1]}=60/s"
        scraping = tlray.start(  # twenty seconds: longer than a node needs to begin a task
            "scrape", *site.urls(1_200), rate, "--json", **THREE_TASKS, RAY_ADDRESS=nodes.address
        )
        batch_id = batch_id_of(scraping)
        stdout, stderr = scraping.communicate(timeout=120)
        (at,) = site.by_domain()
    assert json.loads(stdout)["succeeded"] == 1_200, stderr
    with open_reader(tlray.home) as journal:
        tried = journal.attempts([item.item_id for item in journal.items(batch_id)])
    assert len({row.node for rows in tried.values() for row in rows}) > 1, "the tasks were spread"
    assert room_left(at, rate=60.0) >= 0
