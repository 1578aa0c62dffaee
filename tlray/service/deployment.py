"""The Ray Serve deployment: each replica builds the app, and finds or starts the coordinator.

Replicas run where the home is, on the head node. They hold no state of their own, so their number does not matter.
"""

from __future__ import annotations

from typing import Any

import tlray.cluster  # noqa: F401 - sets what Ray reads at its import
from tlray.io.disk.home import Home
from tlray.service.auth.listen_policy import allowing_host, require_may_listen, serve_host
from tlray.settings import Settings

MAX_ONGOING = 4_000
"""Open requests of a replica, sockets included; the default is 5."""


def is_in_worker() -> bool:
    """True in a process of the cluster; False in a command of a user, who reads its exit code."""
    import ray  # noqa: PLC0415

    return bool(ray.is_initialized() and ray.get_runtime_context().worker.mode == ray.WORKER_MODE)


def application(settings: Settings) -> Any:
    """Return the Serve application, for ``serve.run`` and for ``serve run serve_app:app``.

    UsageError if it would listen beyond loopback without a token; a replica checks again, because Serve may get another address
    later.
    """
    from ray import serve  # noqa: PLC0415

    require_may_listen(serve_host(), settings)
    home = Home.of(settings.home, settings.storage)  # with credentials that a replica may not have

    def build() -> Any:
        from tlray.io.disk.private_files import keep_private  # noqa: PLC0415 - on the replica
        from tlray.io.process.event_log import LogConfig, write_log  # noqa: PLC0415
        from tlray.service.app import build_app  # noqa: PLC0415
        from tlray.service.backend.gateway import Gateway  # noqa: PLC0415

        keep_private()
        write_log(LogConfig(settings.log_format, settings.log_level))
        require_may_listen(host := serve_host(), settings)
        gateway = Gateway(settings, home)
        gateway.find()
        return build_app(gateway, allowing_host(host, settings))

    return serve.deployment(
        serve.ingress(build)(),
        name="tlray",
        num_replicas=settings.replicas,
        max_ongoing_requests=MAX_ONGOING,
        graceful_shutdown_timeout_s=10.0,
        graceful_shutdown_wait_loop_s=0.2,  # 2 s by default, even without open requests
        ray_actor_options={"num_cpus": 0, "resources": {"node:__internal_head__": 0.001}},
        health_check_period_s=5.0,
    ).bind()
