"""Parts in memory: staged, published, merged. What is visible is checked at once: no page stands there twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tlray.core.scheduling.crash_suspect import CrashSuspect
from tlray.io.journal.rows import PartRow
from tlray.io.results.store import (
    ResultStore,
    StoredFile,
    publish_named,
    recover,
    replace_parts,
    settle,
)
from tlray.model import Tracklist

from .calls import Delays
from .lives import Life

Row = tuple[int, str]
"""Item and fingerprint."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What `tlray.io.results.part_writer.StagedPart` says."""

    stem: str
    n_sets: int
    n_tracks: int
    n_bytes: int


@dataclass
class Disk:
    """All files of a home, as a `ResultStore` whose parts have no content; it outlives every process."""

    publishes_late: bool = False
    staged: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    published: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    staged_at: dict[str, float] = field(default_factory=dict)
    _seen: dict[str, set[str]] = field(default_factory=dict)
    """Batch → fingerprints of what is visible."""

    def visible(self, batch_id: str) -> list[Row]:
        return [row for (batch, _), rows in self.published.items() if batch == batch_id for row in rows]

    def rows(self, batch_id: str, stem: str) -> list[Row] | None:
        """Return the rows of a part, wherever it is."""
        key = batch_id, stem
        return self.published.get(key, self.staged.get(key))

    def publish(self, batch_id: str, *stems: str) -> None:
        """Let parts be seen, unless they are; no page of a batch may be visible twice."""
        for stem in stems:
            rows = self.staged.pop((batch_id, stem), None)
            if rows is not None:
                self._withdraw(batch_id, stem)
                seen, new = self._seen.setdefault(batch_id, set()), {fingerprint for _, fingerprint in rows}
                assert len(new) == len(rows), f"rows of batch {batch_id} show twice"
                assert not seen & new, f"rows of batch {batch_id} show twice"
                seen |= new
                self.published[batch_id, stem] = rows
            assert (batch_id, stem) in self.published, f"part {stem} of {batch_id} is lost"

    def delete(self, batch_id: str, stems: Collection[str]) -> None:
        for stem in stems:
            self.staged.pop((batch_id, stem), None)
            self._withdraw(batch_id, stem)

    def _withdraw(self, batch_id: str, stem: str) -> None:
        """Delete a part that can be seen."""
        rows = self.published.pop((batch_id, stem), ())
        self._seen.get(batch_id, set()).difference_update(fingerprint for _, fingerprint in rows)

    def list(self, batch_id: str) -> Sequence[StoredFile]:
        return [
            StoredFile(stem, stem, None, 0, parts is self.published, self.staged_at[stem])
            for parts in (self.published, self.staged)
            for batch, stem in parts
            if batch == batch_id
        ]

    def batches(self) -> dict[str, Sequence[str]]:
        return {batch: () for batch, _ in [*self.staged, *self.published]}


class SimulatedParts:
    """The port `PartStore` of a coordinator's life."""

    def __init__(
        self,
        life: Life,
        delays: Delays,
        disk: Disk,
        take_note: Callable[[str], CrashSuspect],
        has_note: Callable[[str], bool],
    ) -> None:
        self._life, self._delays, self._disk = life, delays, disk
        self._take_note, self._has_note = take_note, has_note

    def publish(self, batch_id: str, *stems: str) -> None:
        publish_named(self._store, batch_id, *stems)

    def recover(self, batch_id: str, stems: Sequence[str]) -> None:
        recover(self._store, batch_id, stems)

    def replace(self, batch_id: str, old: Collection[str], new: str, *, has_ended: bool = False) -> None:
        replace_parts(self._store, batch_id, old, new, has_ended=has_ended)

    async def merge(
        self, batch_id: str, stems: tuple[str, ...], new_stem: str
    ) -> tuple[PartRow, dict[str, int]]:
        await asyncio.sleep(self._delays.rng.random())
        await self._life.reach()
        rows = [row for stem in stems for row in self._disk.rows(batch_id, stem) or ()]
        self._disk.staged[batch_id, new_stem] = rows
        self._disk.staged_at[new_stem] = asyncio.get_running_loop().time()
        await asyncio.sleep(self._delays.one_way_s())
        await self._life.reach()
        part = PartRow(new_stem, batch_id, len(rows), 3 * len(rows), 1, has_rows=bool(rows), has_pages=False)
        return part, dict.fromkeys(stems, 0)

    async def finish(
        self, batch_id: str, named: Callable[[], Awaitable[Sequence[str]]], *, life: int
    ) -> None:
        if not self._disk.publishes_late:
            return
        await asyncio.sleep(self._delays.rng.random())
        await self._life.reach()
        files = self._disk.list(batch_id)
        stems = await named()
        await asyncio.sleep(self._delays.rng.random())
        await self._life.reach()
        now = asyncio.get_running_loop().time()
        settle(self._store, batch_id, files, stems, life=life, now=now)

    @property
    def _store(self) -> ResultStore:
        return cast("ResultStore", self._disk)

    async def is_usable(self) -> bool:
        return True

    async def has_note(self, lease_id: str) -> bool:
        await asyncio.sleep(self._delays.one_way_s())
        await self._life.reach()
        return self._has_note(lease_id)

    async def take_note(self, lease_id: str) -> CrashSuspect:
        await asyncio.sleep(self._delays.one_way_s())
        await self._life.reach()
        return self._take_note(lease_id)


class SimulatedFiles:
    """The port `PartFiles` of a scrape task."""

    def __init__(self, life: Life, delays: Delays, disk: Disk) -> None:
        self._life, self._delays, self._disk = life, delays, disk

    async def stage(
        self, batch_id: str, stem: str, rows: Sequence[tuple[Any, Tracklist]], pages: bytes
    ) -> Any:
        await asyncio.sleep(self._delays.rng.random() * self._delays.chances.write_s)
        await self._life.reach()
        self._disk.staged[batch_id, stem] = [(key.item_id, key.fingerprint) for key, _ in rows]
        self._disk.staged_at[stem] = asyncio.get_running_loop().time()
        await asyncio.sleep(self._delays.one_way_s())
        await self._life.reach()
        return Staged(stem, len(rows), 3 * len(rows), 1)

    async def read_items(
        self, batch_id: str, stem: str, item_ids: Collection[int]
    ) -> dict[int, list[Tracklist]]:
        await asyncio.sleep(self._delays.rng.random() * self._delays.chances.write_s)
        await self._life.reach()
        rows = self._disk.rows(batch_id, stem) or []
        return {item: [A_SET] for item, _ in rows if item in item_ids}


A_SET = Tracklist(
    url="http://a.test/1", site="made", source_id="1", title="A set", track_count=3, identified_count=3, cued_count=0,
    tracks=[], parser="made/1",
)  # fmt: skip
