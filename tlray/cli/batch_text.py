"""A batch in words: as a line of a list, and as the head of its status. A home and a service tell the same."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import Any, Final

from rich.cells import cell_len

from tlray.cli.progress_panel import fit
from tlray.core.model.amounts import plural
from tlray.core.model.printable import one_line
from tlray.core.model.progress import n_done
from tlray.io.disk.local_time import local_minute

SLEEPS: Final = " (sleeps: tlray scrape --resume)"
WHOLE, MEDIUM = 120, 60
"""Terminals of at least these widths have room for all columns, or for a name."""
MIN_NAME: Final = 6
STATES: Final = ("queued", "waiting", "leased", "succeeded", "dead", "skipped", "cancelled")
MAX_ISSUES: Final = 5


def terminal_width() -> int | None:
    """Return the width of the terminal that stdout is; None where it is none, and lines may be as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def batch_line(row: Mapping[str, Any], *, width: int | None = None) -> str:
    """Return a batch of a list as a line that a terminal of this width does not wrap; id, state and numbers stay whole."""
    counts, state = row["counts"], state_word(row)
    done = f"{n_done(counts)}/{row['total']}"
    n_dead = counts.get("dead", 0)
    name = one_line(row["name"])
    if width is None or width >= WHOLE:
        owner = f"  ({one_line(row['owner'])})" if row.get("owner") else ""
        line = (
            f"{row['batch_id']}  {local_minute(row['created_at'])}  {state:10} {done:>13} done"
            f"{f'  {n_dead:>6} dead' if n_dead else ' ' * 13}  {row['tracks']:>8} tracks"
            f"  {name}{owner}{SLEEPS if row.get('sleeps') else ''}"
        )
        return line.rstrip() if width is None else fit(line.rstrip(), width)
    if width >= MEDIUM:
        line = f"{row['batch_id']}  {state:10} {done:>11}"
        line += f"  {n_dead} dead" if n_dead else ""
    else:
        line = f"{row['batch_id']} {state} {done}"
    room = width - cell_len(line) - 2
    return f"{line}  {fit(name, room)}".rstrip() if room >= MIN_NAME else line


def state_word(row: Mapping[str, Any]) -> str:
    """Return a batch's state in a word; "running" is said of none at which nobody works."""
    return "sleeping" if row.get("sleeps") and row["state"] == "running" else str(row["state"])


def status_head(row: Mapping[str, Any]) -> list[str]:
    """Return the first lines of a status: state and counts."""
    counts = row["counts"]
    name = " ".join(filter(None, (row["batch_id"], one_line(row["name"]), state_word(row))))
    found = (
        f"; {plural(row['found'], 'set')} found, {row['lists']:,} further pages of lists"
        if row.get("found")
        else ""
    )
    by_state = ", ".join(f"{counts[state]:,} {state}" for state in STATES if counts.get(state))
    tracks = f"{plural(row['tracks'], 'track')}, {plural(row['retries'], 'retry', 'retries')}"
    return [
        f"{name}{SLEEPS if row.get('sleeps') else ''}: {n_done(counts):,} of {plural(row['total'], 'item')} done, {tracks}",
        f"  list: {plural(row['duplicates'], 'duplicate')}, {row['n_rejected']:,} rejected{found}",
        f"  items: {by_state or 'none'}",
    ]


def quality_text(quality: Mapping[str, Any] | None) -> str:
    """Return the quality of a batch's sets; "" if none of them has one."""
    if quality is None or quality["mean"] is None:
        return ""
    issues = ", ".join(f"{n:,} × {name}" for name, n in list(quality["issues"].items())[:MAX_ISSUES])
    rest = one_line(f": {issues}" if issues else "")
    return f"  quality: {quality['mean']:.2f}, mean of {plural(quality['sets'], 'set')}{rest}"
