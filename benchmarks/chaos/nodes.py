"""A Ray of three nodes on this machine, in a process that can be killed with all of it.

``python -m benchmarks.chaos.nodes`` prints the address as a JSON line, adds a node for every line ``add`` on
stdin, and ends when stdin closes. The head has no CPU: it holds the coordinator and the limiters, the two others work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

ROOT = Path(__file__).resolve().parents[2]
OBJECT_STORE_BYTES = 100_000_000


class Nodes:
    """The other side: a cluster in a process of its own."""

    def __init__(self, env: dict[str, str], log: IO[str]) -> None:
        ray = str(Path(sys.executable).parent / "ray")
        token = Path(env["HOME"]) / ".ray" / "auth_token"
        if not token.exists():
            told = {**env, "RAY_AUTH_MODE": "token"}
            subprocess.run([ray, "get-auth-token", "--generate"], env=told, check=True, capture_output=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.chaos.nodes"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env, cwd=ROOT, text=True,
        )  # fmt: skip
        self.address = self._answer()

    def add(self) -> None:
        """Add a node in the place of one that was killed, without waiting for it."""
        stdin = cast("IO[str]", self.process.stdin)
        stdin.write("add\n")
        stdin.flush()

    def _answer(self) -> str:
        for line in cast("IO[str]", self.process.stdout):
            if line.startswith("{"):
                return str(json.loads(line)["address"])
        raise SystemExit("the cluster did not start; see its log")


def serve() -> None:
    """Start three nodes, and do as told."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    import tlray.cluster  # noqa: F401, PLC0415 - sets what Ray reads when it is imported

    node: dict[str, Any] = {"object_store_memory": OBJECT_STORE_BYTES}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **node}
    )
    for _ in range(2):
        cluster.add_node(num_cpus=1, **node)
    sys.stdout.write(json.dumps({"address": cluster.address}) + "\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        cluster.add_node(num_cpus=1, **node)
    cluster.shutdown()
    os._exit(0)


if __name__ == "__main__":
    serve()
