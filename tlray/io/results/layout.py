"""The names of the files of parts, below the place of all results; the same in every store.

::

    results/<batch_id>/_staging/<stem>.tracklists.parquet   ->  results/<batch_id>/tracklists/<stem>.parquet
    results/<batch_id>/_staging/<stem>.tracks.parquet       ->  results/<batch_id>/tracks/<stem>.parquet
    results/<batch_id>/_staging/<stem>.warc.gz              ->  archive/<batch_id>/<stem>.warc.gz

The underscore hides staged files from pandas and Arrow.
"""

from __future__ import annotations

import re
from typing import Final

from tlray.io.results.store import PartFile, StoredFile

ROOTS: Final = ("results", "archive")
_STEM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SUFFIXES: Final = {
    PartFile.ARCHIVE: ".warc.gz",
    PartFile.TRACKS: ".parquet",
    PartFile.TRACKLISTS: ".parquet",
}
_STAGED_SUFFIXES: Final = {PartFile.ARCHIVE: ".warc.gz"} | {
    kind: f".{kind}.parquet" for kind in (PartFile.TRACKS, PartFile.TRACKLISTS)
}


def staging_folder(batch_id: str) -> str:
    """Return the folder of a batch's staged files."""
    return f"results/{batch_id}/_staging"


def published_folder(batch_id: str, kind: PartFile) -> str:
    """Return the folder of a batch's published files of one kind."""
    return f"archive/{batch_id}" if kind is PartFile.ARCHIVE else f"results/{batch_id}/{kind}"


def staged(batch_id: str, stem: str, kind: PartFile) -> str:
    """Return where a file is staged."""
    return f"{staging_folder(batch_id)}/{stem}{_STAGED_SUFFIXES[kind]}"


def published(batch_id: str, stem: str, kind: PartFile) -> str:
    """Return where a file is published."""
    return f"{published_folder(batch_id, kind)}/{stem}{_SUFFIXES[kind]}"


def stored_file(
    place: str, n_bytes: int, modified_at: float, *, published_as: PartFile | None
) -> StoredFile | None:
    """Describe a file by its place; ``published_as`` None: it is staged. None if Arrow and pandas pass it over."""
    name = place.rpartition("/")[2]
    if published_as is not None and name.startswith(("_", ".")):
        return None
    suffixes = _STAGED_SUFFIXES if published_as is None else {published_as: _SUFFIXES[published_as]}
    kind = next((kind for kind, suffix in suffixes.items() if name.endswith(suffix)), None)
    stem = None if kind is None else name.removesuffix(suffixes[kind])
    return StoredFile(place, stem, kind or published_as, n_bytes, published_as is not None, modified_at)


def checked(stem: str) -> str:
    """Return a stem that is a safe file name and can be told from its suffix."""
    if not _STEM.fullmatch(stem):
        raise ValueError(f"{stem!r} is no name of a part: letters, digits, - and _")
    return stem
