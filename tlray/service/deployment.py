"""The service on Ray Serve: a deployment whose replicas each build the app and find or start the coordinator.

Replicas are placed where the home is: on the head node. They keep nothing, so any number of them will do.
"""

from __future__ import annotations

from typing import Any

import tlray.cluster  # noqa: F401 - sets what Ray reads at its import
from tlray.service.auth.listen_policy import allowing_host, require_may_listen, serve_host
from tlray.settings import Settings

MAX_ONGOING = 4_000
"""Requests of a replica at once; every open socket is one, and the default (5) would be gone at the sixth."""


def is_in_worker() -> bool:
    """True in a process of the cluster, whose exit nobody reads; False in a command of a user."""
    import ray  # noqa: PLC0415

    return bool(ray.is_initialized() and ray.get_runtime_context().worker.mode == ray.WORKER_MODE)


def application(settings: Settings) -> Any:
    """Return the Serve application: for ``serve.run``, and for ``serve run serve_app:app``. UsageError where it would listen
    at more than loopback without a token; a replica looks once more, for Serve may be told another address later."""
    from ray import serve  # noqa: PLC0415

    require_may_listen(serve_host(), settings)

    def build() -> Any:
        from tlray.io.disk.private_files import keep_private  # noqa: PLC0415 - on the replica
        from tlray.service.app import build_app  # noqa: PLC0415
        from tlray.service.backend.gateway import Gateway  # noqa: PLC0415

        keep_private()
        require_may_listen(host := serve_host(), settings)
        gateway = Gateway(settings)
        gateway.find()
        return build_app(gateway, allowing_host(host, settings))

    return serve.deployment(
        serve.ingress(build)(),
        name="tlray",
        num_replicas=settings.replicas,
        max_ongoing_requests=MAX_ONGOING,
        graceful_shutdown_timeout_s=10.0,
        graceful_shutdown_wait_loop_s=0.2,  # 2 s by default, even where nothing is under way
        ray_actor_options={"num_cpus": 0, "resources": {"node:__internal_head__": 0.001}},
        health_check_period_s=5.0,
    ).bind()
