"""Sockets on Ray Serve and nothing else: what is the least that one costs? ``python -m benchmarks.peers.bare_sockets PORT``."""

from __future__ import annotations

import asyncio
import signal
import sys

import ray
from fastapi import FastAPI, WebSocket
from ray import serve
from ray.serve.config import HTTPOptions, ProxyLocation

import tlray.cluster  # noqa: F401 - the same settings of Ray's processes

TEXT = '{"items": [], "padding": "' + "x" * 500 + '"}'
app = FastAPI()


@app.websocket("/ws/batch/{batch_id}/progress")
async def keep(socket: WebSocket, batch_id: str) -> None:
    """Send a text a second, and listen whether the client has left."""
    await socket.accept()

    async def send() -> None:
        while True:
            await socket.send_text(TEXT)
            await asyncio.sleep(1.0)

    sending = asyncio.create_task(send())
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    sending.cancel()


@serve.deployment(max_ongoing_requests=4_000, ray_actor_options={"num_cpus": 0})
@serve.ingress(app)
class Bare:
    """The app, as a deployment."""


def main(port: int) -> None:
    """Serve until SIGTERM."""
    ray.init(
        address="local", include_dashboard=False, log_to_driver=False, object_store_memory=256 * 1024 * 1024
    )
    serve.start(proxy_location=ProxyLocation.HeadOnly, http_options=HTTPOptions(host="127.0.0.1", port=port))
    serve.run(Bare.bind(), route_prefix="/")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stderr.write(f"answers at {port}\n")
    sys.stderr.flush()
    while True:
        signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]))
