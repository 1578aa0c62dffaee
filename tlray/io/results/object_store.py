"""The result store of an object storage: S3, Google Cloud Storage, Azure Blob Storage.

A rename does not exist there, and a copy costs requests. So each file of a part is uploaded once, by one PUT that creates it
whole, into ``_staging/``. It counts when the manifest names it, and stays there until its batch ends: plain readers do not look
there. By then most parts have been merged into a few large ones. These are published by copies within the storage, each of which
appears whole, and the staged ones are deleted. A crash between any two of these requests leaves what the next end of the batch
goes on with.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Final

from tlray.errors import TlrayError
from tlray.io.results import layout
from tlray.io.results.object_client import ObjectClient
from tlray.io.results.store import PartFile, PartMoved, StoredFile, is_whole, require_none_lost

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE: Final = 8
"""Copies at a time."""


_Files = list[StoredFile]
_Keys = list[str]


class _Written(io.BytesIO):
    """A file in memory whose content outlives its end."""

    def close(self) -> None:
        """Stay open: the content is sent later."""


class MemoryStaging:
    """The files of a part that is being written; all are uploaded at the end."""

    def __init__(self) -> None:
        self._files: dict[PartFile, io.BytesIO] = {}

    def open(self, kind: PartFile) -> BinaryIO:
        """Open one of its files for writing."""
        self._files[kind] = file = _Written()
        return file

    @property
    def sizes(self) -> dict[PartFile, int]:
        """Bytes of each file."""
        return {kind: file.getbuffer().nbytes for kind, file in self._files.items()}

    def contents(self) -> list[tuple[PartFile, memoryview]]:
        """Return what was written, in the order of publishing."""
        return [(kind, self._files[kind].getbuffer()) for kind in PartFile if kind in self._files]


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The files of parts as objects."""

    client: ObjectClient

    @property
    def publishes_late(self) -> bool:
        """A copy costs a request: True."""
        return True

    @contextmanager
    def stage(self, batch_id: str, stem: str) -> Iterator[MemoryStaging]:
        """Upload a part; see `ResultStore`."""
        staging = MemoryStaging()
        layout.checked(stem)
        yield staging
        sent: _Keys = []
        try:
            for kind, content in staging.contents():
                sent.append(layout.staged(batch_id, stem, kind))
                self.client.create(sent[-1], content)
        except BaseException:
            with suppress(TlrayError):  # the next end of the batch removes it
                replace(self.client, patience_s=0.0).delete(sent)
            raise

    def publish(self, batch_id: str, *stems: str) -> None:
        """Copy staged files to their places, then delete the staged ones; see `ResultStore`."""
        if not stems:
            return
        files = self._by_stem(batch_id, stems)
        for kind in PartFile:
            staged = [
                stem for stem in stems if any(f.kind is kind and not f.is_published for f in files[stem])
            ]
            _at_once(
                lambda stem, kind=kind: self.client.copy(  # type: ignore[misc]
                    layout.staged(batch_id, stem, kind), layout.published(batch_id, stem, kind)
                ),
                staged,
            )
        self.client.delete([f.name for stem in stems for f in files[stem] if not f.is_published])
        lost = [stem for stem in stems if not is_whole({f.kind for f in files[stem] if f.kind is not None})]
        require_none_lost(batch_id, lost, self.client.storage.uri)

    def open(self, batch_id: str, stem: str, kind: PartFile) -> pa.NativeFile:
        """Open a file for reading: tables are read whole at once, an archive by ranges; see `ResultStore`."""
        import pyarrow as pa  # noqa: PLC0415 - the coordinator opens nothing, and needs no Arrow

        published, staged = layout.published(batch_id, stem, kind), layout.staged(batch_id, stem, kind)
        for key in (
            published,
            staged,
            published,
        ):  # it may be published between the first look and the second
            with suppress(FileNotFoundError):
                if kind is PartFile.ARCHIVE:
                    return pa.PythonFile(self.client.open(key), mode="r")
                return pa.BufferReader(pa.py_buffer(self.client.read(key)))
        raise PartMoved(stem, batch_id)

    def delete(self, batch_id: str, stems: Collection[str]) -> None:
        """Delete all files of parts; see `ResultStore`."""
        if not stems:
            return
        files = [file for some in self._by_stem(batch_id, stems).values() for file in some]
        for kind in reversed(PartFile):  # the opposite order of publishing: no set without its tracks
            self.client.delete([f.name for f in files if f.is_published and f.kind is kind])
        self.client.delete([f.name for f in files if not f.is_published])

    def list(self, batch_id: str) -> Sequence[StoredFile]:
        """List the published and the staged files; see `ResultStore`."""
        folders: dict[str, PartFile | None] = {
            layout.published_folder(batch_id, kind): kind for kind in PartFile
        } | {layout.staging_folder(batch_id): None}
        found = []
        for root in layout.ROOTS:
            for stored in self.client.list(f"{root}/{batch_id}"):
                folder = stored.key.rpartition("/")[0]
                if folder in folders and (
                    file := layout.stored_file(
                        stored.key, stored.n_bytes, stored.modified_at, published_as=folders[folder]
                    )
                ):
                    found.append(file)
        return found

    def place(self, batch_id: str, stem: str, kind: PartFile) -> str:
        """Return where a file is published, below the prefix."""
        return layout.published(batch_id, stem, kind)

    def batches(self) -> Mapping[str, Sequence[str]]:
        """Return each batch that has objects; see `ResultStore`."""
        found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for root in layout.ROOTS:
            for folder in self.client.folders(root):
                found[folder.rpartition("/")[2]] += (folder,)
        return found

    def _by_stem(self, batch_id: str, stems: Iterable[str]) -> dict[str, _Files]:
        """Return the files of some parts."""
        found: dict[str, _Files] = {stem: [] for stem in stems}
        for file in self.list(batch_id):
            if file.stem in found:
                found[file.stem].append(file)
        return found


def _at_once(action: Callable[[str], None], stems: Sequence[str]) -> None:
    """Run an action for all stems, some at a time; raise the first error."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(action, stems):
            pass
