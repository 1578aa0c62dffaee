"""Merging a batch's small parts into large ones: planned by the coordinator, done in a Ray task, committed by the journal."""

from __future__ import annotations

from tlray.cluster.coordinator.state import CoordinatorState
from tlray.errors import Conflict
from tlray.io.journal.rows import PartRow, Revised
from tlray.io.results.compaction_plan import PartSize, plan

TARGET_BYTES = 64 * 1024 * 1024
"""Parts of half of that or more are left as they are."""


async def compact_batch(state: CoordinatorState, batch_id: str, *, is_final: bool = True) -> int:
    """Merge what is worth merging; return how many parts became fewer. A crash at any point is repaired by the next recovery."""
    parts = await state.write(state.journal.parts, batch_id)
    sizes = [PartSize(part.stem, part.n_bytes) for part in parts]
    n_gone = 0
    for stems in plan(sizes, target_bytes=TARGET_BYTES, is_final=is_final):
        state.n_merges += (
            1  # a name is used once: what a merge that failed has left is never taken for another's
        )
        new_stem = f"{stems[0]}-m{state.incarnation:04d}-{state.n_merges}"
        row, offsets = await state.ports.parts.merge(batch_id, stems, new_stem)
        await state.write(_replace, state, offsets, row)
        n_gone += len(stems) - 1
    return n_gone


def _replace(state: CoordinatorState, offsets: dict[str, int], row: PartRow) -> None:
    state.journal.replace_parts(row.batch_id, offsets, row)
    state.ports.parts.replace(row.batch_id, list(offsets), row.stem)


def replace_part(state: CoordinatorState, old_stem: str, new: PartRow, revised: Revised) -> None:
    """Put a staged part, whose pages were read again, in the place of another one, in the journal's thread; `Conflict` where that
    one has gone. Repeated, it changes nothing."""
    journal = state.journal
    stems = {part.stem for part in journal.parts(new.batch_id)}
    if new.stem not in stems:
        if old_stem not in stems:
            raise Conflict(f"part {old_stem} of batch {new.batch_id} is not there any more; start again")
        batch = journal.batch(new.batch_id).id
        with journal.transaction():
            journal.replace_parts(new.batch_id, {old_stem: 0}, new)
            journal.revise(batch, new.stem, revised)
    state.ports.parts.replace(new.batch_id, [old_stem], new.stem, has_ended=True)
