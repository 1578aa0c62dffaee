"""The result store of a home: local files, renamed when they are published.

::

    results/<batch_id>/_staging/<stem>.tracklists.parquet   ->  results/<batch_id>/tracklists/<stem>.parquet
    results/<batch_id>/_staging/<stem>.tracks.parquet       ->  results/<batch_id>/tracks/<stem>.parquet
    results/<batch_id>/_staging/<stem>.warc.gz              ->  archive/<batch_id>/<stem>.warc.gz

Files and the folders that name them are synced, so that what the manifest names survives a crash of the machine. The
underscore hides the staged files from pandas and Arrow.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tlray.errors import CannotFinish
from tlray.io.disk.durable import disk_errors, make_folder, move, sync_folder
from tlray.io.disk.home import Home
from tlray.io.results.store import PartFile, PartMoved, StoredFile, is_whole

if TYPE_CHECKING:
    import pyarrow as pa

_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SUFFIXES = {PartFile.ARCHIVE: ".warc.gz", PartFile.TRACKS: ".parquet", PartFile.TRACKLISTS: ".parquet"}
_STAGED_SUFFIXES = {PartFile.ARCHIVE: ".warc.gz"} | {
    kind: f".{kind}.parquet" for kind in (PartFile.TRACKS, PartFile.TRACKLISTS)
}


@dataclass(frozen=True, slots=True)
class LocalStore:
    """The files of parts in a home."""

    home: Home

    @contextmanager
    def stage(self, batch_id: str, stem: str) -> Iterator[LocalStaging]:
        """Write a part; see `ResultStore`."""
        folder = self.staging(batch_id)
        with disk_errors(self.home.path):
            staging = LocalStaging({kind: self.staged(batch_id, _checked(stem), kind) for kind in PartFile})
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
        with disk_errors(self.home.path):
            for kind in PartFile:
                make_folder(self._folder(batch_id, kind), below=self.home.path)
            for stem in stems:
                there = {kind for kind in PartFile if self._publish(batch_id, stem, kind)}
                lost += [] if is_whole(there) else [stem]
            if stems:
                self._sync(batch_id)
        if lost:
            raise CannotFinish(
                f"part {', '.join(lost)} of batch {batch_id} is lost: its files are not in {self.home.path}"
            )

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
        raise PartMoved(stem, batch_id)

    def delete(self, batch_id: str, stems: Collection[str]) -> None:
        """Unlink all files of parts; see `ResultStore`."""
        with disk_errors(self.home.path):
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
        with disk_errors(self.home.path):
            for kind in PartFile:
                found = *found, *self._listed(self._folder(batch_id, kind), {kind: _SUFFIXES[kind]}, kind)
            return *found, *self._listed(self.staging(batch_id), _STAGED_SUFFIXES, None)

    def place(self, batch_id: str, stem: str, kind: PartFile) -> str:
        """Return where a file is published, below the home."""
        return self._name(self.published(batch_id, stem, kind))

    def batches(self) -> Mapping[str, Sequence[str]]:
        """Return each batch that has a folder; see `ResultStore`."""
        found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for above in (self.home.results("x").parent, self.home.archive("x").parent):
            for folder in above.iterdir() if above.is_dir() else ():
                if folder.is_dir():
                    found[folder.name] += (self._name(folder),)
        return found

    # -- where they are -----------------------------------------------------------------------------

    def staging(self, batch_id: str) -> Path:
        """Return the folder of a batch's staged files."""
        return self.home.results(batch_id) / "_staging"

    def staged(self, batch_id: str, stem: str, kind: PartFile) -> Path:
        """Return where a file is staged."""
        return self.staging(batch_id) / (stem + _STAGED_SUFFIXES[kind])

    def published(self, batch_id: str, stem: str, kind: PartFile) -> Path:
        """Return where a file is published."""
        return self._folder(batch_id, kind) / (stem + _SUFFIXES[kind])

    def _folder(self, batch_id: str, kind: PartFile) -> Path:
        return self.home.archive(batch_id) if kind is PartFile.ARCHIVE else self.home.results(batch_id) / kind

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

    def _listed(
        self, folder: Path, suffixes: dict[PartFile, str], published_as: PartFile | None
    ) -> Iterator[StoredFile]:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if published_as is not None and path.name.startswith(("_", ".")):
                continue  # Arrow and pandas pass it over, too
            kind = next((kind for kind, suffix in suffixes.items() if path.name.endswith(suffix)), None)
            stem = None if kind is None else path.name.removesuffix(suffixes[kind])
            try:
                n_bytes = path.stat().st_size
            except FileNotFoundError:  # it was just published, or deleted
                continue
            yield StoredFile(self._name(path), stem, kind or published_as, n_bytes, published_as is not None)


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


def _checked(stem: str) -> str:
    """Return a stem that is a safe file name and can be told from its suffix."""
    if not _STEM.fullmatch(stem):
        raise ValueError(f"{stem!r} is no name of a part: letters, digits, - and _")
    return stem
