"""The newest version of every set in a few large files, ``catalogue/tracklists`` and ``catalogue/tracks`` in the home.

A copy, like ``catalogue.db``: the parts of the batches stay, and it can be deleted at any time. A generation of files holds what
was the newest at one position in the journal. `tlray.io.catalogue.newest` reads from it what still is, and only the rest from
parts, so that ten thousand small batches are read as fast as one.

A reader of the folders, such as pandas, never sees a set twice: the files of the generation before are hidden before the new ones
appear. In between rows are missing there. A file that is open can be read to its end.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from tlray.errors import CannotFinish
from tlray.io.catalogue.database import meta, opened, set_meta
from tlray.io.disk.durable import disk_errors, make_folder, sync_folder
from tlray.io.disk.home import Home
from tlray.io.results.part_writer import REPEATED_COLUMNS
from tlray.io.results.schema import TRACKLISTS, TRACKS, completed

ROWS_PER_FILE: Final = 500_000
"""Tracks in a file, about; some 150 MB in memory."""
ROW_GROUP_ROWS: Final = 32 * 1024
_SCHEMAS: Final = {"tracklists": TRACKLISTS, "tracks": TRACKS}
Tables = tuple[pa.Table, pa.Table]


@dataclass(frozen=True, slots=True)
class Generation:
    """The files that hold the newest versions at one position."""

    position: int
    stems: tuple[str, ...]
    n_sets: int = 0
    n_tracks: int = 0


NONE: Final = Generation(-1, ())


def current(home: Home) -> Generation:
    """Return the generation that readers use; `NONE` if there is none, or not all of its files are there."""
    with opened(home) as db:
        text = meta(db, "merged")
    if text is None:
        return NONE
    found = json.loads(text)
    stems = tuple(found["stems"])
    are_there = all(_file(home, kind, stem).exists() for kind in _SCHEMAS for stem in stems)
    return Generation(found["position"], stems, found["n_sets"], found["n_tracks"]) if are_there else NONE


class FilesGone(Exception):  # noqa: N818 - named for what has happened
    """A file of a generation is not there any more, or is no whole file: the parts have the same sets."""


def read(home: Home, generation: Generation) -> Iterator[Tables]:
    """Yield (tracklists, tracks) of each file; `FilesGone`, before the first, where one is gone or cut off.

    `CannotFinish` for one that turns out to be damaged while it is read; it is not read again.
    """
    with ExitStack() as stack:
        files = [
            [stack.enter_context(_opened_file(home, kind, stem)) for kind in _SCHEMAS]
            for stem in generation.stems
        ]
        for stem, pair in zip(generation.stems, files, strict=True):
            try:
                tracklists, tracks = (
                    pq.read_table(file, schema=schema)
                    for file, schema in zip(pair, _SCHEMAS.values(), strict=True)
                )
            except (OSError, pa.ArrowException) as error:
                forget(home)
                why = str(error).splitlines()[0][:200]
                what = f"the merged file {stem} in {home.path / 'catalogue'} is damaged ({why})"
                raise CannotFinish(f"{what}; it is not used any more: try again") from error
            yield tracklists, completed(tracks)
            del tracklists, tracks  # before the next file is read: only one is in memory


def forget(home: Home) -> None:
    """Have no reader use the generation of now; the next one is used again."""
    with opened(home) as db:
        db.execute("DELETE FROM meta WHERE key = 'merged'")


def _opened_file(home: Home, kind: str, stem: str) -> BinaryIO:
    """Open a file whose end is there."""
    try:
        file = _file(home, kind, stem).open("rb")
    except FileNotFoundError as error:
        raise FilesGone(stem) from error
    try:
        pq.read_metadata(file)
        file.seek(0)
    except (OSError, pa.ArrowException) as error:
        file.close()
        raise FilesGone(stem) from error
    return file


def write(home: Home, parts: Iterable[Tables], position: int) -> Generation:
    """Write a generation and put it in the place of the one before."""
    word = f"{position:012d}-{uuid4().hex[:8]}"
    stems: list[str] = []
    n_sets = n_tracks = 0
    with disk_errors(home.path):
        for kind in _SCHEMAS:
            make_folder(_folder(home, kind), below=home.path)
    with disk_errors(home.path), _alone(home):
        for some in _filled(parts):
            stems.append(f"{word}-{len(stems):05d}")
            n_sets, n_tracks = n_sets + some[0].num_rows, n_tracks + some[1].num_rows
            for kind, table in zip(_SCHEMAS, some, strict=True):
                _write_hidden(_file(home, kind, stems[-1]), table)
        generation = Generation(position, tuple(stems), n_sets, n_tracks)
        _replace(home, generation)
    return generation


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Keep other processes from writing a generation; `CannotFinish` if one does."""
    folder = os.open(home.path / "catalogue", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CannotFinish(f"another process merges the catalogue of {home.path} just now") from None
    finally:
        os.close(folder)


def _replace(home: Home, generation: Generation) -> None:
    """Hide all other files, show those of a generation, and name them for readers."""
    with opened(home) as db:
        db.execute("BEGIN IMMEDIATE")
        old = [
            path
            for kind in _SCHEMAS
            for path in _folder(home, kind).glob("*.parquet")
            if path.name[0] not in "_."
        ]
        for path in old:
            path.unlink()
        for kind in reversed(_SCHEMAS):  # tracks first: no set without its tracks
            for stem in generation.stems:
                path = _file(home, kind, stem)
                path.with_name(f"_{path.name}").replace(path)
            sync_folder(_folder(home, kind))
        told = {
            "position": generation.position, "stems": generation.stems, "n_sets": generation.n_sets,
            "n_tracks": generation.n_tracks,
        }  # fmt: skip
        set_meta(db, "merged", json.dumps(told))
        db.execute("COMMIT")
        for kind in _SCHEMAS:  # of a process that was killed while it wrote
            for path in _folder(home, kind).glob("_*.parquet"):
                path.unlink(missing_ok=True)


def _filled(parts: Iterable[Tables]) -> Iterator[Tables]:
    """Collect parts until they have as many rows as a file holds."""
    waiting: list[Tables] = []
    n_rows = 0
    for part in parts:
        waiting.append(part)
        n_rows += part[1].num_rows
        if n_rows >= ROWS_PER_FILE:
            yield _joined(waiting)
            waiting, n_rows = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[Tables]) -> Tables:
    return pa.concat_tables([sets for sets, _ in parts]), pa.concat_tables([tracks for _, tracks in parts])


def _write_hidden(path: Path, table: pa.Table) -> None:
    """Write a file under a name that readers pass over, and sync it."""
    with open(path.with_name(f"_{path.name}"), "wb", opener=_private) as file:
        pq.write_table(
            table, file, row_group_size=ROW_GROUP_ROWS, compression="zstd", compression_level=3,
            use_dictionary=REPEATED_COLUMNS, write_page_checksum=True,
        )  # fmt: skip
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def _folder(home: Home, kind: str) -> Path:
    return home.path / "catalogue" / kind


def _file(home: Home, kind: str, stem: str) -> Path:
    return _folder(home, kind) / f"{stem}.parquet"
