"""The programs on Ray: coordinator, limiters, scrape tasks, and the client's side of them. No HTTP of our own.

Ray is imported in `adapters`, `workers` and `driver` alone; classes are plain, and one factory makes each an actor.
"""

from __future__ import annotations

import os
import sys

if "ray" not in sys.modules:
    # Ray reads its environment once, when it is imported, so these must stand before.
    # `ray.init()` turns token authentication on for a cluster of its own; every process that joins one must say so too.
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    # Ray's uv hook would re-create our environment in every worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # The next release's default, which Ray otherwise asks for in a warning at every start.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Ray Serve's proxy (uvicorn) believes by default what any program of this machine writes into X-Forwarded-For. It is to
    # believe nobody: TLRAY_TRUSTED_PROXIES names whom we do (tlray/core/access/client_address.py).
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")
    # Of what a worker weighs, half was memory that many arenas and Arrow's own allocator kept for later. One arena for all that
    # keeps 16 MB at most; see tlray/io/process/malloc.py for why it should keep them (docs/performance.md has both figures).
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "16777216")
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "16777216")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

from tlray.io.process.plain_log import keep_logs_plain

keep_logs_plain()
