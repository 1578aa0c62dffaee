"""``tlray serve``: the service, on this machine's own Ray or on the cluster at ``RAY_ADDRESS``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from tlray.cli.command_end import end_at_once
from tlray.cli.options import HomeOption
from tlray.errors import RayLost
from tlray.settings import read_settings


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen at; others than loopback need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8000,
    home: HomeOption = None,
    replicas: Annotated[
        int | None, typer.Option(min=1, max=32, help="Processes that answer requests; by default 1.")
    ] = None,
    max_workers: Annotated[int | None, typer.Option(help="Scrape tasks at once.")] = None,
    contact: Annotated[
        str | None, typer.Option(help="Whom a site's owner can write to; needed for public hosts.")
    ] = None,
    dashboard: Annotated[bool, typer.Option("--dashboard", help="Start Ray's dashboard, too.")] = False,
) -> None:
    """Answer HTTP: submit batches, watch them, take their results; until Ctrl-C.

    Example: tlray serve --port 8000
    """
    settings = read_settings(home=home, max_workers=max_workers, contact=contact, replicas=replicas)
    from tlray.service.auth.listen_policy import EVERYWHERE  # noqa: PLC0415
    from tlray.service.serve import Server  # noqa: PLC0415 - Ray is loaded where it is used

    listener = Server(settings, host=host, port=port, dashboard=dashboard)

    def ready(url: str) -> None:
        if host in EVERYWHERE:
            others = ", ".join(sorted(settings.hosts)) or "TLRAY_ALLOWED_HOSTS names others"
            sys.stderr.write(
                f"it listens at every address of this machine, and answers for those; for names: {others}\n"
            )
        sys.stderr.write(f"tlray answers at {url} (documentation: {url}/docs, home: {settings.home})\n")
        sys.stderr.flush()

    def lost(what: str, kill_rest: Callable[[], None]) -> None:
        if listener.is_stopping:  # the signal has reached Ray's processes too
            end_at_once("tlray: stopped; its batches sleep until the next `tlray serve`", 0, first=kill_rest)
        error = RayLost(what, "start `tlray serve` again, and its batches go on")
        end_at_once(f"tlray: {error}", error.exit_code, first=kill_rest)

    listener.run(on_ready=ready, on_lost=lost)
