"""The consumer of RabbitMQ as an application of Ray Serve, deployed beside the service as docs/brokers.md says."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from broker import Broker, broker
from conftest import ROOT, Service, wait_until
from process_trees import with_word

from tlray.core.messaging.request_file import requests_of
from tlray.core.messaging.topology import RequestQueue
from tlray.io.broker.address import broker_address
from tlray.io.broker.publisher import publish

__all__ = ["broker"]
pytestmark = [pytest.mark.ray, pytest.mark.parts]
NAME = "tlray-consumer"
START_S = 90.0


@contextmanager
def consumer_beside(service: Service, broker: Broker, folder: Path) -> Iterator[None]:
    """Deploy the consumer on the Serve of the one service, by a config file, and delete it at the end."""
    path = os.pathsep.join(filter(None, [str(ROOT), service.env.get("PYTHONPATH")]))
    names = {name: value for name, value in service.env.items() if name.startswith("TLRAY_")}
    env = {"env_vars": {**names, "TLRAY_AMQP": broker.url, "PYTHONPATH": path}}
    application = {"name": NAME, "route_prefix": None, "import_path": "serve_app:consumer"}
    config = folder / "serve.yaml"
    config.write_text(json.dumps({"applications": [{**application, "runtime_env": env}]}))
    serve_run(service, config)
    try:
        yield
    finally:
        config.write_text(json.dumps({"applications": []}))
        serve_run(service, config)
        wait_until(lambda: not replicas(service), what="the end of the consumer")


def serve_run(service: Service, config: Path) -> None:
    """Run ``serve run`` on the service's Ray, which listens on loopback alone."""
    address = json.loads((service.home / "coordinator.lock").read_text())["ray_address"]
    program = (
        "import sys; from ray.serve.scripts import cli; from tlray.cluster.driver.session import _init;"
        "_init(sys.argv[1], dashboard=False, num_cpus=None); cli(['run', '--non-blocking', sys.argv[2]])"
    )
    env = service.env | {"RAY_AUTH_MODE": "token"}
    command = [sys.executable, "-c", program, address, str(config)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr


def replicas(service: Service) -> list[psutil.Process]:
    return with_word(f"ServeReplica:{NAME}:", service.process.pid)


def hand_over(broker: Broker, names: list[str]) -> None:
    bodies = [
        {"urls": [f"http://127.0.0.1:9/{name}"], "name": name, "not_before": time.time() + 86_400}
        for name in names
    ]
    requests = requests_of("\n".join(map(json.dumps, bodies)).encode())
    queue = RequestQueue()
    asyncio.run(
        publish(broker_address(broker.url), requests, queue=queue, max_wait_s=60, on_confirmed=lambda _: None)
    )


def test_a_consumer_on_serve_takes_requests_and_goes_on_when_it_is_killed(
    service: Service, http: httpx.Client, broker: Broker, tmp_path: Path
) -> None:
    names = [f"queued-{n}" for n in range(20)]

    def batches() -> dict[str, str]:
        found = http.get("/api/v1/batch", params={"limit": 200}).json()["batches"]
        return {b["batch_id"]: b["name"] for b in found if b["name"].startswith("queued-")}

    def taken() -> Counter[str]:
        return Counter(batches().values())

    hand_over(broker, names[:10])
    with consumer_beside(service, broker, tmp_path):
        wait_until(lambda: taken().total() == 10, timeout_s=START_S, what="the first requests")
        (replica,) = replicas(service)
        hand_over(broker, names[10:])
        replica.kill()  # with some of them, or before them, or after them
        wait_until(lambda: set(taken()) == set(names), timeout_s=START_S, what="the other requests")
    assert taken() == Counter(names)
    assert "tlray.requests\t0" in broker.ctl(
        "list_queues", "--quiet", "--no-table-headers", "name", "messages"
    )
    for batch_id in batches():
        http.post(f"/api/v1/batch/{batch_id}/cancel")
