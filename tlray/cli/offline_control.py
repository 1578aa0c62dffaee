"""``tlray pause``, ``resume`` and ``cancel`` with ``--home``: a batch of a home that no service answers for.

A living coordinator does it, and a `tlray scrape` that watches shows it at once. Where none lives, pause and cancel are
written into the journal; to go on with a batch needs a coordinator, so ``resume`` names the command that starts one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tlray.core.model.lifecycle import BatchEvent, ItemState
from tlray.errors import HomeInUse, UsageError
from tlray.io.disk.home import Home
from tlray.io.journal.opening import open_reader
from tlray.io.journal.rows import BatchRow, Counts, totals
from tlray.io.offline.control import cancel_offline, pause_offline
from tlray.settings import read_settings

if TYPE_CHECKING:
    from tlray.cluster.driver.remote import Call

T = TypeVar("T")


def control_at(home: Path, batch_id: str, action: str) -> Mapping[str, Any]:
    """Pause, resume or cancel a batch of a home; return its snapshot, or the part of one that a journal can tell."""
    settings = read_settings(home=home)
    where = Home.of(settings.home, settings.storage)
    with open_reader(where.path) as journal:
        row = journal.batch(batch_id)
    ask = partial(by_coordinator, where, lambda c: c.control(batch_id, BatchEvent(action)))
    status = ask()
    if status is not None:
        return status
    if action == "resume":
        if row.state.is_final:
            raise UsageError(f"batch {batch_id} is {row.state}; there is nothing to resume")
        raise UsageError(
            f"nobody works in {where.path}; `tlray scrape --resume {batch_id} --home {where.path}` goes on with the batch"
        )
    at_rest = pause_offline if action == "pause" else cancel_offline
    try:
        return _status(*at_rest(where, batch_id))
    except HomeInUse:  # a coordinator came first
        status = ask()
        if status is None:
            raise
        return status


def by_coordinator(home: Home, call: Call[T]) -> T | None:
    """Call the home's coordinator; None where there is none."""
    if not home.is_held() and home.holder() is None:
        return None  # nobody works here, and it ended in order: Ray need not be loaded
    from tlray.cluster.driver.attach import joined  # noqa: PLC0415
    from tlray.cluster.driver.client import Client  # noqa: PLC0415 - Ray is loaded where it is used

    with redirect_stdout(sys.stderr), joined(home) as coordinator:  # Ray's own words are no data
        if coordinator is None:
            return None
        return Client(coordinator).call(call)


def _status(row: BatchRow, counts: Counts) -> dict[str, Any]:
    by_state = totals(counts)
    return {
        "batch_id": row.batch_id, "name": row.name, "state": row.state.value, "total": sum(by_state.values()),
        "counts": {state.value: by_state.get(state, 0) for state in ItemState}, "duplicates": row.n_duplicates,
        "n_rejected": row.n_rejected, "tracks": row.n_tracks, "sleeps": not row.state.is_final,
    }  # fmt: skip
