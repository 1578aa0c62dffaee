"""A cluster of several Ray nodes on this machine, as a program: prints its address, ends when its stdin closes.

Each node is a raylet with workers of its own and one CPU, so that tasks must spread; all see the same files. They
are at 127.0.0.2: where a driver is told 127.0.0.1, Ray looks for the cluster at this machine's own address instead.
"""

from __future__ import annotations

import argparse
import json
import sys

import tlray.cluster  # noqa: F401 - sets what Ray reads at its import


def main() -> None:
    """Start the nodes and stay."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.three_nodes")
    parser.add_argument("--nodes", type=int, default=3)
    options = parser.parse_args()
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - after what it reads is set

    cluster = Cluster()
    for _ in range(options.nodes):
        cluster.add_node(
            num_cpus=1, object_store_memory=100_000_000, include_dashboard=False, node_ip_address="127.0.0.2"
        )
    cluster.wait_for_nodes()
    sys.stdout.write(f"\n>{json.dumps({'address': cluster.address})}\n")
    sys.stdout.flush()
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
