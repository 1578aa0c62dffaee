"""The files of a part: where they are, how they become visible, and how they go.

A *part* is what one flush of one lease leaves: up to three files of one stem. It is staged (durable,
invisible to pandas), then named in the journal's manifest, then published. It counts from the moment at which the
manifest names it, staged or published. Every step can be done again after a crash at any point. What stands in the
files is `part_writer.py`'s matter.

Who lists a folder, as pandas does, never sees a row twice: what the manifest does not name any more goes before what
it names instead becomes visible, when parts are merged (`take_the_place`) and after a crash (`recover`). In between a folder
lacks these rows. Who must have them all at any moment reads what the manifest names (`reader.py`).

::

    results/<batch_id>/_staging/<stem>.tracklists.parquet   ->  results/<batch_id>/tracklists/<stem>.parquet
    results/<batch_id>/_staging/<stem>.tracks.parquet       ->  results/<batch_id>/tracks/<stem>.parquet
    results/<batch_id>/_staging/<stem>.warc.gz              ->  archive/<batch_id>/<stem>.warc.gz
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from tlray.errors import CannotFinish
from tlray.io.disk.durable import disk_errors, make_folder, move, sync_folder
from tlray.io.disk.home import Home

_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SUFFIXES = (".parquet", ".warc.gz")


class PartMoved(CannotFinish):
    """A part is not where the manifest had it a moment ago; ask again, and if that does not help it is lost."""

    def __init__(self, stem: str, batch_id: str) -> None:
        super().__init__(stem, batch_id)

    def __str__(self) -> str:
        return f"part {self.args[0]} of batch {self.args[1]} cannot be read; `tlray audit` says more"


class Piece(StrEnum):
    """One of a part's files, in the order of publishing: whoever sees a set finds its tracks."""

    ARCHIVE = "archive"
    TRACKS = "tracks"
    TRACKLISTS = "tracklists"


def publish(home: Home, batch_id: str, *stems: str) -> None:
    """Make committed parts visible; those that are visible already are left as they are.

    CannotFinish names a part that is neither staged nor published, after the others are published.
    """
    lost = []
    with disk_errors(home.path):
        for piece in Piece:
            make_folder(published_file(home, batch_id, "x", piece).parent, below=home.path)
        for stem in stems:
            there = {piece for piece in Piece if _publish_piece(home, batch_id, stem, piece)}
            if not is_whole(there):
                lost.append(stem)
        if stems:
            _sync(_folders(home, batch_id))
    if lost:
        raise CannotFinish(
            f"part {', '.join(lost)} of batch {batch_id} is lost: its files are not in {home.path}"
        )


def take_the_place(home: Home, batch_id: str, old: Collection[str], new: str) -> None:
    """Make a merged part visible in the place of the parts that it is made of; the manifest names it instead of them."""
    retire(home, batch_id, old)
    publish(home, batch_id, new)


def recover(home: Home, batch_id: str, named: Sequence[str]) -> None:
    """Put a batch's files in order after a crash; ``named`` is its manifest, and no lease of it is alive."""
    sweep(home, batch_id, named)
    publish(home, batch_id, *named)


def discard(home: Home, batch_id: str, stem: str) -> None:
    """Remove what is staged of a part, if anything is."""
    with disk_errors(home.path):
        for piece in Piece:
            staged_file(home, batch_id, stem, piece).unlink(missing_ok=True)


def retire(home: Home, batch_id: str, stems: Collection[str]) -> None:
    """Remove parts that the manifest no longer names, staged or published; may be done again."""
    with disk_errors(home.path):
        for stem in stems:
            # the opposite order of publishing: no set without its tracks
            for piece in reversed(Piece):
                published_file(home, batch_id, stem, piece).unlink(missing_ok=True)
            discard(home, batch_id, stem)
        if stems:
            _sync(_folders(home, batch_id))


def sweep(home: Home, batch_id: str, keep: Collection[str]) -> list[str]:
    """Remove every file of a batch's parts whose stem is not in ``keep``; return their stems, sorted.

    ``keep`` is the manifest and the stems of live leases, which may be staging right now.
    """
    kept, removed = set(keep), set()
    with disk_errors(home.path):
        for folder in _folders(home, batch_id):
            for path in list(folder.iterdir()) if folder.is_dir() else []:
                stem = path.name.split(".", 1)[0]
                if stem not in kept and path.name.endswith(_SUFFIXES):
                    path.unlink(missing_ok=True)
                    removed.add(stem)
        if removed:
            _sync(_folders(home, batch_id))
    return sorted(removed - {""})  # "": a copy to another disk that was cut short


def is_whole(there: Collection[Piece]) -> bool:
    """Whether a part may have these pieces: at least one, and both tables or none."""
    return bool(there) and (Piece.TRACKS in there) == (Piece.TRACKLISTS in there)


def staging(home: Home, batch_id: str) -> Path:
    """Where a batch's parts are before they count; the underscore hides it from pandas and Arrow."""
    return home.results(batch_id) / "_staging"


def staged_file(home: Home, batch_id: str, stem: str, piece: Piece) -> Path:
    """Where a piece is staged."""
    suffix = ".warc.gz" if piece is Piece.ARCHIVE else f".{piece}.parquet"
    return staging(home, batch_id) / (_checked(stem) + suffix)


def published_file(home: Home, batch_id: str, stem: str, piece: Piece) -> Path:
    """Where a piece is published."""
    if piece is Piece.ARCHIVE:
        return home.archive(batch_id) / f"{_checked(stem)}.warc.gz"
    return home.results(batch_id) / piece / f"{_checked(stem)}.parquet"


def _folders(home: Home, batch_id: str) -> list[Path]:
    """Return where a batch's files lie, in the opposite order of publishing."""
    published = [published_file(home, batch_id, "x", piece).parent for piece in reversed(Piece)]
    return [*published, staging(home, batch_id)]


def _sync(folders: Iterable[Path]) -> None:
    for folder in folders:
        if folder.is_dir():
            sync_folder(folder)


def _publish_piece(home: Home, batch_id: str, stem: str, piece: Piece) -> bool:
    """Publish one piece if it is staged; return whether it is published now."""
    target = published_file(home, batch_id, stem, piece)
    try:
        move(staged_file(home, batch_id, stem, piece), target)
    except FileNotFoundError:
        return target.exists()
    return True


def _checked(stem: str) -> str:
    """Return a stem that is a safe file name and can be told from its suffix."""
    if not _STEM.fullmatch(stem):
        raise ValueError(f"{stem!r} is no name of a part: letters, digits, - and _")
    return stem
