"""Merging a batch's small parts into large ones: planned by the coordinator, done in a Ray task, committed by the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import ray

from tlray.io.home import Home
from tlray.io.journal_rows import PartRow
from tlray.io.journal_sqlite import SqliteJournal
from tlray.io.merge_plan import PartSize, plan
from tlray.io.part_files import take_the_place

TARGET_BYTES = 64 * 1024 * 1024
"""Parts of half of that or more are left as they are."""


def merge_parts(home: Home, batch_id: str, stems: tuple[str, ...], new_stem: str) -> Any:
    """Stage one part made of others; this is the Ray task."""
    from tlray.io.compact import merge  # noqa: PLC0415 - pyarrow is loaded in the task only, not in the coordinator

    return merge(home, batch_id, stems, new_stem)


async def compact_batch(
    home: Home,
    journal: SqliteJournal,
    write: Callable[..., Awaitable[Any]],
    batch_id: str,
    *,
    is_final: bool = True,
) -> int:
    """Merge what is worth merging; return how many parts became fewer. A crash at any point is mended by the next sweep."""
    parts: list[PartRow] = await write(journal.parts, batch_id)
    sizes = [PartSize(part.stem, part.n_bytes) for part in parts]
    n_gone = 0
    for stems in plan(sizes, target_bytes=TARGET_BYTES, is_final=is_final):
        new_stem = f"{stems[0]}m"
        # it waits for no CPU: those may be taken by the tasks of other batches for hours, and this one's end waits for it
        task = ray.remote(merge_parts).options(name=f"merge {len(stems)} parts", num_cpus=0, max_retries=1)
        merged = await task.remote(home, batch_id, stems, new_stem)
        note = merged.part
        row = PartRow(
            new_stem, batch_id, note.n_sets, note.n_tracks, note.n_bytes,
            has_rows=note.n_sets > 0, has_pages=bool(merged.warc_offsets),
        )  # fmt: skip
        offsets = {stem: merged.warc_offsets.get(stem, 0) for stem in stems}
        await write(_replace, home, journal, batch_id, offsets, row)
        n_gone += len(stems) - 1
    return n_gone


def _replace(
    home: Home, journal: SqliteJournal, batch_id: str, offsets: dict[str, int], row: PartRow
) -> None:
    journal.replace_parts(batch_id, offsets, row)
    take_the_place(home, batch_id, list(offsets), row.stem)
