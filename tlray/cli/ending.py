"""How does a command end with its batch? One line says what came of it; exit 3 where something is left to do."""

from __future__ import annotations

import typer

from tlray.api import BatchResult

INCOMPLETE = 3


def summary_line(result: BatchResult) -> str:
    """Return what came of a batch, in one line."""
    earlier = f", {result.answered} of them fetched earlier" if result.answered else ""
    return (
        f"{result.state}: {result.succeeded} of {result.total} sets{earlier}, {result.tracks} tracks in {result.elapsed_s:.1f} s"
        f" ({result.dead} dead, {result.skipped} skipped, {result.cancelled} cancelled)"
    )


def exit_if_incomplete(result: BatchResult) -> None:
    """End with exit 3 where items died, or lines were rejected."""
    if result.dead or result.n_rejected:
        raise typer.Exit(INCOMPLETE)
