"""A Ray of several nodes on this machine, in a process of its own: a head without a CPU, and worker nodes with one each.

As a program it serves commands, a line each: ``add`` adds a worker node, ``lose N`` kills one as if its machine were switched
off, ``crash N`` as a shutdown does, workers first; ``kill N`` kills its scrape tasks alone; ``actors`` tells where tlray's
actors live.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NODE: dict[str, Any] = {
    "object_store_memory": 100_000_000,
    "include_dashboard": False,
    "node_ip_address": "127.0.0.2",
}


class Nodes:
    """The cluster, as a test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        told = self._answer()
        self.address, self.head = str(told["address"]), str(told["head"])
        self.workers: list[str] = []
        """The ids of the worker nodes that are there."""

    def add(self) -> str:
        """Add a worker node; return its id."""
        self.workers.append(str(self._ask("add")))
        return self.workers[-1]

    def lose(self, node: str) -> None:
        """Kill all processes of a node at once."""
        self._take_away("lose", node)

    def crash(self, node: str) -> None:
        """Kill the workers of a node first, and the rest of it a moment later."""
        self._take_away("crash", node)

    def drain(self, node: str) -> None:
        """Take a node away as a spot machine goes: Ray is told, and the signal comes at the deadline."""
        self._take_away("drain", node)

    def _take_away(self, how: str, node: str) -> None:
        self._ask(how, node)
        self.workers.remove(node)

    def kill_workers(self, node: str) -> None:
        """Kill the scrape tasks of a node that lives on."""
        self._ask("kill", node)

    def actors(self) -> list[dict[str, Any]]:
        """Return name, node and pid of each living actor of tlray."""
        return list(self._ask("actors"))

    def _ask(self, *command: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(">"):
                return json.loads(line[1:])
        raise AssertionError(f"the cluster ended with {self._process.wait()}")


@contextmanager
def several_nodes(env: dict[str, str]) -> Iterator[Nodes]:
    """Start a head; it ends with all nodes when the context does."""
    token = Path(env["HOME"]) / ".ray" / "auth_token"
    if not token.exists():
        ray = str(Path(sys.executable).parent / "ray")
        subprocess.run([ray, "get-auth-token", "--generate"], env=env, check=True, capture_output=True)
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=ROOT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield Nodes(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            process.kill()


def drain(address: str, node: str) -> None:
    """Announce the end of a node to Ray, and wait for it."""
    command = [
        str(Path(sys.executable).parent / "ray"),
        "drain-node",
        f"--address={address}",
        f"--node-id={node}",
    ]
    why = ["--reason=DRAIN_NODE_REASON_PREEMPTION", "--reason-message=spot", "--deadline-remaining-seconds=2"]
    subprocess.run([*command, *why], check=True, capture_output=True)
    time.sleep(2)


def serve() -> None:
    """Start the head, and do as told until stdin closes."""
    import psutil  # noqa: PLC0415
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    import tlray.cluster  # noqa: F401, PLC0415 - sets what Ray reads at its import

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **NODE})
    nodes = {}

    def tell(answer: Any) -> None:
        sys.stdout.write(f"\n>{json.dumps(answer)}\n")
        sys.stdout.flush()

    def raylet(node: Any) -> psutil.Process:
        return psutil.Process(node.all_processes["raylet"][0].process.pid)

    tell({"address": cluster.address, "head": cluster.head_node.node_id})
    for line in sys.stdin:
        command, _, node_id = line.strip().partition(" ")
        if command == "add":
            node = cluster.add_node(num_cpus=1, **NODE)
            nodes[node.node_id] = node
            tell(node.node_id)
        elif command == "actors":
            tell([
                {"name": actor["Name"], "node": actor["Address"]["NodeID"], "pid": actor["Pid"]}
                for actor in cluster.global_state.actor_table(None).values()
                if actor["Name"].startswith("tlray-") and actor["State"] == "ALIVE"
            ])  # fmt: skip
        else:
            processes = raylet(nodes[node_id]).children(recursive=True)
            if command == "drain":
                drain(cluster.address, node_id)
                raylet(nodes[node_id]).terminate()
                raylet(nodes[node_id]).wait(timeout=30)
            elif command != "lose":
                for worker in processes:
                    with suppress(psutil.NoSuchProcess):
                        if worker.name().startswith("ray::scrape"):
                            worker.kill()
            if command != "kill":
                time.sleep(0.3 if command == "crash" else 0)
                cluster.remove_node(nodes.pop(node_id), allow_graceful=False)
                for process in processes:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
            tell(node_id)
    cluster.shutdown()
    os._exit(0)


if __name__ == "__main__":
    serve()
