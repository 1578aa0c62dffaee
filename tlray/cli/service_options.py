"""The options that name a service and its token."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tlray.cli.wait_notice import WaitingLines
from tlray.errors import UsageError
from tlray.io.client.http_client import DEFAULT_URL, ServiceClient

TOKEN = "TLRAY_TOKEN"  # noqa: S105 - the variable's name
ServiceUrl = Annotated[
    str, typer.Option("--url", metavar="URL", help=f"The service; a token for it stands in {TOKEN}.")
]
OrService = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=f"Ask a running service, in the place of a home; a token for it stands in {TOKEN}.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
BatchId = Annotated[str, typer.Argument(help="The batch; `tlray list --url …` shows them.")]


def service(url: str = DEFAULT_URL, *, home: Path | None = None) -> ServiceClient:
    """Return a client of a service; it says on stderr what it waits for."""
    if home is not None:
        raise UsageError(
            "--home and --url: a home is read on this machine, a service is asked; give one of them"
        )
    return ServiceClient(url, os.environ.get(TOKEN) or None, on_wait=WaitingLines().say)
