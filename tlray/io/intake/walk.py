"""The files of a folder and its sub-folders, in a fixed order, in memory that does not grow with their number.

Links are not followed and told; so is what is no regular file, what is hidden, and what cannot be read. The assets that browsers
save beside a "complete page" belong to their page: they are left out without a word.
"""

from __future__ import annotations

import heapq
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tlray.io.intake.members import Refusal

BLOCK_NAMES = 50_000
"""How many names of one folder are in memory."""
_ASSET_SUFFIXES = (
    # browsers and Windows name the folder of a saved page in the user's language
    *(
        "_files",
        ".files",
        "-files",
        "_file",
        "-filer",
        "-Dateien",
        "_fichiers",
        "_bestanden",
        "_archivos",
        "_arquivos",
    ),
    *(
        "_ficheiros",
        "_tiedostot",
        "_pliki",
        "_soubory",
        "_subory",
        "_elemei",
        "_dosyalar",
        "_datoteke",
        "_fitxers",
    ),
    *("_failid", "_fails", "_bylos", "_fajlovi", "_fitxategiak", "_files_"),
)
_PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".xht", ".shtml", ".mht", ".html.gz", ".htm.gz")


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file."""

    path: Path
    position: str
    """Its path below the folder, with ``/``; "" for a file that the user named. Walks resume after it."""
    n_bytes: int


def walk(root: Path, *, after: str = "") -> Iterator[Found | Refusal]:
    """Yield what lies at ``root``, a file or a folder; of a folder what comes after a position."""
    try:
        status = root.stat()
    except OSError as error:
        yield Refusal("", unreadable(error))
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _judged(root, "", status)
        return
    start = after.split("/") if after else []
    folders = [_Folder(root, "", start)]
    while folders:
        folder = folders[-1]
        try:
            name = next(folder.names, None)
        except OSError as error:
            yield Refusal(folder.position, unreadable(error))
            name = None
        if name is None:
            folders.pop()
            continue
        path, position = folder.path / name, f"{folder.position}/{name}".lstrip("/")
        below = folder.start_below(name)
        found = _look(path, position)
        if found is None:
            if not is_assets(name, folder.path):
                folders.append(_Folder(path, position, below or []))
        elif below is None:
            yield found


class _Folder:
    """A folder that is being walked."""

    def __init__(self, path: Path, position: str, after: list[str]) -> None:
        self.path, self.position = path, position
        self._after = after
        self.names = _names(path, after[0] if after else "")

    def start_below(self, name: str) -> list[str] | None:
        """Return what of the start position lies below ``name``; None for a name that comes after it."""
        return self._after[1:] if self._after and name == self._after[0] else None


def _names(folder: Path, first: str) -> Iterator[str]:
    """Yield the names of a folder in order, from ``first`` on, a block of them in memory."""
    last: str | None = None
    while True:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries)
            block = heapq.nsmallest(
                BLOCK_NAMES, (name for name in names if (name >= first if last is None else name > last))
            )
        yield from block
        if len(block) < BLOCK_NAMES:
            return
        last = block[-1]


def _look(path: Path, position: str) -> Found | Refusal | None:
    """Return what lies at a path below the folder; None for a folder."""
    try:
        status = path.lstat()
    except OSError as error:
        return Refusal(position, unreadable(error))
    if stat.S_ISLNK(status.st_mode):
        return Refusal(position, "a symbolic link: links are not followed")
    if path.name.startswith("."):
        return Refusal(position, "hidden: its name begins with a dot")
    return None if stat.S_ISDIR(status.st_mode) else _judged(path, position, status)


def _judged(path: Path, position: str, status: os.stat_result) -> Found | Refusal:
    if not stat.S_ISREG(status.st_mode):
        return Refusal(position, "neither a file nor a folder")
    return Found(path, position, status.st_size)


def is_assets(name: str, folder: Path) -> bool:
    """True if the folder ``name`` holds what a browser saved beside a page."""
    return any((folder / page).is_file() for page in pages_beside(name))


def pages_beside(name: str) -> Iterator[str]:
    """Yield the names that the page of a folder of assets may have; none for a folder that is not named like one."""
    for suffix in _ASSET_SUFFIXES:
        if name.endswith(suffix) and name != suffix:
            yield from (name.removesuffix(suffix) + page for page in _PAGE_SUFFIXES)


def unreadable(error: OSError) -> str:
    """Return the reason for a file or folder that the system does not let us read."""
    return f"cannot be read: {error.strerror or error}"
