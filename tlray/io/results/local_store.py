"""The result store of a home: local files, renamed when they are published.

Files and the folders that name them are synced, so that what the manifest names survives a crash of the machine.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tlray.errors import CannotFinish, HomeUnusable, StorageUnavailable
from tlray.io.disk.durable import disk_errors, make_folder, move, sync_folder
from tlray.io.disk.home import Home
from tlray.io.results import layout
from tlray.io.results.store import PartFile, PartMoved, StoredFile, is_whole, require_none_lost

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class LocalStore:
    """The files of parts in a home."""

    home: Home
    is_storage: bool = False
    """True if it is a ``file:`` storage, which may be missing on this node."""

    @property
    def publishes_late(self) -> bool:
        """A rename costs nothing: False."""
        return False

    @contextmanager
    def stage(self, batch_id: str, stem: str) -> Iterator[LocalStaging]:
        """Write a part; see `ResultStore`."""
        folder = self.staging(batch_id)
        with self._errors():
            staging = LocalStaging(
                {kind: self.staged(batch_id, layout.checked(stem), kind) for kind in PartFile}
            )
            make_folder(folder, below=self.home.path)
            try:
                yield staging
                staging.sync()
                sync_folder(folder)
            except BaseException:
                staging.discard()
                raise

    def publish(self, batch_id: str, *stems: str) -> None:
        """Rename staged files to their places; see `ResultStore`."""
        lost = []
        with self._errors():
            for kind in PartFile:
                make_folder(self._folder(batch_id, kind), below=self.home.path)
            for stem in stems:
                there = {kind for kind in PartFile if self._publish(batch_id, stem, kind)}
                lost += [] if is_whole(there) else [stem]
            if stems:
                self._sync(batch_id)
        require_none_lost(batch_id, lost, str(self.home.path))

    def open(self, batch_id: str, stem: str, kind: PartFile) -> pa.NativeFile:
        """Open a file for reading; see `ResultStore`."""
        from pyarrow.fs import LocalFileSystem  # noqa: PLC0415 - the coordinator opens nothing, and needs no Arrow

        published, staged = self.published(batch_id, stem, kind), self.staged(batch_id, stem, kind)
        for path in (
            published,
            staged,
            published,
        ):  # it may be published between the first look and the second
            try:
                return LocalFileSystem().open_input_file(str(path))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise CannotFinish(f"part {stem} of batch {batch_id} cannot be read: {error}") from error
        with self._errors():  # it may be that nothing is there
            raise PartMoved(stem, batch_id)

    def delete(self, batch_id: str, stems: Collection[str]) -> None:
        """Unlink all files of parts; see `ResultStore`."""
        with self._errors():
            for stem in stems:
                for kind in reversed(PartFile):  # the opposite order of publishing: no set without its tracks
                    path = self.published(batch_id, stem, kind)
                    path.unlink(missing_ok=True)
                    path.with_name(f".{path.name}").unlink(
                        missing_ok=True
                    )  # a copy to another disk, cut short
                for kind in PartFile:
                    self.staged(batch_id, stem, kind).unlink(missing_ok=True)
            if stems:
                self._sync(batch_id)

    def list(self, batch_id: str) -> Sequence[StoredFile]:
        """List the published and the staged files; see `ResultStore`."""
        found: Sequence[StoredFile] = ()
        with self._errors():
            for kind in PartFile:
                found = *found, *self._listed(self._folder(batch_id, kind), kind)
            return *found, *self._listed(self.staging(batch_id), None)

    def place(self, batch_id: str, stem: str, kind: PartFile) -> str:
        """Return where a file is published, below the home."""
        return layout.published(batch_id, stem, kind)

    def batches(self) -> Mapping[str, Sequence[str]]:
        """Return each batch that has a folder; see `ResultStore`."""
        found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for above in (self.home.path / root for root in layout.ROOTS):
            for folder in above.iterdir() if above.is_dir() else ():
                if folder.is_dir():
                    found[folder.name] += (self._name(folder),)
        return found

    # -- where they are -----------------------------------------------------------------------------

    def staging(self, batch_id: str) -> Path:
        """Return the folder of a batch's staged files."""
        return self.home.path / layout.staging_folder(batch_id)

    def staged(self, batch_id: str, stem: str, kind: PartFile) -> Path:
        """Return where a file is staged."""
        return self.home.path / layout.staged(batch_id, stem, kind)

    def published(self, batch_id: str, stem: str, kind: PartFile) -> Path:
        """Return where a file is published."""
        return self.home.path / layout.published(batch_id, stem, kind)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Translate errors of the disk; a storage without its ``home.id`` is not mounted."""
        uri = f"file://{self.home.path}"
        if self.is_storage and not self.home.id:
            raise StorageUnavailable(uri, "it is not mounted here: it has no home.id", True)
        try:
            with disk_errors(self.home.path):
                yield
        except HomeUnusable as error:
            if not self.is_storage:
                raise
            raise StorageUnavailable(uri, str(error.args[1])) from error

    def _folder(self, batch_id: str, kind: PartFile) -> Path:
        return self.home.path / layout.published_folder(batch_id, kind)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.home.path))

    def _publish(self, batch_id: str, stem: str, kind: PartFile) -> bool:
        """Publish one file if it is staged; return True if it is published now."""
        target = self.published(batch_id, stem, kind)
        try:
            move(self.staged(batch_id, stem, kind), target)
        except FileNotFoundError:
            return target.exists()
        return True

    def _sync(self, batch_id: str) -> None:
        for folder in (*(self._folder(batch_id, kind) for kind in PartFile), self.staging(batch_id)):
            if folder.is_dir():
                sync_folder(folder)

    def _listed(self, folder: Path, published_as: PartFile | None) -> Iterator[StoredFile]:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            try:
                stat = path.stat()
            except FileNotFoundError:  # it was just published, or deleted
                continue
            place = self._name(path)
            if file := layout.stored_file(place, stat.st_size, stat.st_mtime, published_as=published_as):
                yield file


class LocalStaging:
    """The files of a part that is being written."""

    def __init__(self, paths: dict[PartFile, Path]) -> None:
        self._paths = paths
        self._open: dict[PartFile, BinaryIO] = {}
        self.sizes: dict[PartFile, int] = {}

    def open(self, kind: PartFile) -> BinaryIO:
        """Open one of its files for writing."""
        self._open[kind] = file = self._paths[kind].open("wb")
        return file

    def sync(self) -> None:
        """Make all files durable."""
        for kind, file in self._open.items():
            self.sizes[kind] = file.tell()
            file.flush()
            os.fsync(file.fileno())
            file.close()

    def discard(self) -> None:
        """Remove all files."""
        for kind, file in self._open.items():
            with suppress(OSError):  # what is not written yet needs no disk any more
                file.close()
            self._paths[kind].unlink(missing_ok=True)
