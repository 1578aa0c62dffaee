"""``tlray demo``: the bundled demo site, on loopback addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    sites: Annotated[int, typer.Option(help="How many sites: 127.0.0.1, .2, .3 …")] = 3,
    sets: Annotated[int, typer.Option(help="How many sets in all.")] = 120,
    faults: Annotated[
        str, typer.Option(metavar="P", help="A share of pages that misbehave (0.1), or NAME=SHARE,…")
    ] = "",
    robots: Annotated[
        list[str] | None, typer.Option(help="What robots.txt says: KIND, or SITE:KIND.")
    ] = None,
    port: Annotated[int, typer.Option(help="One port for all sites; 0: a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
    log: Annotated[Path | None, typer.Option(help="A JSON lines file of all arrivals.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Stop when the parent is gone.")
    ] = False,
) -> None:
    """Serve invented DJ sets in the real markup, and print one JSON line when the sites are ready.

    Example: tlray demo --sites 3 --sets 120 --faults 0.1
    """
    from tlray.demo.__main__ import main  # noqa: PLC0415 - the web server is loaded where it is used

    arguments = [
        f"--sites={sites}",
        f"--sets={sets}",
        f"--port={port}",
        f"--seed={seed}",
        f"--faults={faults}",
    ]
    arguments += [f"--robots={text}" for text in robots or []]
    arguments += [f"--log={log}"] if log else []
    arguments += ["--until-stdin-closes"] if until_stdin_closes else []
    raise typer.Exit(main(arguments))
