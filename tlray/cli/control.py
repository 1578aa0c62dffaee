"""``tlray pause``, ``resume`` and ``cancel``: a batch of a running service, or with ``--home`` of a home without one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tlray.cli.offline_control import control_at
from tlray.cli.service_options import TOKEN, BatchId, Json, service
from tlray.core.model.progress import n_done
from tlray.errors import ServiceUnavailable, UsageError
from tlray.io.client.http_client import DEFAULT_URL, batch_path

ServiceUrl = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"The service, by default {DEFAULT_URL}; a token for it stands in {TOKEN}.",
        show_default=False,
    ),
]
OrHome = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="A batch of this home, in the place of a service: through its coordinator, or by its journal where none works.",
        show_default=False,
    ),
]


def pause(batch_id: BatchId, url: ServiceUrl = None, home: OrHome = None, as_json: Json = False) -> None:
    """Begin nothing more of a batch; what is in flight ends.

    Example: tlray pause 20261123-120000-a1b2c3
    """
    _control(batch_id, "pause", url, home, as_json=as_json)


def resume(batch_id: BatchId, url: ServiceUrl = None, home: OrHome = None, as_json: Json = False) -> None:
    """Go on with a batch that is paused.

    Example: tlray resume 20261123-120000-a1b2c3
    """
    _control(batch_id, "resume", url, home, as_json=as_json)


def cancel(batch_id: BatchId, url: ServiceUrl = None, home: OrHome = None, as_json: Json = False) -> None:
    """End a batch: what is in flight stops, what it has fetched stays.

    Example: tlray cancel 20261123-120000-a1b2c3 --home sets
    """
    _control(batch_id, "cancel", url, home, as_json=as_json)


def _control(batch_id: str, action: str, url: str | None, home: Path | None, *, as_json: bool) -> None:
    if home is not None and url is not None:
        raise UsageError(f"--home and --url: {action} a batch of a home or of a service; give one of them")
    status = control_at(home, batch_id, action) if home is not None else _ask_service(batch_id, action, url)
    print(json.dumps(status) if as_json else _text(batch_id, status))


def _text(batch_id: str, status: Mapping[str, Any]) -> str:
    n_cancelled = status["counts"].get("cancelled", 0)
    cancelled = f", {n_cancelled} cancelled" if n_cancelled else ""
    return f"{batch_id} {status['state']}: {n_done(status['counts'])} of {status['total']} done{cancelled}"


def _ask_service(batch_id: str, action: str, url: str | None) -> dict[str, Any]:
    try:
        with service(url or DEFAULT_URL) as client:
            status: dict[str, Any] = client.request("POST", batch_path(batch_id, f"/{action}"))
    except ServiceUnavailable as error:
        if url is not None:
            raise
        why = f"{error.reason}; a batch that no service runs: `tlray {action} {batch_id} --home DIR`"
        raise ServiceUnavailable(str(error.args[0]), why) from None
    return status
