"""A Ray whose autoscaler starts and ends worker nodes, all of them processes of this machine (Ray's ``fake_multinode``)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from conftest import wait_until

HEAD_ID = "f" * 51 + "00000"
COMMANDS = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
IDLE_S = 6.0
"""A worker node that is idle for so long goes."""


@dataclass(frozen=True)
class Autoscaled:
    """The cluster, as a test sees it."""

    address: str
    head: psutil.Process

    def n_workers(self) -> int:
        """Return the number of worker nodes: of raylets, without the head's."""
        return max(0, len(_raylets(self.head)) - 1)


def config(port: int, max_workers: int) -> dict[str, Any]:
    """A configuration of Ray's autoscaler: a head without a CPU, and workers with one each."""
    return {
        "cluster_name": "tlray-fake",
        "max_workers": max_workers,
        "upscaling_speed": 10.0,
        "idle_timeout_minutes": IDLE_S / 60,
        "provider": {
            "type": "fake_multinode", "gcs_address": f"127.0.0.1:{port}", "launch_multiple": True,
            "use_node_id_as_ip": True, "disable_node_updaters": True, "disable_launch_config_check": True,
        },
        "auth": {"ssh_user": "nobody"},
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "worker": {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": max_workers},
        },
        "head_node_type": "ray.head.default",
        "docker": {}, "file_mounts": {}, "cluster_synced_files": [], "file_mounts_sync_continuously": False,
        "rsync_exclude": [], "rsync_filter": [],
        **{f"{name}_commands": [] for name in COMMANDS},
    }  # fmt: skip


@contextmanager
def autoscaled(env: dict[str, str], folder: Path, max_workers: int = 3) -> Iterator[Autoscaled]:
    """Start a head alone; it ends with all nodes when the context does."""
    ray = str(Path(sys.executable).parent / "ray")
    if not (Path(env["HOME"]) / ".ray" / "auth_token").exists():
        subprocess.run([ray, "get-auth-token", "--generate"], env=env, check=True, capture_output=True)
    port, scaling = _free_port(), folder / "autoscaling.yaml"
    scaling.write_text(yaml.safe_dump(config(port, max_workers)))
    temporary = f"/tmp/tlray-scaled-{os.getpid()}"  # noqa: S108 - Ray's sockets need a short path
    env = env | {"RAY_FAKE_CLUSTER": "1", "RAY_OVERRIDE_NODE_ID_FOR_TESTING": HEAD_ID}
    start = [
        ray, "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}", "--num-cpus=0",
        f"--autoscaling-config={scaling}", f"--temp-dir={temporary}", "--include-dashboard=false",
        f"--ray-client-server-port={_free_port()}", "--min-worker-port=0", "--max-worker-port=0",
        "--object-store-memory=100000000",
    ]  # fmt: skip
    with (
        (folder / "head.log").open("w") as log,
        subprocess.Popen(start, env=env, stdout=log, stderr=log, start_new_session=True) as process,
    ):
        head = psutil.Process(process.pid)
        try:
            wait_until(lambda: len(_raylets(head)) == 1, what="the head")
            yield Autoscaled(f"127.0.0.1:{port}", head)
        finally:
            for one in _all(head, temporary):
                with suppress(psutil.NoSuchProcess):
                    one.send_signal(signal.SIGKILL)
            shutil.rmtree(temporary, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _raylets(head: psutil.Process) -> list[psutil.Process]:
    """Return the raylets. A worker that a raylet has forked is called raylet, too, until it is another program."""
    found = {}
    for process in head.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name() == "raylet" and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = process, process.ppid()
    return [process for process, parent in found.values() if parent not in found]


def _all(head: psutil.Process, temporary: str) -> list[psutil.Process]:
    """Return all processes of the cluster, the head's last; what has lost its parent is known by its folder."""
    found = {process.pid: process for process in head.children(recursive=True)}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(temporary in argument for argument in process.cmdline()):
                found[process.pid] = process
    found.pop(head.pid, None)
    return [*found.values(), head]
