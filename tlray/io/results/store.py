"""The store of results: the files of parts, staged, published, read and deleted.

A *part* is what one flush of one lease leaves: up to three files of one stem. It is staged, then named in the journal's
manifest, then published. It counts from the moment at which the manifest names it, staged or published. Every step can be
repeated after a crash at any point.

A store in which publishing is a rename publishes a part as soon as it is named. Where publishing costs requests
(`publishes_late`), parts are read where they are staged until their batch ends; `settle` then publishes all of them.

`ResultStore` knows files, and no manifest. A reader of the published files, such as pandas, never sees a row twice:
`replace_parts` and `recover` delete what the manifest no longer names before they publish what it names instead. In between
these rows are missing there. A reader that needs all rows at any moment reads what the manifest names (`reader.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from tlray.errors import CannotFinish

if TYPE_CHECKING:
    import pyarrow as pa


SWEEP_AGE_S: Final = 900.0
"""An upload is reported long before: a lease without a report ends after 10 minutes at the latest."""


class PartMoved(CannotFinish):
    """A part is not where the manifest had it a moment ago. Ask the manifest again; if that does not help, the part is lost."""

    def __init__(self, stem: str, batch_id: str) -> None:
        super().__init__(stem, batch_id)

    def __str__(self) -> str:
        return f"part {self.args[0]} of batch {self.args[1]} cannot be read; `tlray audit` says more"


class PartFile(StrEnum):
    """The files of a part, in the order of publishing: a reader that sees a set finds its tracks."""

    ARCHIVE = "archive"
    TRACKS = "tracks"
    TRACKLISTS = "tracklists"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file in a store."""

    name: str
    """Its place, for messages."""
    stem: str | None
    """Its part; None for a file that lies among those of parts and is none."""
    kind: PartFile | None
    """The kind of files among which it lies; None where staged files of all kinds lie."""
    n_bytes: int
    is_published: bool
    modified_at: float = 0.0
    """When it was written; seconds since the epoch."""


class Staging(Protocol):
    """One part while it is staged."""

    def open(self, kind: PartFile) -> BinaryIO:
        """Open one of its files for writing."""
        ...

    @property
    def sizes(self) -> dict[PartFile, int]:
        """Bytes of each file, once all are written."""
        ...


class ResultStore(Protocol):
    """The storage of the files of parts. `StorageFull` or `HomeUnusable` where it cannot be written."""

    @property
    def publishes_late(self) -> bool:
        """True if parts are published when their batch ends, not when they are named."""
        ...

    def stage(self, batch_id: str, stem: str) -> AbstractContextManager[Staging]:
        """Write a part that readers of the published files do not see. The block leaves it durable, or after an error nothing."""
        ...

    def publish(self, batch_id: str, *stems: str) -> None:
        """Make staged parts visible; published ones stay as they are.

        `CannotFinish` names a part that is neither staged nor published, after the others are published.
        """
        ...

    def open(self, batch_id: str, stem: str, kind: PartFile) -> pa.NativeFile:
        """Open a file for reading, published or staged; `PartMoved` if it is neither, `CannotFinish` if it cannot be read."""
        ...

    def delete(self, batch_id: str, stems: Collection[str]) -> None:
        """Delete all files of parts, staged or published; those that are gone are passed over."""
        ...

    def list(self, batch_id: str) -> Sequence[StoredFile]:
        """List what readers see, and what is staged."""
        ...

    def place(self, batch_id: str, stem: str, kind: PartFile) -> str:
        """Return where a file is published, for messages."""
        ...

    def batches(self) -> Mapping[str, Sequence[str]]:
        """Return each batch that has files, with the places where they are."""
        ...


def publish_named(store: ResultStore, batch_id: str, *stems: str) -> None:
    """Publish parts that the manifest has just named, in a store that does not wait for the end of their batch."""
    if not store.publishes_late:
        store.publish(batch_id, *stems)


def replace_parts(
    store: ResultStore, batch_id: str, old: Collection[str], new: str, *, has_ended: bool = False
) -> None:
    """Put a part in the place of those that it is made of; the manifest names it already. ``has_ended``: its batch has, and so it
    is published in every store."""
    store.delete(batch_id, old)
    if has_ended:
        store.publish(batch_id, new)
    else:
        publish_named(store, batch_id, new)


def recover(store: ResultStore, batch_id: str, named: Sequence[str]) -> None:
    """Put a batch's files in order after a crash; ``named`` is its manifest, and no lease of it is alive.

    In a store that publishes late this is left to `settle`: readers that ask the manifest pass over what it does not name.
    """
    if not store.publishes_late and batch_id in store.batches():
        sweep(store, batch_id, named)
        store.publish(batch_id, *named)


def settle(
    store: ResultStore,
    batch_id: str,
    files: Sequence[StoredFile],
    named: Collection[str],
    *,
    life: int,
    now: float,
) -> None:
    """Delete what the manifest does not name, and publish all of a batch that ends, in a store that publishes late.

    ``files`` were listed before the manifest was read as ``named``, so a published file that is not named was merged away. A
    staged one may be an upload whose report is on its way; it is deleted if an earlier life of the coordinator than ``life``
    leased it, or if it is older than `SWEEP_AGE_S`.
    """
    unnamed = [file for file in files if file.stem is not None and file.stem not in named]
    dead = {
        file.stem
        for file in unnamed
        if file.stem is not None
        and (file.is_published or _life_of(file.stem) < life or file.modified_at < now - SWEEP_AGE_S)
    }
    store.delete(batch_id, sorted(dead))
    store.publish(batch_id, *named)


def _life_of(stem: str) -> int:
    """Return the life of the coordinator that leased the (first) items of a part; 0 if its name does not say."""
    life = stem.partition("-")[0]
    return int(life) if life.isdecimal() else 0


def sweep(store: ResultStore, batch_id: str, keep: Collection[str]) -> list[str]:
    """Delete all parts of a batch but those in ``keep``; return their stems, sorted.

    ``keep`` is the manifest and the stems of live leases, which may be staging right now.
    """
    stems = sorted({file.stem for file in store.list(batch_id) if file.stem is not None} - set(keep))
    store.delete(batch_id, stems)
    return stems


def require_none_lost(batch_id: str, stems: Sequence[str], place: str) -> None:
    """Raise `CannotFinish` if there are parts of a batch whose files are neither staged nor published."""
    if stems:
        raise CannotFinish(
            f"part {', '.join(stems)} of batch {batch_id} is lost: its files are not in {place}"
        )


def is_whole(kinds: Collection[PartFile]) -> bool:
    """Return True if a part may have these files: at least one, and both tables or none."""
    return bool(kinds) and (PartFile.TRACKS in kinds) == (PartFile.TRACKLISTS in kinds)
