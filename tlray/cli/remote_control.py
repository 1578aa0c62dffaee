"""``tlray pause``, ``resume`` and ``cancel``: a batch of a running service."""

from __future__ import annotations

import json
from typing import Any

from tlray.cli.progress import n_done
from tlray.cli.remote_options import BatchId, Json, ServiceUrl, service
from tlray.io.service_client import DEFAULT_URL, batch_path


def pause(batch_id: BatchId, url: ServiceUrl = DEFAULT_URL, as_json: Json = False) -> None:
    """Begin nothing more of a batch; what is in flight ends.

    Example: tlray pause 20261123-120000-a1b2c3
    """
    _control(batch_id, "pause", url, as_json=as_json)


def resume(batch_id: BatchId, url: ServiceUrl = DEFAULT_URL, as_json: Json = False) -> None:
    """Go on with a batch that is paused.

    Example: tlray resume 20261123-120000-a1b2c3
    """
    _control(batch_id, "resume", url, as_json=as_json)


def cancel(batch_id: BatchId, url: ServiceUrl = DEFAULT_URL, as_json: Json = False) -> None:
    """End a batch: what is in flight stops, what it has fetched stays.

    Example: tlray cancel 20261123-120000-a1b2c3
    """
    _control(batch_id, "cancel", url, as_json=as_json)


def _control(batch_id: str, action: str, url: str, *, as_json: bool) -> None:
    with service(url) as client:
        told: dict[str, Any] = client.ask("POST", batch_path(batch_id, f"/{action}"))
    print(
        json.dumps(told) if as_json else f"{batch_id} {told['state']}: {n_done(told)} of {told['total']} done"
    )
